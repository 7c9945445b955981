"""What all sections of a configuration share: closed, frozen, strict, and every number with its unit and range."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict


class Section(BaseModel):
    """Base of every section. Values are taken as YAML gave them: no text becomes a number, no number a text."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,  # the whole is built when it is read; its parts would be built before that, to no use
    )


def unit(name: str) -> JsonDict:
    """The unit of a field, for its JSON Schema and for messages ("at least 60 s")."""
    return {"unit": name}


Text = Annotated[str, Field(min_length=1, max_length=1000)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra=unit("of the frame"))]
Corner = tuple[Fraction, Fraction]
