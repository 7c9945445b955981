import os
from pathlib import Path

import pytest

from edge.adapters.secrets import resolve
from edge.config import SecretRef
from edge.errors import ConfigError

SECRET = "hunter2-S3cret"


def refused(ref: SecretRef) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve(ref)
    text = str(caught.value)
    assert str(ref) in text
    assert SECRET not in text
    assert SECRET not in repr(caught.value.__context__)
    return text


@pytest.mark.parametrize(
    ("stored", "secret"),
    [
        (SECRET, SECRET),
        (SECRET + "\n", SECRET),
        (SECRET + "\r\n", SECRET),
        (SECRET + " \n\n", SECRET + " \n"),
        ("Grüße 世界", "Grüße 世界"),
    ],
)
def test_a_file_without_the_newline_at_its_end(tmp_path: Path, stored: str, secret: str) -> None:
    path = tmp_path / "pw"
    path.write_bytes(stored.encode())
    assert resolve(SecretRef(file=str(path))) == secret


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_PW", SECRET)
    assert resolve(SecretRef(env="CAMERA_PW")) == SECRET


def test_a_systemd_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "camera").write_text(SECRET)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert resolve(SecretRef(credential="camera")) == SECRET


def test_a_file_that_others_may_read_works(tmp_path: Path) -> None:
    path = tmp_path / "pw"
    path.write_text(SECRET)
    path.chmod(0o644)
    assert resolve(SecretRef(file=str(path))) == SECRET


@pytest.mark.parametrize("name", ["MISSING", "EMPTY", "NEWLINE", "LATIN1"])
def test_an_environment_variable_that_cannot_be_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MISSING", raising=False)
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("NEWLINE", "\n")
    monkeypatch.setenv("LATIN1", os.fsdecode(SECRET.encode() + b"\xff"))
    expected = {"MISSING": "is not set", "LATIN1": "expected UTF-8"}.get(name, "found it empty")
    assert expected in refused(SecretRef(env=name))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file"),
        (b"", "found it empty"),
        (b"\n", "found it empty"),
        (SECRET.encode() + b"\xff", "expected UTF-8"),
        (SECRET.encode() * 1000, "expected at most 10000 bytes"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "pw"
    if content is not None:
        path.write_bytes(content)
    assert problem in refused(SecretRef(file=str(path)))


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    assert "Is a directory" in refused(SecretRef(file=str(tmp_path)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "pw"
    path.write_text(SECRET)
    path.chmod(0)
    assert "Permission denied" in refused(SecretRef(file=str(path)))


def test_a_credential_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert "$CREDENTIALS_DIRECTORY is not set" in refused(SecretRef(credential="camera"))
