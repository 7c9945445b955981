"""What is let in, and what becomes a dead letter: with a reason, and without repeating what a stranger wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.online import OnlineDay
from analytics.validate import FUTURE_S, MAX_BYTES, Accepted, Refused, validate
from edge.core.message import DeviceStatus, Info, ReplayAnswer
from tests.analytics.shop import NOW_S, START_S, line, occupancy, sent, total, zone

DOOR = "traffic/v1/berlin-1/box/line/door"
NAME, DAY = "Mrs. Miller", "2025-11-23"


def changed(**more: Any) -> bytes:
    return json.dumps({**json.loads(line(1).wire()), **more}).encode()


def without(key: str) -> bytes:
    return json.dumps({name: value for name, value in json.loads(line(1).wire()).items() if name != key}).encode()


@pytest.mark.parametrize("payload", [line(1), zone(2), occupancy(3), total(4)], ids=lambda p: type(p).__name__)
def test_what_a_box_sends_is_accepted(payload):
    message = validate(*sent(payload), NOW_S)
    assert isinstance(message, Accepted)
    assert message.payload == payload
    assert (message.site, message.device) == ("berlin-1", "box")


def test_a_row_knows_its_interval_and_its_content():
    first, other = validate(*sent(line(2)), NOW_S), validate(*sent(line(2, out=9)), NOW_S)
    assert isinstance(first, Accepted)
    assert isinstance(other, Accepted)
    assert (first.start_s, first.end_s) == (START_S + 300, START_S + 600)
    assert first.digest != other.digest
    assert -(2**63) <= first.digest < 2**63


def test_the_order_of_the_keys_is_not_content():
    payload = json.loads(line(2).wire())
    turned = json.dumps(dict(reversed(payload.items()))).encode()
    assert validate(DOOR, turned, NOW_S).digest == validate(*sent(line(2)), NOW_S).digest


def test_a_field_that_a_later_release_adds_is_no_other_content():
    now = json.loads(occupancy(3).wire())
    before = {key: value for key, value in now.items() if key != "churn"}
    where = "traffic/v1/berlin-1/box/occupancy"
    old, new = (validate(where, json.dumps(payload).encode(), NOW_S) for payload in (before, now))
    assert isinstance(old, Accepted)
    assert isinstance(new, Accepted)
    assert old.digest == new.digest
    assert old.digest != validate(*sent(occupancy(3, churn=4.2)), NOW_S).digest


@pytest.mark.parametrize(
    ("place", "payload"),
    [
        ("box/status", DeviceStatus(state="online", boot_id="ffeeddccbbaa9988").wire()),
        (
            "box/info",
            Info(
                software="1.0.0", config_id="00112233445566ff", boot_id="ffeeddccbbaa9988", camera="door", model="m",
                model_sha256=None, lines=(), zones=(),
            ).wire(),
        ),
        (
            "box/answer/reader-1",
            ReplayAnswer(
                epoch="0123456789abcdef", series=None, from_seq=None, to_seq=None, sent=0, missing=(), problem="invalid"
            ).wire(),
        ),
        ("online/shoes", OnlineDay(site="berlin-1", zone="shoes", date=DAY, lag="0d", scans=3, as_of=DAY).wire()),
    ],
)  # fmt: skip
def test_the_other_topics_of_the_wire_are_accepted(place, payload):
    assert isinstance(validate(f"traffic/v1/berlin-1/{place}", payload, NOW_S), Accepted)


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        (b"", "json", "expected UTF-8 JSON"),
        (b"{", "json", "expected UTF-8 JSON"),
        (b"\xff\xfe", "json", "expected UTF-8 JSON"),
        (b"[1]", "fields", "payload: "),
        (b"null", "fields", "payload: "),
        (changed(schema=2), "schema", "schema: expected 1"),
        (changed(schema="1"), "schema", "schema: expected 1"),
        (changed(**{"in": "7"}), "fields", "in: Input should be a valid integer"),
        (changed(**{"in": 7.5}), "fields", "in: "),
        (changed(**{"in": True}), "fields", "in: "),
        (changed(**{"in": -1}), "fields", "in: "),
        (changed(**{"in": None}), "fields", "in: "),
        (changed(frames=10**30), "range", "frames: expected at most"),
        (changed(seq=2**63), "range", "seq: expected at most"),
        (changed(track=7), "fields", "track: Extra inputs are not permitted"),
        (changed(**{NAME: 7}), "fields", "?: Extra inputs are not permitted"),
        (changed(boot_id=NAME), "fields", "boot_id: "),
        (changed(status=NAME), "fields", "status: "),
        (changed(observed_s=1e999), "fields", "observed_s: "),
        (without("uturns"), "fields", "uturns: Field required"),
        (changed(site="berlin-2"), "topic", "site: expected what the topic says, berlin-1"),
        (changed(device="box-2"), "topic", "device: "),
        (changed(series="line/side"), "topic", "series: expected what the topic says, line/door"),
        (changed(line="side"), "topic", "line: expected what the topic says, door"),
        (changed(start="2025-13-01T00:00:00Z"), "time", "start: expected a time that exists"),
        (changed(start="1970-01-01T00:00:00Z"), "time", "start: expected 2020 or later"),
        (changed(end="2025-11-24T00:00:00Z"), "time", "end: expected up to 3600 s after start"),
        (changed(end="2025-11-24T02:00:00Z"), "time", "end: expected up to 3600 s after start"),
        (changed(start="2025-11-25T01:00:00Z", end="2025-11-25T01:05:00Z"), "future", "start: expected at most 600 s"),
        (b" " * MAX_BYTES + b"{}", "size", "expected at most 65536 bytes"),
    ],
)
def test_what_breaks_the_contract_is_refused_with_the_reason(payload, code, words):
    letter = validate(DOOR, payload, NOW_S)
    assert isinstance(letter, Refused)
    assert (letter.code, letter.topic, letter.size) == (code, DOOR, len(payload))
    assert letter.reason.startswith(words)
    assert NAME not in repr(letter)


@pytest.mark.parametrize(
    "topic",
    [
        "traffic/v2/berlin-1/box/line/door",
        "traffic/v1/berlin-1/box/line",
        "traffic/v1/berlin-1/box/line/door/x",
        "traffic/v1/berlin-1/box/track/7",
        "traffic/v1/Mrs. Miller/box/line/door",
        "traffic/v1//box/line/door",
        "x",
        "",
    ],
)
def test_other_topics_are_refused(topic):
    letter = validate(topic, line(1).wire(), NOW_S)
    assert isinstance(letter, Refused)
    assert letter.code == "topic"
    assert "Miller" not in letter.topic


def test_a_payload_is_kept_only_when_a_closed_model_has_read_it():
    stranger, early = validate(DOOR, changed(track=7), NOW_S), validate(DOOR, line(1).wire(), START_S - 86_400)
    assert isinstance(stranger, Refused)
    assert isinstance(early, Refused)
    assert stranger.payload is None
    assert early.payload == line(1).wire().decode()


def test_clocks_may_differ_a_little():
    end_s = START_S + 300
    assert isinstance(validate(*sent(line(1)), end_s - FUTURE_S), Accepted)
    assert isinstance(validate(*sent(line(1)), end_s - FUTURE_S - 1), Refused)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(key=st.sampled_from(sorted(json.loads(line(1).wire()))), value=JSON)
def test_whatever_stands_in_a_field_there_is_an_answer(key, value):
    assert isinstance(validate(DOOR, changed(**{key: value}), NOW_S), Accepted | Refused)


@given(topic=st.text(), payload=st.binary())
def test_whatever_comes_there_is_an_answer(topic, payload):
    assert isinstance(validate(topic, payload, NOW_S), Refused)
