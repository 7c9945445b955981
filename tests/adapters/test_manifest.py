"""The manifest on real files."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.manifest import (
    ModelEntry,
    cache_dir,
    list_models,
    load_manifest,
    resolve,
    search_path,
)
from edge.core.model_facts import InputSize
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
