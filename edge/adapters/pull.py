"""Fetches a model file: by its address or from a mirror, with its hash checked, going on where a cut download stopped.

Knows HTTP and files; what the models are, manifest.py knows.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from edge.errors import ModelError

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have arrived and, when known, the bytes of the whole file."""

_CHUNK = 1 << 16
_TIMEOUT_S = 30.0


class Wanted(Protocol):
    """What has to be known of a model file to fetch it; an entry of the manifest knows it."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def file(self) -> str: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def url(self) -> str | None: ...  # noqa: D102


def pull(model: Wanted, target_dir: Path, mirror: str | None = None, progress: Progress | None = None) -> Path:
    """Fetches a model file, unless the right one is there; a download that was cut goes on where it stopped.

    Args:
        model: What to fetch.
        target_dir: The folder for it, made when it is not there.
        mirror: A folder, or an http(s) or file address of one, to be asked instead of `model.url`; None:
            $EDGE_MODELS_MIRROR, if set.
        progress: Told of every block that arrives.

    Raises:
        ModelError: No address is known, nothing is there, the connection broke, or the file is not the right one.
    """
    target, part = target_dir / model.file, target_dir / f"{model.file}.part"
    if target.is_file() and _digest(target).hexdigest() == model.sha256:
        return target
    source = _source(model, mirror or os.environ.get("EDGE_MODELS_MIRROR"))
    shown = f"model {model.name} from {_without_secrets(source)}"
    try:
        target_dir.mkdir(parents=True, exist_ok=True)
        found = _fetch(source, part, progress)
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelError(f"{shown}: expected a file, got HTTP {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        kept = part.stat().st_size if part.is_file() else 0
        advice = f"; {kept} bytes are kept, run again to go on" if kept else ""
        raise ModelError(f"{shown}: expected the whole file, got: {_reason(error)}{advice}") from None
    if found != model.sha256:
        part.unlink()
        raise ModelError(f"{shown}: expected sha256 {model.sha256}, got {found}; what came was deleted")
    part.replace(target)
    return target


def _digest(path: Path) -> hashlib._Hash:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest


def _source(model: Wanted, mirror: str | None) -> Path | str:
    """The file to copy or the address to fetch."""
    if mirror is None:
        if model.url is None:
            raise ModelError(
                f"model {model.name}: expected an address to fetch it from, got none in the manifest; put {model.file} "
                f"({model.source}) into a folder and name that in EDGE_MODELS_DIR or EDGE_MODELS_MIRROR"
            )
        return model.url
    try:
        parts = urllib.parse.urlsplit(mirror)
    except ValueError:
        raise ModelError("mirror: expected a folder or an http(s) or file address, got neither") from None
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path)) / model.file
    if parts.scheme not in ("http", "https"):
        return Path(mirror).expanduser() / model.file
    if "@" in parts.netloc:
        raise ModelError("mirror: expected an address without user and password")
    return parts._replace(path=f"{parts.path.rstrip('/')}/{urllib.parse.quote(model.file)}").geturl()


def _without_secrets(source: Path | str) -> str:
    """A source as it may be shown: signed addresses keep their key in the query."""
    return str(source) if isinstance(source, Path) else urllib.parse.urlsplit(source)._replace(query="").geturl()


class _FewRedirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5


def _open(source: Path | str, offset: int) -> tuple[IO[bytes], int, int | None]:
    """The bytes of a source: the stream, the offset that it really starts at, and the length of the whole."""
    if isinstance(source, Path):
        return source.open("rb"), 0, source.stat().st_size
    headers = {"User-Agent": "edge-people-counter"} | ({"Range": f"bytes={offset}-"} if offset else {})
    request = urllib.request.Request(source, headers=headers)  # noqa: S310 - http and https only, see _source
    try:
        response = urllib.request.build_opener(_FewRedirects).open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if not offset or error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        return _open(source, 0)
    start = offset if response.status == http.HTTPStatus.PARTIAL_CONTENT else 0
    length = response.headers.get("Content-Length")
    return response, start, start + int(length) if length else None


def _fetch(source: Path | str, part: Path, progress: Progress | None) -> str:
    """Brings `part` up to the whole file; its hash."""
    stream, done, total = _open(source, part.stat().st_size if part.is_file() else 0)
    with stream, part.open("ab" if done else "wb") as file:
        digest = _digest(part)
        while block := stream.read(_CHUNK):
            file.write(block)
            digest.update(block)
            done += len(block)
            if progress:
                progress(done, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done < total:
        raise ConnectionError(f"{done} of {total} bytes")
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return getattr(reason, "strerror", None) or str(reason) or type(error).__name__
