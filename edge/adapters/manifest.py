"""Which model files exist, where they lie, and whether they are the right ones.

Owns models/manifest.yaml, sidecar files, the folders that are searched, and hashing. It loads no model (whether a file
is what its entry says, the detector finds out) and fetches none (pull.py does).
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from edge.core.model_facts import ModelFacts
from edge.errors import ModelError

_CHUNK = 1 << 16


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
    # A user without a home, as under systemd's DynamicUser, has "~" where others have one: a folder that is not there.
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "edge" / "models"  # noqa: PTH111


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


def sha256_of(path: Path) -> str:
    """The hash of a file, in lower case.

    Raises:
        ModelError: The file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_CHUNK):
                digest.update(block)
    except OSError as error:
        raise ModelError(f"{path}: expected a readable model file, got: {_reason(error)}") from None
    return digest.hexdigest()


def _own_folder() -> Path:
    # Beside the package, in a checkout as in a wheel; importlib.resources would load zipfile, tempfile and shutil.
    return Path(__file__).parents[2] / "models"


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


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
