"""YAML text -> Config, or every problem in it at once, each with its line, path and the near name.

It joins yaml.py (lines) and model.py (meaning) and words what pydantic found; it reads no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge.config import secret
from edge.config.model import TIME_OF_DAY_PATTERN, Config
from edge.config.problems import InvalidConfigError, Loc, Problem, is_secret, path_text, shown
from edge.config.section import Section
from edge.config.yaml import Node, read
from edge.core.message import NAME_PATTERN

_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "tuple_type": "a list",
    "model_type": "a mapping (key: value)",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le:g}",
    "string_too_short": "text",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
}
_BOUNDS = ("greater_than_equal", "less_than_equal")
_PATTERNS = {
    NAME_PATTERN: "1 to 63 lower-case letters, digits and inner hyphens",
    TIME_OF_DAY_PATTERN: "a time of day such as 04:00",
}


def parse(text: str) -> Config:
    r"""The configuration that `text` describes.

    >>> try:
    ...     parse("site: shop-1\ndevice: box\ncamera: []")
    ... except InvalidConfigError as error:
    ...     print(error)
    line 3: camera: unknown key; did you mean 'cameras'?

    Raises:
        InvalidConfigError: With every problem that was found.
    """
    root, problems = read(text)
    data = root.plain()
    if not isinstance(data, dict):
        raise InvalidConfigError(
            [*problems, Problem(root.line, "", f"expected a mapping (key: value), found {shown(data)}")]
        )
    problems.extend(_repeated_names(root, data))
    problems.extend(_device_names(root, data))
    config: Config | None = None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        problems.extend(_worded(root, error.errors(include_url=False)))
    # Raised out here, because pydantic's own error, which holds what was found, would hang on it as its context.
    if config is None or problems:
        raise InvalidConfigError(problems)
    return config


def _repeated_names(root: Node, data: dict[str, object]) -> Iterator[Problem]:
    for locs in (_names(data, "cameras", ()), _shape_names(data)):
        first: dict[str, Loc] = {}
        for loc, name in locs:
            if name in first:
                where = f"{path_text(first[name])} on line {root.find(first[name])[0]}"
                message = f"expected a name of its own, but {shown(name)} is that of {where} too"
                yield Problem(root.find(loc)[0], path_text(loc), message)
            first.setdefault(name, loc)


def _device_names(root: Node, data: dict[str, object]) -> Iterator[Problem]:
    """Each camera is a process of its own, and two under one name would overwrite each other's status and occupancy."""
    first: dict[str, Loc] = {}
    for index, camera in _mappings(data, "cameras"):
        name = camera.get("device") or data.get("device")
        loc: Loc = ("cameras", index)
        if not isinstance(name, str):
            continue
        if name in first:
            also = f"{shown(name)} is that of {path_text(first[name])} too"
            message = f"expected a key 'device' with a name of its own on the wire, but {also}"
            yield Problem(root.find(loc)[0], path_text(loc), message)
        first.setdefault(name, loc)


def _shape_names(data: dict[str, object]) -> Iterator[tuple[Loc, str]]:
    """Lines and zones share one space of names, over all cameras: readers see both below the device."""
    for index, camera in _mappings(data, "cameras"):
        for kind in ("lines", "zones"):
            yield from _names(camera, kind, ("cameras", index))


def _names(section: dict[str, object], kind: str, at: Loc) -> Iterator[tuple[Loc, str]]:
    for index, item in _mappings(section, kind):
        if isinstance(name := item.get("name"), str):
            yield (*at, kind, index, "name"), name


def _mappings(section: dict[str, object], key: str) -> Iterator[tuple[int, dict[str, object]]]:
    items = section.get(key)
    if isinstance(items, tuple):
        yield from ((index, item) for index, item in enumerate(items) if isinstance(item, dict))


def _worded(root: Node, errors: list[ErrorDetails]) -> Iterator[Problem]:
    hints = {error["loc"]: _near_key(error["loc"]) for error in errors if error["type"] == "extra_forbidden"}
    meant = {(*loc[:-1], hint) for loc, hint in hints.items()}
    for error in errors:
        loc = error["loc"]
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # pydantic counts the good items only; the bad ones have errors of their own
        line, is_there = root.find(loc)
        if is_secret(loc):
            message = str(error["ctx"]["error"]) if error["type"] == "value_error" else secret.EXPECTED
        elif error["type"] == "extra_forbidden":
            message = "unknown key" + (f"; did you mean {hints[loc]!r}?" if hints[loc] else "")
        elif error["type"] == "missing":
            if loc in meant:
                continue
            message = "missing"
        else:
            message = _expectation(error) + ("" if is_there else " (the default)")
        yield Problem(line, path_text(loc), message)


def _expectation(error: ErrorDetails) -> str:
    kind, context, found = error["type"], error.get("ctx", {}), error["input"]
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        expected = _PATTERNS[context["pattern"]]
    elif isinstance(error["loc"][-1], int) and kind in _BOUNDS:
        expected = "a fraction of the frame, 0 to 1"
    else:
        expected = _EXPECTED[kind].format(**context)
    hint = ""
    if kind == "literal_error" and isinstance(found, str):
        near = get_close_matches(found, context["expected"].replace(" or ", ", ").replace("'", "").split(", "), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"expected {expected}, found {shown(found)}{hint}"


def _near_key(loc: Loc) -> str | None:
    section: type[Section] = Config
    for step in loc[:-1]:
        if isinstance(step, str):
            section = next(_sections(section.model_fields[step].annotation))
    near = get_close_matches(str(loc[-1]), section.model_fields, n=1)
    return near[0] if near else None


def _sections(annotation: object) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)
