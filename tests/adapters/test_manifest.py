"""The manifest on real files, and pulling through a real HTTP server on loopback."""

import hashlib
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.manifest import (
    ModelEntry,
    cache_dir,
    list_models,
    load_manifest,
    pull,
    resolve,
    search_path,
    sha256_of,
)
from edge.core.layouts import InputSize
from edge.errors import ModelError
from tests.assets import asset

ROOT = Path(__file__).parents[2]
CONTENT = bytes(range(256)) * 1024  # 256 KiB: several blocks
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def entry(**known: Any) -> ModelEntry:
    return ModelEntry(**({"name": "tiny", "file": "tiny.onnx", "sha256": SHA256} | known))


ENTRIES = {"tiny": entry(), "tinier": entry(name="tinier", file="tinier.onnx", sha256="1" * 64)}


# The project's own manifest


def test_every_entry_of_the_project_states_what_is_needed_to_use_and_to_trust_it():
    entries = load_manifest()
    assert "yolox_nano_416" in entries
    for name, found in entries.items():
        assert found.name == name
        assert found.licence
        assert found.source
        assert None not in (found.layout, found.input, found.colour, found.scale)


def test_the_real_network_is_known_by_its_hash_under_any_path():
    model = resolve(str(asset("models/yolox_nano_416.onnx")))
    assert model.entry.name == "yolox_nano_416"
    assert (model.entry.layout, model.entry.input) == ("yolox", InputSize(416, 416))
    assert model.sha256 == model.entry.sha256


def test_the_manifest_travels_with_the_packages_not_with_the_checkout(tmp_path):
    site = tmp_path / "site"
    for package in ("edge", "models"):
        for file in (ROOT / package).rglob("*"):
            if file.suffix in (".py", ".yaml"):
                target = site / file.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    code = "from edge.adapters import manifest; print(manifest.search_path()[0], *manifest.load_manifest())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == [str(site / "models"), *load_manifest()]


# Reading a manifest


def test_a_manifest_is_read_into_entries(tmp_path):
    path = tmp_path / "manifest.yaml"
    path.write_text(
        f"version: 1\nmodels:\n  a:\n    file: a.onnx\n    sha256: '{SHA256}'\n    layout: yolov8\n"
        "    input: {height: 384, width: 640}\n    scale: 255\n    person_class: 3\n"
    )
    expected = entry(name="a", file="a.onnx", layout="yolov8", input=InputSize(384, 640), scale=255.0, person_class=3)
    assert load_manifest(path) == {"a": expected}


GOOD = f"version: 1\nmodels:\n  a:\n    file: a.onnx\n    sha256: '{SHA256}'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "expected a mapping, got list"),
        ("version: 2\nmodels: {}", r"expected 'version: 1' and a mapping 'models'"),
        ("version: 1\nmodels: [a]", r"expected 'version: 1' and a mapping 'models'"),
        ("version: 1\nmodels: {a: 3}", "a: expected a mapping, got int"),
        ("version: 1\nmodels:\n  a: {}", "a: sha256: Field required; file: Field required$"),
        (GOOD + "    layuot: yolox\n", "a: layuot: .*'yolox'"),
        (GOOD + "    layout: yolo\n", "a: layout: .*'yolox_decoded'.*, got 'yolo'"),
        (GOOD + "    input: {height: 400, width: 416}\n", "a: input: .*height of 32 to 4096 .*, got 400"),
        (GOOD + "    scale: 128\n", "a: expected a scale of 1 or 255, got 128"),
        (GOOD + "    url: ftp://host/a.onnx\n", "a: url: .*got 'ftp://host/a.onnx'"),
        (GOOD.replace("a.onnx", "../a.onnx"), r"a: file: .*got '\.\./a\.onnx'"),
        (GOOD + GOOD[11:], "line 6: .*duplicate key"),
        ("version: [", "expected YAML, got: line "),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_place(tmp_path, text, message):
    path = tmp_path / "manifest.yaml"
    path.write_text(text)
    with pytest.raises(ModelError, match=message) as caught:
        load_manifest(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_manifest_that_is_missing_or_not_text_is_refused(tmp_path):
    with pytest.raises(ModelError, match="expected a readable YAML file, got: No such file"):
        load_manifest(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="expected a readable YAML file, got: "):
        load_manifest(tmp_path / "binary.yaml")


# Finding


def test_names_are_looked_up_in_the_chosen_folder_the_project_and_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGE_MODELS_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert search_path() == (tmp_path / "mine", ROOT / "models", tmp_path / "cache/edge/models")
    monkeypatch.delenv("EDGE_MODELS_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert search_path() == (ROOT / "models", tmp_path / ".cache/edge/models")
    assert cache_dir() == tmp_path / ".cache/edge/models"


def test_the_first_folder_that_has_the_file_wins(tmp_path):
    for folder in ("b", "c"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tiny.onnx").write_bytes(CONTENT)
    search = [tmp_path / folder for folder in "abc"]
    model = resolve("tiny", search, ENTRIES)
    assert (model.path, model.entry, model.sha256) == (tmp_path / "b/tiny.onnx", ENTRIES["tiny"], SHA256)


def test_a_name_that_no_folder_has_tells_where_it_looked_and_how_to_get_it(tmp_path):
    search = [tmp_path / "a", tmp_path / "b"]
    expected = rf"tiny\.onnx in {tmp_path}/a, {tmp_path}/b; found none\. Get it: edge models pull tiny$"
    with pytest.raises(ModelError, match=expected):
        resolve("tiny", search, ENTRIES)


def test_an_unknown_name_gets_the_near_one(tmp_path):
    with pytest.raises(ModelError, match="out of tiny, tinier, or a path, got 'tinyer'; did you mean 'tinier'"):
        resolve("tinyer", [tmp_path], ENTRIES)
    with pytest.raises(ModelError, match=r"got 'zebra'$"):
        resolve("zebra", [tmp_path], ENTRIES)


def test_a_file_that_was_altered_is_refused_with_both_hashes(tmp_path):
    (tmp_path / "tiny.onnx").write_bytes(b"other")
    other = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(ModelError, match=f"expected sha256 {SHA256} of model tiny, got {other}"):
        resolve("tiny", [tmp_path], ENTRIES)


def test_a_path_is_known_by_hash_then_by_sidecar_then_by_nothing(tmp_path):
    known, own = tmp_path / "renamed.onnx", tmp_path / "our shop (v2).onnx"
    known.write_bytes(CONTENT)
    own.write_bytes(b"ours")
    found = hashlib.sha256(b"ours").hexdigest()
    assert resolve(str(known), [], ENTRIES).entry == ENTRIES["tiny"]

    bare = resolve(str(own), [], ENTRIES)
    assert (bare.path, bare.entry.file, bare.entry.sha256, bare.sha256) == (own, own.name, found, found)
    assert bare.entry.name == "our-shop-v2"  # as the wire allows
    assert (bare.entry.layout, bare.entry.colour, bare.entry.scale) == (None, None, None)

    sidecar = tmp_path / "our shop (v2).onnx.yaml"
    sidecar.write_text("layout: yolox_decoded\nperson_class: 4\nname: ours\n")
    described = resolve(str(own), [], ENTRIES)
    assert (described.entry.name, described.entry.layout, described.entry.person_class) == ("ours", "yolox_decoded", 4)

    sidecar.write_text("layout: yolox_decodde\n")
    with pytest.raises(ModelError, match=re.escape(f"{sidecar}: layout: ") + ".*got 'yolox_decodde'"):
        resolve(str(own), [], ENTRIES)
    sidecar.write_text(f"sha256: '{SHA256}'\n")
    with pytest.raises(ModelError, match=f"expected sha256 {SHA256} of our shop .*, got {found}"):
        resolve(str(own), [], ENTRIES)


def test_a_path_without_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for missing in ("none.onnx", "./tiny", str(tmp_path / "folder/none.engine")):
        with pytest.raises(ModelError, match=r"expected a readable model file, got: No such file"):
            resolve(missing, [], ENTRIES)


def test_the_list_shows_what_is_there_missing_and_altered(tmp_path):
    entries = ENTRIES | {"third": entry(name="third", file="third.onnx")}
    (tmp_path / "tiny.onnx").write_bytes(CONTENT)
    (tmp_path / "third.onnx").write_bytes(b"other")
    stored = list_models([tmp_path], entries)
    assert [(one.entry.name, one.state) for one in stored] == [
        ("tiny", "ok"),
        ("tinier", "missing"),
        ("third", "altered"),
    ]
    assert (stored[1].path, stored[1].sha256) == (None, None)
    assert (stored[0].path, stored[0].sha256) == (tmp_path / "tiny.onnx", SHA256)


# Pulling


class Mirror(BaseHTTPRequestHandler):
    """Serves CONTENT at /tiny.onnx, in ways that the other paths name."""

    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.asked.append((self.path, asked))
        kind = self.path.split("?")[0].strip("/").split("/")[0]
        if kind == "loop":
            self._redirect(self.path + "x")
        elif kind == "moved":
            self._redirect("/tiny.onnx")
        elif kind == "none":
            self.send_error(404)
        else:
            self._send(kind, int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0)

    def _redirect(self, path: str) -> None:
        self.send_response(302)
        self.send_header("Location", path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, kind: str, start: int) -> None:
        if start >= len(CONTENT):
            self.send_error(416)
            return
        if kind == "norange":
            start = 0
        content = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if kind == "cut":
            content = content[:100_000]
        if kind == "wrong":
            content = b"?" * len(content)
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        pass


@pytest.fixture
def mirror() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Base address of a running mirror, and what it was asked for: (path, Range)."""
    asked: list[tuple[str, str | None]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mirror", (Mirror,), {"asked": asked}))
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_outside(monkeypatch):
    for name in ("EDGE_MODELS_MIRROR", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_model_is_pulled_from_its_address_once_with_progress(tmp_path, mirror):
    base, asked = mirror
    steps: list[tuple[int, int | None]] = []
    wanted = entry(url=f"{base}/tiny.onnx")
    target = pull(wanted, tmp_path / "new/folder", progress=lambda done, total: steps.append((done, total)))
    assert target == tmp_path / "new/folder/tiny.onnx"
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["tiny.onnx"]
    assert steps == sorted(steps)
    assert len(steps) > 1
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert pull(wanted, target.parent) == target
    assert asked == [("/tiny.onnx", None)]


def test_an_altered_file_is_replaced(tmp_path, mirror):
    (tmp_path / "tiny.onnx").write_bytes(b"old")
    pull(entry(url=f"{mirror[0]}/tiny.onnx"), tmp_path)
    assert sha256_of(tmp_path / "tiny.onnx") == SHA256


def test_a_mirror_is_asked_instead_of_the_address(tmp_path, mirror, monkeypatch):
    base, asked = mirror
    nowhere = entry(url="http://127.0.0.1:9/tiny.onnx")
    pull(nowhere, tmp_path / "a", mirror=f"{base}/models/?key=abc")
    monkeypatch.setenv("EDGE_MODELS_MIRROR", f"{base}/other")
    pull(nowhere, tmp_path / "b")
    assert asked == [("/models/tiny.onnx?key=abc", None), ("/other/tiny.onnx", None)]


def test_a_mirror_can_be_a_folder_or_its_address(tmp_path):
    folder = tmp_path / "a mirror"
    folder.mkdir()
    (folder / "tiny.onnx").write_bytes(CONTENT)
    for index, source in enumerate((str(folder), folder.as_uri())):
        assert pull(entry(), tmp_path / str(index), mirror=source).read_bytes() == CONTENT
    with pytest.raises(ModelError, match=r"tinier\.onnx: expected the whole file, got: No such file or directory$"):
        pull(ENTRIES["tinier"], tmp_path, mirror=str(folder))


@pytest.mark.parametrize(("kind", "second"), [("cut", "bytes=100000-"), ("norange", "bytes=100000-")])
def test_a_download_that_was_cut_goes_on_where_it_stopped(tmp_path, mirror, kind, second):
    base, asked = mirror
    with pytest.raises(ModelError, match=r"expected the whole file, got: .*100000 bytes are kept, run again"):
        pull(entry(url=f"{base}/cut/tiny.onnx"), tmp_path)
    assert (tmp_path / "tiny.onnx.part").stat().st_size == 100_000
    steps: list[tuple[int, int | None]] = []
    again = entry(url=f"{base}/tiny.onnx" if kind == "cut" else f"{base}/norange/tiny.onnx")
    pull(again, tmp_path, progress=lambda done, total: steps.append((done, total)))
    assert (tmp_path / "tiny.onnx").read_bytes() == CONTENT
    assert asked[1][1] == second
    assert (steps[0][0] > 100_000) == (kind == "cut")  # a server without ranges starts again
    assert steps[-1] == (len(CONTENT), len(CONTENT))


def test_a_part_that_is_longer_than_the_file_is_fetched_anew(tmp_path, mirror):
    base, asked = mirror
    (tmp_path / "tiny.onnx.part").write_bytes(CONTENT + b"!")
    pull(entry(url=f"{base}/tiny.onnx"), tmp_path)
    assert (tmp_path / "tiny.onnx").read_bytes() == CONTENT
    assert [one for _, one in asked] == [f"bytes={len(CONTENT) + 1}-", None]


def test_what_is_not_the_right_file_is_deleted(tmp_path, mirror):
    wrong = hashlib.sha256(b"?" * len(CONTENT)).hexdigest()
    with pytest.raises(ModelError, match=f"expected sha256 {SHA256}, got {wrong}; what came was deleted"):
        pull(entry(url=f"{mirror[0]}/wrong/tiny.onnx"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_redirects_are_followed_a_few_times(tmp_path, mirror):
    base, asked = mirror
    pull(entry(url=f"{base}/moved/tiny.onnx"), tmp_path / "a")
    assert (tmp_path / "a/tiny.onnx").read_bytes() == CONTENT
    asked.clear()
    with pytest.raises(ModelError, match="HTTP 302"):
        pull(entry(url=f"{base}/loop/tiny.onnx"), tmp_path / "b")
    assert len(asked) <= 6
    assert not (tmp_path / "b/tiny.onnx.part").exists()


def test_a_file_that_is_not_there_is_told_with_its_address_but_not_its_key(tmp_path, mirror):
    with pytest.raises(ModelError) as caught:
        pull(entry(), tmp_path, mirror=f"{mirror[0]}/none?key=hunter2")
    assert str(caught.value) == f"model tiny from {mirror[0]}/none/tiny.onnx: expected a file, got HTTP 404 Not Found"


def test_a_host_that_does_not_answer_is_told(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(
            ModelError, match=f"127.0.0.1:{port}/tiny.onnx: expected the whole file, got: Connection refused$"
        ):
            pull(entry(url=f"http://127.0.0.1:{port}/tiny.onnx"), tmp_path)


def test_a_model_without_an_address_tells_what_to_do(tmp_path):
    with pytest.raises(ModelError, match=r"got none in the manifest; put tiny\.onnx .* EDGE_MODELS_MIRROR"):
        pull(entry(), tmp_path)


@pytest.mark.parametrize("address", ["https://me:hunter2@host/x", "http://me:hunter2@[host", "http://host:hunter2/x"])
def test_a_password_in_the_address_of_a_mirror_is_refused_and_not_shown(tmp_path, address):
    with pytest.raises(ModelError) as caught:
        pull(entry(), tmp_path, mirror=address)
    if "me:" in address:
        assert "hunter2" not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_told(tmp_path, mirror):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"expected the whole file, got: (Not a directory|File exists)"):
        pull(entry(url=f"{mirror[0]}/tiny.onnx"), tmp_path / "file")
