"""install.sh below a folder of its own: what it lays out, leaves alone and removes.

Fetching packages is left out of most tests: in their place stands a Python whose `venv` and `pip` only take notes,
and whose `edge` is that of this checkout. EDGE_TEST_INSTALL=1 runs the whole thing, which needs the network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT, scene

SCRIPT = ROOT / "systemd" / "install.sh"
STUB = """\
#!/bin/sh
case "$1 $2" in
    "-m venv") mkdir -p "$3/bin" "$3/lib"; cp "$0" "$3/bin/python"; echo "venv $3" >>NOTES ;;
    "-m pip")
        echo "$*" >>NOTES
        printf '#!/bin/sh\\nexec PYTHON -m edge "$@"\\n' >"$(dirname "$0")/edge"; chmod +x "$(dirname "$0")/edge" ;;
    *) exec PYTHON "$@" ;;
esac
"""


class Box:
    """A root folder with what somebody did to it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.notes = folder / "notes"
        self.python = folder / "python3"
        self.python.write_text(STUB.replace("NOTES", str(self.notes)).replace("PYTHON", sys.executable))
        self.python.chmod(0o755)
        self.etc, self.app = self.root / "etc/edge", self.root / "opt/edge"
        self.units = self.root / "etc/systemd/system"

    def run(self, *arguments: str, python: str | None = None) -> str:
        environment = {**os.environ, "PYTHON": python or str(self.python), "PYTHONPATH": str(ROOT)}
        command = [str(SCRIPT), "--root", str(self.root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def files(self) -> dict[str, tuple[int, bytes]]:
        return {
            str(path.relative_to(self.root)): (path.stat().st_mode & 0o777, path.read_bytes())
            for path in self.root.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """With a configuration that `edge doctor` can look at in a second."""
    made = Box(tmp_path)
    made.etc.mkdir(parents=True)
    shutil.copyfile(scene(tmp_path, seconds=2.0), made.etc / "config.yaml")
    return made


def test_the_script_is_clean() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not here; install it with: sudo apt-get install shellcheck")
    done = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_it_lays_out_program_configuration_and_units_and_asks_the_doctor(box: Box) -> None:
    said = box.run()
    assert (box.units / "edge@.service").read_bytes() == (ROOT / "systemd/edge@.service").read_bytes()
    assert (box.etc / "secrets").stat().st_mode & 0o777 == 0o700
    notes = box.notes.read_text()
    assert notes.index("--require-hashes") < notes.index("--no-build-isolation")
    assert "== edge doctor: entrance" in said
    assert "model.file" in said
    assert "systemctl enable --now edge@entrance" in said
    assert not (box.units / "edge@entrance.service.d").exists(), "no camera at /dev"


def test_without_a_configuration_the_example_is_laid_out(tmp_path: Path) -> None:
    box = Box(tmp_path)
    said = box.run()
    assert (box.etc / "config.yaml").read_bytes() == (ROOT / "config.yaml").read_bytes()
    assert "== entrance cannot count yet" in said


def test_a_second_time_changes_nothing_and_keeps_books_configuration_secrets_and_models(box: Box) -> None:
    box.run()
    kept = {"var/lib/edge/entrance/entrance.db": "books", "etc/edge/secrets/mqtt": "s3cret"}
    kept |= {
        "opt/edge/share/models/own.onnx": "weights",
        "etc/systemd/system/edge@entrance.service.d/mine.conf": "[Service]\n",
    }
    for path, text in kept.items():
        (box.root / path).parent.mkdir(parents=True, exist_ok=True)
        (box.root / path).write_text(text)
    box.run()
    before = box.files()
    box.run()
    assert box.files() == before
    assert box.notes.read_text().count("venv ") == 1
    for path, text in kept.items():
        assert before[path][1].decode() == text
    drop_in = box.units / "edge@.service.d" / "credentials.conf"
    assert drop_in.read_text() == "[Service]\nLoadCredential=mqtt:/etc/edge/secrets/mqtt\n"
    assert "s3cret" not in drop_in.read_text()

    box.run("uninstall")
    after = box.files()
    for path, text in kept.items():
        assert after[path][1].decode() == text
    assert set(after) == {*kept, "etc/edge/config.yaml"}


def test_a_box_whose_python_is_gone_is_mended(box: Box) -> None:
    box.run()
    (box.app / "bin/python").unlink()
    box.run()
    assert box.notes.read_text().count("venv ") == 2


def test_a_camera_at_a_device_gets_its_drop_in_and_loses_it_again(box: Box) -> None:
    config = box.etc / "config.yaml"
    text = config.read_text()
    source = next(line for line in text.splitlines() if "source:" in line)
    config.write_text(text.replace(source, "    source: /dev/video7"))
    drop_in = box.units / "edge@entrance.service.d/camera-device.conf"
    box.run()
    assert drop_in.read_bytes() == (ROOT / "systemd/camera-device.conf").read_bytes()
    config.write_text(text)
    box.run()
    assert not drop_in.exists()


def test_a_wrong_word_ends_with_the_usage() -> None:
    done = subprocess.run([str(SCRIPT), "--dir", "/x"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--root DIR" in done.stderr


def test_the_whole_thing(box: Box) -> None:
    if os.environ.get("EDGE_TEST_INSTALL") != "1":
        pytest.skip("EDGE_TEST_INSTALL=1 installs all packages below a folder: minutes, and the network")
    said = box.run(python="/usr/bin/python3")
    assert "model.speed" in said
    version = subprocess.run(
        [str(box.app / "bin/edge"), "--version"], capture_output=True, text=True, cwd="/", check=True
    )
    assert version.stdout.strip()
    assert not (ROOT / "build").exists()
