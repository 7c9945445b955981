"""The configuration as it takes effect, for people and for editors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from edge.config.model import Config
from edge.config.problems import Loc, path_text
from edge.config.secret import SecretRef
from edge.config.section import Section


class Setting(NamedTuple):
    """One value in effect.

    Attributes:
        path: Such as `cameras[0].lines[0].band`.
        value: A scalar, a tuple of corners, or None; of a secret only the place where it is found.
        is_default: Whether leaving the key out would give the same.
    """

    path: str
    value: object
    is_default: bool


def effective(config: Config) -> Iterator[Setting]:
    """Every value in effect, in the order of the sections."""
    return _settings(config, ())


def _settings(section: Section, at: Loc) -> Iterator[Setting]:
    for name, field in type(section).model_fields.items():
        loc, value = (*at, name), getattr(section, name)
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(value, Section) and not isinstance(value, SecretRef):
            if default is None:
                yield Setting(path_text(loc), True, False)
            yield from _settings(value, loc)
        elif isinstance(value, tuple) and value and isinstance(value[0], Section):
            for index, item in enumerate(value):
                yield from _settings(item, (*loc, index))
        else:
            shown = str(value) if isinstance(value, SecretRef) else value
            yield Setting(path_text(loc), shown, not field.is_required() and value == default)


def json_schema() -> dict[str, Any]:
    """JSON Schema of config.yaml: unit, range, default and description of every key."""
    return Config.model_json_schema()
