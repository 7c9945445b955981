"""The wire is closed: nothing that could tell one visitor from another has a field to travel in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from edge.core import message
from edge.core.message import (
    DeviceStatus,
    Health,
    Info,
    LineRow,
    OccupancyRow,
    Payload,
    ReplayAnswer,
    ReplayRequest,
    TotalRow,
    ZoneRow,
)

ROW = {
    "site": "shop", "device": "box", "epoch": "00112233", "seq": 1, "start": "2026-11-23T00:00:00Z",
    "end": "2026-11-23T00:05:00Z", "observed_s": 300.0, "frames": 3000, "fps": 10.0, "status": "ok", "clock": "synced",
    "config_id": "0123456789abcdef", "boot_id": "feedfacefeedface",
}  # fmt: skip
LINE = ROW | {"series": "line/door", "line": "door"} | dict.fromkeys(
    ["in", "out", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line", "static", "staff_in",
     "staff_out", "shopper_units"], 0
)  # fmt: skip
ZONE = ROW | {"series": "zone/table", "zone": "table", "histogram": [0] * 8} | dict.fromkeys(
    ["entered", "pass", "stop", "engaged", "left", "lost", "capped", "left_s", "presence_s", "peak", "stitched"], 0
)  # fmt: skip
OCCUPANCY = ROW | {
    "series": "occupancy", "business_day": "2026-11-23", "occ_raw": -1, "occ": 0, "clamped": True, "drift": None,
    "balance": None, "churn": None, "births": 0, "deaths": 0,
}  # fmt: skip
TOTAL = {key: LINE[key] for key in ("site", "device", "epoch", "line", "seq", "end", "boot_id")} | dict.fromkeys(
    ["in", "out", "in_raw", "out_raw", "uturns"], 0
)
INFO = {
    "software": "0.1.0", "config_id": "0123456789abcdef", "boot_id": "feedface", "camera": "entrance",
    "model": "yolox_nano_416", "model_sha256": None, "provider": "cpu", "provider_wanted": "cuda",
    "lines": [{"name": "door", "points": [[0, 1]], "inside": [0, 1]}],
    "zones": [{"name": "table", "polygon": [[0.1, 0.2]]}],
}  # fmt: skip
HEALTH = {
    "boot_id": "feedface", "camera": "streaming", "fps": 9.8, "gated": 0.7, "waited": 0.1,
    "frame_age_s": 0.1, "detector_ms": 20.0,
    "provider": "cpu", "provider_fallback": True,
    "broker": "ok", "books": "ok", "outbox_depth": 0, "outbox_oldest_s": None, "outbox_dropped": 0,
    "intervals_waiting": 0, "intervals_dropped": 0, "puback_age_s": None, "clock": "synced", "temperature_c": -3.5,
    "throttled": None,
}  # fmt: skip
REQUEST = {"epoch": "00112233", "series": "line/door", "from_seq": 7, "to_seq": 9}
ANSWER = REQUEST | {"sent": 2, "missing": [{"first": 8, "last": 8}], "problem": None}
SAMPLES: list[tuple[type[Payload], dict[str, Any]]] = [
    (LineRow, LINE), (ZoneRow, ZONE), (OccupancyRow, OCCUPANCY), (TotalRow, TOTAL), (Info, INFO), (Health, HEALTH),
    (DeviceStatus, {"state": "offline", "boot_id": "feedface"}), (ReplayRequest, REQUEST), (ReplayAnswer, ANSWER),
]  # fmt: skip
each_payload = pytest.mark.parametrize(("model", "sample"), SAMPLES, ids=lambda value: getattr(value, "__name__", ""))

PROPERTIES = {
    # Who speaks, for which time, in which state: the same for everything in the interval.
    "schema", "site", "device", "epoch", "series", "seq", "start", "end", "observed_s", "frames", "fps", "status",
    "clock", "config_id", "boot_id", "line", "zone", "business_day", "state", "software", "camera", "model",
    "model_sha256", "lines", "zones", "name", "points", "inside", "polygon", "frame_age_s", "detector_ms",
    "gated", "waited",
    "provider", "provider_wanted", "provider_fallback",
    "broker", "books", "outbox_depth", "outbox_oldest_s", "outbox_dropped", "intervals_waiting", "intervals_dropped",
    "puback_age_s", "temperature_c", "throttled",
    # Sums over everybody in the interval.
    "in", "out", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line", "static", "staff_in",
    "staff_out", "shopper_units", "births", "deaths", "entered",
    "pass", "stop", "engaged", "left", "lost", "capped", "left_s", "histogram", "presence_s", "peak", "stitched",
    "occ_raw", "occ", "clamped", "drift", "balance", "churn",
    # Which rows are to be sent again, and what became of that.
    "from_seq", "to_seq", "sent", "missing", "first", "last", "problem",
}  # fmt: skip
"""Every name that may stand on the wire. A new one has to pass by here: may it tell one visitor from another?"""

INSTANTS = {"start", "end", "business_day"}


def payload_models() -> set[type[Payload]]:
    """Every model below Payload that is sent, found by itself: a new one cannot be forgotten here."""
    found, todo = set(), [Payload]
    while todo:
        model = todo.pop()
        todo += model.__subclasses__()
        if not model.__subclasses__() and model.__module__ == Payload.__module__:  # not what others build on it
            found.add(model)
    return found


def schema(model: type[Payload]) -> dict[str, Any]:
    return model.model_json_schema(mode="serialization")


def nodes(value: object, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in a schema, with the property that it is the type of."""
    if isinstance(value, dict):
        if "type" in value or "enum" in value or "const" in value or "anyOf" in value or "$ref" in value:
            yield name, value
        for key, child in value.items():
            if key == "properties":
                for property_, type_ in child.items():
                    yield from nodes(type_, property_)
            elif key not in ("enum", "const", "required", "default"):
                yield from nodes(child, name)
    elif isinstance(value, list):
        for child in value:
            yield from nodes(child, name)


ALL = sorted(payload_models(), key=lambda model: model.__name__)


def test_the_samples_are_all_the_models_there_are():
    nested = {message.LineInfo, message.ZoneInfo, message.SeqRange}
    assert payload_models() - nested == {model for model, _ in SAMPLES}


@each_payload
def test_a_payload_reads_back_as_it_was_written(model, sample):
    payload = model.model_validate_json(json.dumps(sample))
    assert json.loads(payload.wire()) == {"schema": 1, **sample}
    assert model.model_validate_json(payload.wire()) == payload


@each_payload
@pytest.mark.parametrize("extra", ["track", "id", "note", "box", "t_s", "in_ "])
def test_a_field_that_is_not_in_the_model_is_refused(model, sample, extra):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({**sample, extra: 1})


@each_payload
def test_no_field_takes_a_free_text(model, sample):
    for key, value in sample.items():
        if isinstance(value, str):
            for text in ("Mrs. Miller was here", "", "x" * 500, "a\nb", "é", value + " ", value + "\n", "{}"):
                with pytest.raises(ValidationError):
                    model.model_validate({**sample, key: text})
        elif not isinstance(value, list):
            with pytest.raises(ValidationError):
                model.model_validate({**sample, key: "Mrs. Miller was here"})


@each_payload
def test_no_field_takes_what_is_no_number_in_json(model, sample):
    for key, value in sample.items():
        if isinstance(value, float):
            for number in (float("nan"), float("inf"), -float("inf")):
                with pytest.raises(ValidationError):
                    model.model_validate({**sample, key: number})


@each_payload
def test_a_payload_is_frozen_once_it_is_made(model, sample):
    payload = model.model_validate(sample)
    with pytest.raises(ValidationError, match="frozen"):
        payload.boot_id = "00000000"


def test_counts_are_never_negative():
    for key in ("in", "out_raw", "seq", "frames", "observed_s"):
        with pytest.raises(ValidationError, match="greater than or equal to"):
            LineRow.model_validate(LINE | {key: -1})


@pytest.mark.parametrize("model", ALL)
def test_every_text_in_the_schema_is_bound(model):
    for name, node in nodes(schema(model)):
        if node.get("type") == "string":
            bound = node.keys() & {"pattern", "enum", "const"}
            assert bound, f"{model.__name__}.{name} takes any text"
            assert "pattern" not in node or (node["pattern"].startswith("^") and node["pattern"].endswith("$"))
        # A type that says nothing of itself takes everything.
        assert node.keys() & {"type", "enum", "const", "anyOf", "$ref"}, name


@pytest.mark.parametrize("model", ALL)
def test_every_object_in_the_schema_is_closed(model):
    objects = [node for _, node in nodes(schema(model)) if node.get("type") == "object"]
    assert objects
    assert all(node.get("additionalProperties") is False for node in objects)


@pytest.mark.parametrize("model", ALL)
def test_no_property_can_hold_a_person_a_box_a_picture_or_the_time_of_an_event(model):
    found = list(nodes(schema(model)))
    names = {name for name, _ in found if name}
    assert names <= PROPERTIES
    words = {word for name in names for word in re.split(r"[_-]", name)}
    assert not words & {"track", "tracks", "person", "face", "box", "bbox", "image", "picture", "t", "when", "mac"}
    for name, node in found:
        # A date or a time bounds the interval; base64 and other long texts have no place.
        if "\\d{4}" in node.get("pattern", ""):
            assert name in INSTANTS
        assert "contentEncoding" not in node
        assert "format" not in node
        # Lists hold the geometry of the configuration, or the bins of the histogram: none grows with the visitors.
        if node.get("type") == "array":
            assert name in {"histogram", "points", "inside", "polygon", "lines", "zones", "missing"}
            bounds = {"histogram": 8, "missing": message.MISSING_RANGES}
            assert model in {Info, message.LineInfo, message.ZoneInfo} or node["maxItems"] == bounds[name]


def test_a_request_that_runs_backwards_is_refused():
    with pytest.raises(ValidationError, match="expected to_seq of at least 7, got 6"):
        ReplayRequest.model_validate(REQUEST | {"to_seq": 6})
    assert ReplayRequest.model_validate_json(b'{"series": "occupancy", "from_seq": 1, "to_seq": 1}').epoch is None
    for loose in ('{"series": "occupancy", "from_seq": "1", "to_seq": 1}', '{"series": "occupancy", "to_seq": 1}'):
        with pytest.raises(ValidationError):
            ReplayRequest.model_validate_json(loose)


def test_topics_and_times_are_as_the_contract_writes_them():
    assert message.topic("shop-1", "box", "status") == "traffic/v1/shop-1/box/status"
    assert message.utc_text(0) == "1970-01-01T00:00:00Z"
    assert message.utc_text(1_795_392_059.999) == "2026-11-23T00:00:59Z"
    assert re.fullmatch(message.NAME_PATTERN, "a" * 63)
    assert not re.fullmatch(message.NAME_PATTERN, "a" * 64)
