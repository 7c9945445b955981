"""Truth files: the format, the short form, and what is said about wrong ones."""

import json
import re
from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.evaluation.truth import Event, Visit, parse_truth, read_truth
from tests.assets import asset
from tests.commands import ROOT

FULL = {
    "frames": 10,
    "lines": {"door": {"in": 1, "out": 0, "uturns": 0, "events": [{"t_s": 5, "inward": True}]}},
    "zones": {"shoes": {"visits": [{"start_s": 1.5, "end_s": 4.0, "ended": "lost"}], "passes": 3}},
}


def changed(path: str, value: object) -> object:
    """FULL with one value replaced; None takes it away."""
    content = json.loads(json.dumps(FULL))
    *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    place = content
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_the_format_is_that_of_replay_with_other_keys_left_alone():
    truth = parse_truth(FULL, "x")
    assert truth.lines["door"].events == (Event(t_s=5.0, inward=True),)
    assert (truth.lines["door"].in_, truth.lines["door"].out) == (1, 0)
    (visit,) = truth.zones["shoes"].visits
    assert (visit.start_s, visit.end_s, visit.seconds, visit.ended) == (1.5, 4.0, 2.5, "lost")


def test_time_away_is_no_dwell():
    assert Visit(start_s=1.0, end_s=60.0, dwell_s=20.0).seconds == 20.0


def test_lines_alone_and_zones_alone_are_enough():
    assert parse_truth({"lines": {}}, "x").zones == {}
    assert parse_truth({"zones": {"a": {"visits": []}}}, "x").zones["a"].visits == ()


def test_the_truth_of_the_demo_is_one():
    truth = read_truth(ROOT / "edge/demo/shop.truth.json")
    assert len(truth.lines["door"].events) == 47
    assert list(truth.zones) == ["beauty", "shoes"]


def test_the_examples_of_the_documentation_are_truths():
    text = (ROOT / "docs/evaluation.md").read_text(encoding="utf-8")
    full, short = (
        parse_truth(json.loads(example), "x") for example in re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    )
    assert full.lines["door"].in_ == len(full.lines["door"].events) == len(full.zones["shoes"].visits) == 1
    assert len(short.lines["exit"].events) == len(short.zones["table"].visits) == 2


def test_the_short_form_of_one_line_and_one_zone():
    truth = parse_truth(
        {"line": {"name": "exit"}, "in_at_s": [3], "out_at_s": [1.5], "zone": {"name": "t"}, "visits_s": [[1, 2.5]]},
        "x",
    )
    assert truth.lines["exit"].events == (Event(t_s=3.0, inward=True), Event(t_s=1.5, inward=False))
    assert truth.lines["exit"].in_ is None, "settled counts are not in the short form"
    assert truth.zones["t"].visits[0].seconds == 1.5


def test_the_truth_of_the_real_clip_is_in_the_short_form():
    truth = read_truth(asset("clips/one-by-one-person-detection.truth.json"))
    assert [event.inward for event in truth.lines["exit"].events] == [False] * 6
    assert len(truth.zones["table"].visits) == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("lines/door/events/0/t_s", "5"), "lines.door.events[0].t_s: expected a valid number, got '5'"),
        (changed("lines/door/events/0/t_s", True), "lines.door.events[0].t_s: expected a valid number, got True"),
        (changed("lines/door/events/0/t_s", -1), "lines.door.events[0].t_s: expected seconds from the start"),
        (changed("lines/door/events/0/t_s", 1e300), "lines.door.events[0].t_s: expected seconds from the start"),
        (changed("lines/door/events/0/t_s", None), "lines.door.events[0]: expected the key t_s, got {'inward': True}"),
        (
            changed("lines/door/events/0/inward", "in"),
            "lines.door.events[0].inward: expected a valid boolean, got 'in'",
        ),
        (changed("lines/door/events", None), "lines.door: expected the key events, got {'in': 1"),
        (changed("lines/door/events", {}), "lines.door.events: expected a valid array, got {}"),
        (changed("lines/door/in", -1), "lines.door.in: expected greater than or equal to 0, got -1"),
        (changed("lines/door", []), "lines.door: expected an object, got []"),
        (changed("lines", 3), "lines: expected an object, got 3"),
        (
            changed("zones/shoes/visits/0/end_s", 1.5),
            "zones.shoes.visits[0]: expected end_s after start_s, got 1.5 to 1.5",
        ),
        (changed("zones/shoes/visits/0/dwell_s", -3), "zones.shoes.visits[0].dwell_s: expected seconds"),
        ([1], "expected an object with lines or zones, got [1]"),
        ({"events": []}, "expected the key lines, zones, in_at_s, out_at_s or visits_s, got ['events']"),
        ({"out_at_s": [1]}, "line.name: expected the name of the line, got None"),
        ({"visits_s": [[1, 2]], "zone": 3}, "zone.name: expected the name of the zone, got None"),
        ({"out_at_s": 5, "line": {"name": "a"}}, "expected in_at_s and out_at_s to be lists of seconds"),
        ({"visits_s": [[1]], "zone": {"name": "a"}}, "visits_s: expected a list of [start, end] in seconds, got [[1]]"),
        ({"out_at_s": ["x"], "line": {"name": "a"}}, "lines.a.events[0].t_s: expected a valid number, got 'x'"),
    ],
)
def test_a_wrong_truth_is_told_with_place_expectation_and_finding(content, message):
    with pytest.raises(EdgeError, match=re.escape(f"clip.json: {message}")):
        parse_truth(content, "clip.json")


def test_of_many_problems_some_are_told():
    content = {"lines": {"a": {"events": [{"t_s": "x", "inward": 1}] * 4}}}
    with pytest.raises(EdgeError, match=r"events\[0\].t_s: .*; .*events\[0\].inward: .*; and 5 more$"):
        parse_truth(content, "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "expected JSON, got b''"),
        (b"line,door", "expected JSON, got b'line,door'"),
        (b'{"lines": {"a": {"events": [{"t_s": NaN, "inward": true}]}}}', "lines.a.events[0].t_s: expected"),
        (b"\xff\xfe{", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
    ],
)
def test_a_file_that_is_no_truth_is_told(tmp_path: Path, text, message):
    path = tmp_path / "truth.json"
    path.write_bytes(text)
    with pytest.raises(EdgeError, match=re.escape(f"{path}: {message}")):
        read_truth(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(EdgeError, match=r"none.json: expected a readable truth file, got: No such file"):
        read_truth(tmp_path / "none.json")
    with pytest.raises(EdgeError, match="got: Is a directory"):
        read_truth(tmp_path)
