"""Records that another release of this software may have stored: an update must not look like damage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def record(kind: type[T], data: Mapping[str, Any]) -> T:
    """A dataclass of what was stored: fields that it does not know fall away, new ones have their default.

    >>> from edge.core.report import LineFacts
    >>> record(LineFacts, {"in_": 3, "of_a_newer_release": 1}).in_
    3

    Raises:
        TypeError: A field without default is missing.
    """
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in data.items() if name in known})
