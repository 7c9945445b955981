"""From a topic and bytes to a payload of the closed models, or to the reason why it is refused. It stores nothing.

What a stranger publishes may say anything. So a reason names fields and expectations, never the values that came, and
only what a closed model has read is ever kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from analytics.online import OnlineDay
from edge.core import message
from edge.core.message import DeviceStatus, Info, LineRow, OccupancyRow, Payload, ReplayAnswer, Row, TotalRow, ZoneRow

Code = Literal["topic", "size", "json", "schema", "fields", "time", "future", "range", "conflict"]

MAX_BYTES = 65_536
FUTURE_S = 600
"""How far the clock of a box may be ahead of ours."""
EARLIEST_S = 1_577_836_800
"""2020: a box whose clock is before it has not been told the time."""
MAX_INTERVAL_S = 3600
_BIG = 2**63 - 1
_LONG = re.compile(rb"\d{19}")
"""What every number beyond `_BIG` has."""
_SHOWN_PROBLEMS = 3
_FIELD = re.compile(r"[a-z0-9_]{1,40}")
_LEVEL = re.compile(message.NAME_PATTERN)

_MODELS: dict[str, TypeAdapter[Any]] = {
    "line": TypeAdapter(LineRow),
    "zone": TypeAdapter(ZoneRow),
    "occupancy": TypeAdapter(OccupancyRow),
    "total": TypeAdapter(TotalRow),
    "status": TypeAdapter(DeviceStatus),
    "info": TypeAdapter(Info),
    "answer": TypeAdapter(ReplayAnswer),
    "online": TypeAdapter(OnlineDay),
}
_WITH_NAME = {"line", "zone", "total", "answer", "online"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that keeps the contract.

    Attributes:
        topic: As it came.
        kind: `line`, `zone`, `occupancy`, `total`, `status`, `info`, `answer` or `online`.
        site, device: Of the topic; the device of `online` is empty.
        payload: Of the model of that kind.
        start_s, end_s: Of rows: the interval, seconds since the UTC epoch; of totals: the end. Else 0.
        digest: Of rows: 64 bits of a hash over the content, signed. Else 0.
    """

    topic: str
    kind: str
    site: str
    device: str
    payload: Payload
    start_s: int = 0
    end_s: int = 0
    digest: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A message for the dead letters.

    Attributes:
        code: What kind of breach.
        reason: What was expected; no value of the payload stands in it.
        topic: As it came, but for levels that are no names.
        digest: Hexadecimal hash of topic and payload: the same letter is kept once.
        size: Bytes of the payload.
        payload: As JSON, if it is of a closed model; else None.
    """

    code: Code
    reason: str
    topic: str
    digest: str
    size: int
    payload: str | None = None


def validate(topic: str, payload: bytes, now_s: float) -> Accepted | Refused:
    """Reads a message of a topic of the wire.

    Args:
        topic: Where it came.
        payload: What came.
        now_s: Seconds since the UTC epoch, by our clock.
    """
    try:
        place = _place(topic)
        if len(payload) > MAX_BYTES:
            raise _Breach("size", f"expected at most {MAX_BYTES} bytes")
        model = _read(place.kind, payload)
        if _LONG.search(payload):
            _in_range(model)
        return _accepted(topic, place, model, now_s)
    except _Breach as breach:
        return refuse(topic, payload, breach.code, breach.reason, breach.model)


def refuse(topic: str, payload: bytes, code: Code, reason: str, model: Payload | None = None) -> Refused:
    """A dead letter; `model` is the payload as a closed model read it, if one did."""
    digest = blake2b(topic.encode() + b"\0" + payload, digest_size=16).hexdigest()
    levels = (level if _LEVEL.fullmatch(level) else "?" for level in topic[:300].split("/"))
    kept = None if model is None else model.wire().decode()
    return Refused(code, reason, "/".join(levels), digest, len(payload), kept)


class _Breach(Exception):  # noqa: N818 - a way out of a few functions of this file
    def __init__(self, code: Code, reason: str, model: Payload | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.model = code, reason, model


class _Place(NamedTuple):
    """What a topic says."""

    kind: str
    site: str
    device: str
    name: str


def _place(topic: str) -> _Place:
    """What a topic says.

    >>> _place("traffic/v1/berlin-1/box/line/door")
    _Place(kind='line', site='berlin-1', device='box', name='door')
    >>> _place("traffic/v1/berlin-1/online/shoes")
    _Place(kind='online', site='berlin-1', device='', name='shoes')
    """
    place = None
    match topic.split("/"):
        case ["traffic", "v1", site, "online", name]:
            place = _Place("online", site, "", name)
        case ["traffic", "v1", site, device, kind] if kind in _MODELS and kind not in _WITH_NAME:
            place = _Place(kind, site, device, "")
        case ["traffic", "v1", site, device, kind, name] if kind in _WITH_NAME and kind != "online":
            place = _Place(kind, site, device, name)
    if place is None or not all(_LEVEL.fullmatch(level) for level in place[1:] if level):
        raise _Breach("topic", "expected a topic of the wire, schema 1")
    return place


def _read(kind: str, payload: bytes) -> Payload:
    try:
        model: Payload = _MODELS[kind].validate_json(payload, strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        if problems[0]["type"] == "json_invalid":
            raise _Breach("json", "expected UTF-8 JSON") from None
        if any(problem["loc"] == ("schema",) for problem in problems):
            raise _Breach("schema", f"schema: expected {message.SCHEMA_VERSION}") from None
        shown = "; ".join(f"{_field(problem['loc'])}: {problem['msg']}" for problem in problems[:_SHOWN_PROBLEMS])
        more = len(problems) - _SHOWN_PROBLEMS
        raise _Breach("fields", shown + (f"; and {more} more" if more > 0 else "")) from None
    return model


def _field(location: tuple[int | str, ...]) -> str:
    """Where; a field that only a stranger knows is named if it looks like one."""
    return ".".join(str(part) if _FIELD.fullmatch(str(part)) else "?" for part in location) or "payload"


def _accepted(topic: str, place: _Place, model: Payload, now_s: float) -> Accepted:
    kind, site, device, name = place
    if isinstance(model, Row):
        _agree(model, site=site, device=device, series=f"{kind}/{name}" if name else kind)
        if name:
            _agree(model, **{kind: name})
        start_s, end_s = _interval(model, now_s)
        return Accepted(topic, kind, site, device, model, start_s, end_s, _digest(model))
    if isinstance(model, TotalRow):
        _agree(model, site=site, device=device, line=name)
        return Accepted(topic, kind, site, device, model, end_s=_instant("end", model.end, model, now_s))
    if isinstance(model, OnlineDay):
        _agree(model, site=site, zone=name)
    return Accepted(topic, kind, site, device, model)


def _digest(row: Row) -> int:
    """Of what is not left at its default: a field that a later release adds makes no other row of an old one."""
    content = row.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)


def _agree(model: Payload, **expected: str) -> None:
    for field, value in expected.items():
        if getattr(model, field) != value:
            raise _Breach("topic", f"{field}: expected what the topic says, {value}", model)


def _interval(row: Row, now_s: float) -> tuple[int, int]:
    start_s, end_s = _instant("start", row.start, row, now_s), _instant("end", row.end, row, now_s)
    if not 0 < end_s - start_s <= MAX_INTERVAL_S:
        raise _Breach("time", f"end: expected up to {MAX_INTERVAL_S} s after start", row)
    return start_s, end_s


@lru_cache(maxsize=4096)
def utc_s(text: str) -> int:
    """Seconds since the UTC epoch of a time of the wire.

    Raises:
        ValueError: There is no such time.
    """
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def _instant(field: str, text: str, model: Payload, now_s: float) -> int:
    try:
        instant = utc_s(text)
    except ValueError:
        raise _Breach("time", f"{field}: expected a time that exists", model) from None
    if instant < EARLIEST_S:
        raise _Breach("time", f"{field}: expected 2020 or later; the clock of the box is wrong", model)
    if instant > now_s + FUTURE_S:
        raise _Breach("future", f"{field}: expected at most {FUTURE_S} s after now; a clock is wrong", model)
    return instant


def _in_range(model: Payload) -> None:
    """No database holds more than 63 bits; one such row would stop the batch that it is in."""
    for field, value in model:
        values = value if isinstance(value, tuple) else (value,)
        if any(isinstance(number, int) and abs(number) > _BIG for number in values):
            raise _Breach("range", f"{field}: expected at most {_BIG}")
