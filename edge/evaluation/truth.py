"""What really happened in a clip: the file that a person or a script wrote, checked.

The format is the one that `edge replay --json` prints, so that a result, corrected by hand, is a truth. It is described
in docs/evaluation.md. This module must not know how counts are compared.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import EdgeError

LARGEST_FILE = 50_000_000  # bytes; some 500,000 events
_SHOWN = 3  # problems in an error
_EXCERPT = 60  # characters of a wrong value in an error


def _a_time(value: float) -> float:
    if not (math.isfinite(value) and 0.0 <= value <= 1e10):
        raise ValueError("expected seconds from the start of the clip, 0 or more")
    return value


Seconds = Annotated[float, AfterValidator(_a_time)]


class _Part(BaseModel):
    """Keys that are not known are left alone: `edge replay --json` writes more than is compared here."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", populate_by_name=True)


class Event(_Part):
    """One person crossed a line."""

    t_s: Seconds
    inward: bool


class Visit(_Part):
    """One person stayed in a zone; `dwell_s` is less than the whole span when the person was away in between."""

    start_s: Seconds
    end_s: Seconds
    dwell_s: Seconds | None = None
    ended: str = "left"

    @property
    def seconds(self) -> float:
        """Time inside."""
        return self.end_s - self.start_s if self.dwell_s is None else self.dwell_s

    @model_validator(mode="after")
    def _in_order(self) -> Visit:
        if self.end_s <= self.start_s:
            raise ValueError(f"expected end_s after start_s, got {self.start_s:g} to {self.end_s:g}")
        return self


class Line(_Part):
    """All crossings of one line, U-turns included, and the settled counts if somebody knows them."""

    events: tuple[Event, ...]
    in_: Annotated[int | None, Field(alias="in", ge=0)] = None
    out: Annotated[int | None, Field(ge=0)] = None


class Zone(_Part):
    """All visits to one zone."""

    visits: tuple[Visit, ...]


class Truth(_Part):
    """What happened at the lines and in the zones of one clip, by name."""

    lines: dict[str, Line] = {}
    zones: dict[str, Zone] = {}


def read_truth(path: Path) -> Truth:
    """The truth in a file.

    Raises:
        EdgeError: It cannot be read or is not of the format; the text names place, expectation and what was found.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise EdgeError(f"{path}: expected a readable truth file, got: {error.strerror}") from None
    if len(text) > LARGEST_FILE:
        raise EdgeError(f"{path}: expected a truth file of at most {LARGEST_FILE} bytes, got a larger one")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EdgeError(f"{path}: expected JSON, got {_excerpt(text[:_EXCERPT])} ({error})") from None
    return parse_truth(content, str(path))


def parse_truth(content: object, place: str) -> Truth:
    """The truth in a JSON value; `place` is named in errors.

    >>> parse_truth({"line": {"name": "exit"}, "out_at_s": [19.0, 44.0]}, "clip.json").lines["exit"].events[0]
    Event(t_s=19.0, inward=False)

    Raises:
        EdgeError: It is not of the format.
    """
    if not isinstance(content, dict):
        raise EdgeError(f"{place}: expected an object with lines or zones, got {_excerpt(content)}")
    if not content.keys() & {"lines", "zones"}:
        content = _from_short(content, place)
    try:
        # Through text: there pydantic takes a list for a tuple, but still no text for a number.
        return Truth.model_validate_json(json.dumps(content))
    except ValidationError as error:
        problems = error.errors()
        shown = "; ".join(_problem(problem) for problem in problems[:_SHOWN])
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise EdgeError(f"{place}: {shown}{more}") from None


def _from_short(content: dict[str, Any], place: str) -> dict[str, Any]:
    """The short form for one line and one zone, as it is quickly written by hand."""
    result: dict[str, Any] = {}
    if content.keys() & {"in_at_s", "out_at_s"}:
        crossed = [(content.get("in_at_s", []), True), (content.get("out_at_s", []), False)]
        if not all(isinstance(times, list) for times, _ in crossed):
            raise EdgeError(f"{place}: expected in_at_s and out_at_s to be lists of seconds")
        events = [{"t_s": t_s, "inward": inward} for times, inward in crossed for t_s in times]
        result["lines"] = {_name(content, "line", place): {"events": events}}
    if "visits_s" in content:
        spans = content["visits_s"]
        if not isinstance(spans, list) or not all(isinstance(span, list) and len(span) == 2 for span in spans):
            raise EdgeError(f"{place}: visits_s: expected a list of [start, end] in seconds, got {_excerpt(spans)}")
        visits = [{"start_s": start_s, "end_s": end_s} for start_s, end_s in spans]
        result["zones"] = {_name(content, "zone", place): {"visits": visits}}
    if not result:
        raise EdgeError(f"{place}: expected the key lines, zones, in_at_s, out_at_s or visits_s, got {list(content)}")
    return result


def _name(content: dict[str, Any], key: str, place: str) -> str:
    section = content.get(key)
    name = section.get("name") if isinstance(section, dict) else None
    if not isinstance(name, str):
        raise EdgeError(f"{place}: {key}.name: expected the name of the {key}, got {_excerpt(name)}")
    return name


def _problem(problem: Any) -> str:  # noqa: ANN401 - a dictionary of pydantic's
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    if problem["type"] == "missing":
        path, _, key = path.rpartition(".")
        return f"{path or 'at the top'}: expected the key {key}, got {_excerpt(problem['input'])}"
    found = "" if "got" in message else f", got {_excerpt(problem['input'])}"
    return f"{path}: {message}{found}"


def _excerpt(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
