"""Which model files exist, where they lie, whether they are the right ones, and how to get them.

Owns models/manifest.yaml, sidecar files, the folders that are searched, hashing and downloading. It never opens a
network: whether a file is what its entry says, the detector finds out.
"""

from __future__ import annotations

import difflib
import hashlib
import http.client
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from edge.core.layouts import ModelFacts
from edge.errors import ModelError

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have arrived and, when known, the bytes of the whole file."""

_CHUNK = 1 << 16
_TIMEOUT_S = 30.0


@validated(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class ModelEntry(ModelFacts):
    """A model file: the facts that a detector needs, and where the file comes from.

    Attributes:
        file: Name of the file, without folders.
        licence: SPDX name of the licence of the weights; empty: not stated.
        source: Where the file was published, in words; empty: not stated.
        url: What `pull` fetches; None: only a mirror has it.
    """

    file: Annotated[str, Field(pattern=r"^[^/\\]+$")]
    licence: str = ""
    source: str = ""
    url: Annotated[str, Field(pattern=r"^https?://")] | None = None


@dataclass(frozen=True)
class ResolvedModel:
    """A model file that is there; `entry.sha256` is the hash of this file, repeated as `sha256`."""

    path: Path
    entry: ModelEntry
    sha256: str


@dataclass(frozen=True)
class StoredModel:
    """What the folders hold of one entry; path and sha256 (as found) are None when they hold nothing."""

    entry: ModelEntry
    path: Path | None
    sha256: str | None

    @property
    def state(self) -> Literal["ok", "missing", "altered"]:
        """Whether the file is there, and the one that the manifest means."""
        if self.path is None:
            return "missing"
        return "ok" if self.sha256 == self.entry.sha256 else "altered"


def load_manifest(path: Path | None = None) -> dict[str, ModelEntry]:
    """The entries by name.

    Args:
        path: Of a manifest; None: the one of this project, in a source checkout and in an installed wheel.

    Raises:
        ModelError: It cannot be read, or an entry is wrong.
    """
    path = path or _own_folder() / "manifest.yaml"
    document = _read_yaml(path)
    models = document.get("models")
    if document.get("version") != 1 or not isinstance(models, dict):
        raise ModelError(f"{path}: expected 'version: 1' and a mapping 'models', got {sorted(map(str, document))}")
    return {str(name): _entry(f"{path}: {name}", {"name": name}, facts) for name, facts in models.items()}


def search_path() -> tuple[Path, ...]:
    """Where model files are looked for: $EDGE_MODELS_DIR, the project's models/, the user's cache."""
    chosen = os.environ.get("EDGE_MODELS_DIR")
    return (*([Path(chosen)] if chosen else []), _own_folder(), cache_dir())


def cache_dir() -> Path:
    """Where pulled models are kept: edge/models in $XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "edge" / "models"


def resolve(
    name_or_path: str, search: Sequence[Path] | None = None, entries: Mapping[str, ModelEntry] | None = None
) -> ResolvedModel:
    """The model file that a name of the manifest, or a path, stands for.

    A file that the manifest knows by its hash takes its facts from there, under whatever path; another one takes them
    from the sidecar FILE.yaml beside it; without one, its layout is left open for the detector to infer.

    Args:
        name_or_path: A name of the manifest; else a path, when it has a suffix or a separator.
        search: Folders for names, first hit wins; None: `search_path`.
        entries: The manifest; None: the project's.

    Raises:
        ModelError: Unknown name, no such file, an unreadable sidecar, or a hash that is not the declared one.
    """
    entries = load_manifest() if entries is None else entries
    search = search_path() if search is None else search
    if name_or_path in entries:
        return _resolve_name(entries[name_or_path], search)
    path = Path(name_or_path).expanduser()
    if path.suffix or os.sep in name_or_path:
        return _resolve_path(path, entries)
    near = difflib.get_close_matches(name_or_path, entries, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ModelError(f"expected a model out of {', '.join(entries)}, or a path, got {name_or_path!r}{hint}")


def list_models(
    search: Sequence[Path] | None = None, entries: Mapping[str, ModelEntry] | None = None
) -> tuple[StoredModel, ...]:
    """Every entry with the file that `resolve` would take for it, hashed.

    Raises:
        ModelError: The manifest or a file cannot be read.
    """
    entries = load_manifest() if entries is None else entries
    search = search_path() if search is None else search
    found = [(entry, _find(entry.file, search)) for entry in entries.values()]
    return tuple(StoredModel(entry, path, sha256_of(path) if path else None) for entry, path in found)


def pull(entry: ModelEntry, target_dir: Path, mirror: str | None = None, progress: Progress | None = None) -> Path:
    """Fetches a model file, unless the right one is there; a download that was cut goes on where it stopped.

    Args:
        entry: What to fetch.
        target_dir: The folder for it, made when it is not there.
        mirror: A folder, or an http(s) or file address of one, to be asked instead of `entry.url`; None:
            $EDGE_MODELS_MIRROR, if set.
        progress: Told of every block that arrives.

    Raises:
        ModelError: No address is known, nothing is there, the connection broke, or the file is not the right one.
    """
    target, part = target_dir / entry.file, target_dir / f"{entry.file}.part"
    if target.is_file() and sha256_of(target) == entry.sha256:
        return target
    source = _source(entry, mirror or os.environ.get("EDGE_MODELS_MIRROR"))
    shown = f"model {entry.name} from {_without_secrets(source)}"
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
    if found != entry.sha256:
        part.unlink()
        raise ModelError(f"{shown}: expected sha256 {entry.sha256}, got {found}; what came was deleted")
    part.replace(target)
    return target


def sha256_of(path: Path) -> str:
    """The hash of a file, in lower case.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        return _digest(path).hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: expected a readable model file, got: {_reason(error)}") from None


def _digest(path: Path) -> hashlib._Hash:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest


def _own_folder() -> Path:
    return Path(str(resources.files("models")))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: expected a readable YAML file, got: {_reason(error)}") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise ModelError(f"{path}: expected YAML, got: {line}{getattr(error, 'problem', error)}") from None
    if not isinstance(document, dict):
        raise ModelError(f"{path}: expected a mapping, got {type(document).__name__}")
    return document


def _entry(where: str, known: Mapping[str, object], facts: object) -> ModelEntry:
    if not isinstance(facts, dict):
        raise ModelError(f"{where}: expected a mapping, got {type(facts).__name__}")
    try:
        return TypeAdapter(ModelEntry).validate_python({**known, **facts})
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            key = ".".join(map(str, problem["loc"]))
            got = f", got {problem['input']!r}" if key and problem["type"] != "missing" else ""
            problems.append(f"{key + ': ' if key else ''}{problem['msg'].removeprefix('Value error, ')}{got}")
        raise ModelError(f"{where}: {'; '.join(problems)}") from None


def _find(file: str, search: Sequence[Path]) -> Path | None:
    return next((folder / file for folder in search if (folder / file).is_file()), None)


def _resolve_name(entry: ModelEntry, search: Sequence[Path]) -> ResolvedModel:
    path = _find(entry.file, search)
    if path is None:
        looked = ", ".join(map(str, search))
        raise ModelError(
            f"model {entry.name}: expected {entry.file} in {looked}; found none. Get it: edge models pull {entry.name}"
        )
    found = sha256_of(path)
    if found != entry.sha256:
        raise ModelError(f"{path}: expected sha256 {entry.sha256} of model {entry.name}, got {found}")
    return ResolvedModel(path, entry, found)


def _resolve_path(path: Path, entries: Mapping[str, ModelEntry]) -> ResolvedModel:
    found = sha256_of(path)
    for entry in entries.values():
        if entry.sha256 == found:
            return ResolvedModel(path, entry, found)
    # The name goes onto the wire, which is stricter than file systems are.
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")[:64] or "model"
    sidecar = path.with_name(path.name + ".yaml")
    facts = _read_yaml(sidecar) if sidecar.is_file() else {}
    entry = _entry(str(sidecar), {"name": name, "file": path.name, "sha256": found}, facts)
    if entry.sha256 != found:
        raise ModelError(f"{path}: expected sha256 {entry.sha256} of {sidecar.name}, got {found}")
    return ResolvedModel(path, entry, found)


def _source(entry: ModelEntry, mirror: str | None) -> Path | str:
    """The file to copy or the address to fetch."""
    if mirror is None:
        if entry.url is None:
            raise ModelError(
                f"model {entry.name}: expected an address to fetch it from, got none in the manifest; put {entry.file} "
                f"({entry.source}) into a folder and name that in EDGE_MODELS_DIR or EDGE_MODELS_MIRROR"
            )
        return entry.url
    try:
        parts = urllib.parse.urlsplit(mirror)
    except ValueError:
        raise ModelError("mirror: expected a folder or an http(s) or file address, got neither") from None
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path)) / entry.file
    if parts.scheme not in ("http", "https"):
        return Path(mirror).expanduser() / entry.file
    if "@" in parts.netloc:
        raise ModelError("mirror: expected an address without user and password")
    return parts._replace(path=f"{parts.path.rstrip('/')}/{urllib.parse.quote(entry.file)}").geturl()


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
