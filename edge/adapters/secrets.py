"""Reads a secret from the place that the configuration names. It knows places only, and prints no secret.

Values go to the library that needs them and nowhere else. A file that others may read works too (systemd credentials
and mounted secrets differ in their modes); docs/operations says how to protect it.
"""

from __future__ import annotations

import os
from pathlib import Path

from edge.config import SecretRef
from edge.errors import ConfigError

_MAX_BYTES = 10_000


def resolve(ref: SecretRef) -> str:
    """The secret that `ref` points to, without the newline at its end.

    Raises:
        ConfigError: It is not there, empty, too long, not UTF-8, or cannot be read; the text names the place alone.
    """
    ((kind, name),) = ref.place().items()
    if kind == "env":
        secret = _of_environment(ref, name)
    elif kind == "file":
        secret = _of_file(ref, Path(name))
    else:
        secret = _of_file(ref, _credentials_directory(ref) / name)
    if any("\ud800" <= character <= "\udfff" for character in secret):
        raise ConfigError(f"secret {ref}: expected UTF-8, found other bytes")
    secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigError(f"secret {ref}: expected a value, found it empty")
    return secret


def _text(stored: bytes) -> str:
    """Wrong bytes become surrogates, because the exception of a strict decoder would hold the secret."""
    return stored.decode(errors="surrogateescape")


def _of_environment(ref: SecretRef, name: str) -> str:
    if name not in os.environ:
        raise ConfigError(f"secret {ref}: the environment variable is not set")
    return _text(os.environb[name.encode()])


def _credentials_directory(ref: SecretRef) -> Path:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise ConfigError(f"secret {ref}: $CREDENTIALS_DIRECTORY is not set; systemd sets it for LoadCredential=")
    return Path(directory)


def _of_file(ref: SecretRef, path: Path) -> str:
    try:
        with path.open("rb") as file:
            stored = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"secret {ref}: cannot read {path}: {error.strerror}") from None
    if len(stored) > _MAX_BYTES:
        raise ConfigError(f"secret {ref}: expected at most {_MAX_BYTES} bytes, found a longer file")
    return _text(stored)
