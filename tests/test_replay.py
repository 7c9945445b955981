"""The tally and the rows of a replay, without files and without a command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from edge.config import Camera, Config, parse
from edge.core.pipeline import Pipeline, Step
from edge.core.types import Detections
from edge.observer import Observation
from edge.replay import RowWriter, Tally, replay
from tests.commands import CONFIG
from tests.core.scene import Camera as Scene
from tests.core.scene import Person

UTC_S = 1_795_392_000.0
WALK = (Person(((0.0, 320.0, 180.0), (1.0, 320.0, 180.0), (3.0, 320.0, 400.0), (23.0, 330.0, 400.0))),)
"""Over the line (at y = 264) and into the zone (from y = 312 on), to stay there."""


@pytest.fixture
def config() -> Config:
    return parse(CONFIG)


def pipeline(camera: Camera) -> Pipeline:
    return Pipeline(camera.line_rules(), camera.zone_rules(), camera.tracker_rule())


def observations(start_s: float = 0.0) -> Iterator[Observation]:
    for seen in Scene(fps=10.0).film(WALK, ids=False):
        assert isinstance(seen, Detections)
        yield Observation(Detections(seen.boxes, seen.scores, start_s + seen.mono_s, seen.aspect), None)


def counted(tally: Tally) -> dict[str, Any]:
    return {key: value for key, value in tally.to_json().items() if key != "cpu_s"}


def test_it_adds_up_what_was_seen_and_lists_it_one_by_one(config):
    camera = config.cameras[0]
    result = replay(observations(), camera, pipeline(camera)).to_json()

    assert (result["frames"], result["seconds"]) == (231, 23.0)
    assert 0.0 < result["cpu_s"] < 60.0
    door = result["lines"]["door"]
    assert (door["in"], door["out"], door["in_raw"], door["out_raw"]) == (1, 0, 1, 0)
    (event,) = door["events"]
    assert event == {"t_s": pytest.approx(1.76, abs=0.1), "inward": True}
    (visit,) = result["zones"]["table"]["visits"]
    assert visit["start_s"] == pytest.approx(2.2, abs=0.1)
    assert (visit["end_s"], visit["ended"]) == (23.0, "lost")


@pytest.mark.parametrize("live", [False, True])
def test_times_count_from_the_start_of_a_file_but_from_the_opening_of_a_camera(config, live):
    """A camera's clock began when the machine did; a file's first picture is its zero, whatever is cut off."""
    camera = config.cameras[0]
    tally = replay(observations(start_s=5000.0), camera, pipeline(camera), zero_s=5000.0 if live else 0.0)
    here = replay(observations(), camera, pipeline(camera))
    shift_s = 0.0 if live else 5000.0
    assert tally.seconds == pytest.approx(23.0)
    (event,), (true,) = (t.to_json()["lines"]["door"]["events"] for t in (tally, here))
    assert event["t_s"] - shift_s == pytest.approx(true["t_s"], abs=0.002)
    (visit,), (stay,) = (t.to_json()["zones"]["table"]["visits"] for t in (tally, here))
    assert visit["start_s"] - shift_s == pytest.approx(stay["start_s"], abs=0.002)
    assert visit["dwell_s"] == pytest.approx(stay["dwell_s"], abs=0.002)


def test_moments_without_a_picture_change_nothing(config):
    camera = config.cameras[0]
    sparse = (item for observation in observations() for item in (None, observation, None))
    assert counted(replay(sparse, camera, pipeline(camera))) == counted(
        replay(observations(), camera, pipeline(camera))
    )


def test_nothing_seen_is_a_result_too(config):
    camera = config.cameras[0]
    result = replay(iter([None]), camera, pipeline(camera)).to_json()
    assert (result["frames"], result["seconds"]) == (0, 0.0)
    assert result["lines"]["door"]["events"] == result["zones"]["table"]["visits"] == []


def test_ctrl_c_ends_it_and_what_was_counted_stays(config):
    camera = config.cameras[0]

    def interrupted() -> Iterator[Observation]:
        for index, observation in enumerate(observations()):
            if index == 60:
                raise KeyboardInterrupt
            yield observation

    tally = replay(interrupted(), camera, pipeline(camera))
    assert tally.frames == 60
    assert tally.to_json()["lines"]["door"]["in_raw"] == 1


def test_a_tap_sees_every_picture_with_what_was_counted_in_it(config):
    camera, tapped = config.cameras[0], list[tuple[Observation, Step]]()
    replay(observations(), camera, pipeline(camera), taps=[lambda seen, step: tapped.append((seen, step))])
    assert len(tapped) == 231
    assert all(step.mono_s == observation.seen.mono_s for observation, step in tapped)
    assert [event.kind for _, step in tapped for event in step.events if event.kind == "in_raw"] == ["in_raw"]


@pytest.mark.parametrize("start_s", [0.0, 777_777.7])
def test_rows_have_the_time_that_the_first_picture_is_said_to_have(config, start_s):
    """Twenty seconds before a full minute: whatever the source's own clock says."""
    camera = config.cameras[0]
    rows = RowWriter(config, camera, line := pipeline(camera), UTC_S - 20.0)
    replay(observations(start_s), camera, line, rows=rows)

    topics = [message.topic.rpartition("box/")[2] for message in rows.messages]
    assert topics == ["line/door", "total/door", "zone/table", "occupancy"] * 2
    assert [message.seq for message in rows.messages if message.series == "line/door"] == [1, 2]
    first, second = (message.payload for message in rows.messages if message.series == "zone/table")
    assert b'"start":"2026-11-22T23:59:00Z","end":"2026-11-23T00:00:00Z","observed_s":20.0' in first
    assert b'"start":"2026-11-23T00:00:00Z","end":"2026-11-23T00:01:00Z","observed_s":3.0' in second
    assert (b'"lost":0' in first, b'"lost":1' in second) == (True, True)


def test_rows_of_nothing_are_none(config):
    camera = config.cameras[0]
    rows = RowWriter(config, camera, line := pipeline(camera), UTC_S)
    replay(iter([]), camera, line, rows=rows)
    assert rows.messages == []


def test_the_same_pictures_give_the_same_bytes(config):
    camera, written = config.cameras[0], []
    for _ in range(2):
        rows = RowWriter(config, camera, line := pipeline(camera), UTC_S)
        replay(observations(), camera, line, rows=rows)
        written.append([message.payload for message in rows.messages])
    assert written[0] == written[1]
