"""The configuration as it takes effect, for people and for editors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from edge.config.model import Camera, Config
from edge.config.problems import Loc, path_text
from edge.config.profile import PROFILES
from edge.config.secret import SecretRef
from edge.config.section import Section


class Setting(NamedTuple):
    """One value in effect.

    Attributes:
        path: Such as `cameras[0].lines[0].band`.
        value: A scalar, a tuple of corners, or None; of a secret only the place where it is found.
        is_default: Whether leaving the key out would give the same.
        by_profile: Whether it would because the profile says so.
    """

    path: str
    value: object
    is_default: bool
    by_profile: bool = False


def effective(config: Config) -> Iterator[Setting]:
    """Every value in effect, in the order of the sections."""
    return _settings(config, (), PROFILES[config.profile] if config.profile else {})


def _settings(section: Section, at: Loc, profile: Mapping[str, object]) -> Iterator[Setting]:
    for name, field in type(section).model_fields.items():
        loc, value = (*at, name), getattr(section, name)
        by_profile = isinstance(section, Camera) and name in profile
        default = profile[name] if by_profile else field.get_default(call_default_factory=True, validated_data={})
        if isinstance(value, Section) and not isinstance(value, SecretRef):
            if default is None:
                yield Setting(path_text(loc), True, False)
            yield from _settings(value, loc, profile)
        elif isinstance(value, tuple) and value and isinstance(value[0], Section):
            for index, item in enumerate(value):
                yield from _settings(item, (*loc, index), profile)
        else:
            shown = str(value) if isinstance(value, SecretRef) else value
            is_default = value == default and (by_profile or not field.is_required())
            yield Setting(path_text(loc), shown, is_default, is_default and by_profile)


def json_schema() -> dict[str, Any]:
    """JSON Schema of config.yaml: unit, range, default and description of every key."""
    schema = Config.model_json_schema()
    # What a profile gives a camera, the camera need not say.
    given = {key for profile in PROFILES.values() for key in profile}
    camera = schema["$defs"]["Camera"]
    unsaid = [key for key in camera["required"] if key in given]
    camera["required"] = [key for key in camera["required"] if key not in given]
    schema["if"] = {"properties": {"profile": {"const": None}}}
    schema["then"] = {"properties": {"cameras": {"items": {"required": unsaid}}}}
    return schema
