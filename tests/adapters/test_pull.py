"""Pulling through a real HTTP server on loopback."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from edge.adapters.manifest import ModelEntry
from edge.adapters.pull import pull
from edge.errors import ModelError

CONTENT = bytes(range(256)) * 1024  # 256 KiB: several blocks
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def entry(**known: Any) -> ModelEntry:
    return ModelEntry(**({"name": "tiny", "file": "tiny.onnx", "sha256": SHA256} | known))


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
    assert (tmp_path / "tiny.onnx").read_bytes() == CONTENT


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
        pull(entry(name="tinier", file="tinier.onnx", sha256="1" * 64), tmp_path, mirror=str(folder))


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
