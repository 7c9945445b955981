"""The tracker: who is followed under one id, and whom it gives up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.rules import TrackerRule
from edge.core.tracker import FLEETING_S, Tracker
from edge.core.types import Detections, Tracks

ASPECT = 1.5
PERSON = (0.40, 0.30, 0.48, 0.70)


def seen(t: float, *boxes: tuple[float, ...], scores: tuple[float, ...] | None = None) -> Detections:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(array, np.array(scores or (0.9,) * len(boxes), np.float32), t, ASPECT)


def moved(x: float, y: float = 0.0) -> tuple[float, ...]:
    return PERSON[0] + x, PERSON[1] + y, PERSON[2] + x, PERSON[3] + y


def ids(tracks: Tracks) -> list[int]:
    return sorted(tracks.ids.tolist())


@pytest.mark.parametrize("fps", [3.0, 5.0, 10.0, 30.0])
def test_a_walking_person_is_one_track_at_every_frame_rate(fps):
    """1.5 body heights a second: a brisk walk. The boxes shown are those that were detected, without lag."""
    tracker = Tracker(TrackerRule())
    for i in range(int(2 * fps)):
        t = i / fps
        box = moved(-0.3 + 1.5 * 0.4 * t / ASPECT)
        tracks = tracker.update(seen(t, box))
        assert ids(tracks) == [1]
        assert tracks.observed.tolist() == [True]
        np.testing.assert_allclose(tracks.boxes, [box], atol=1e-6)


def test_two_people_who_pass_each_other_keep_their_ids():
    tracker = Tracker(TrackerRule())
    for i in range(31):
        shift = 0.3 - 0.02 * i
        tracks = tracker.update(seen(i / 10, moved(shift), moved(-shift, 0.12)))
    by_id = dict(zip(tracks.ids.tolist(), tracks.boxes[:, 0].tolist(), strict=True))
    assert by_id[1] == pytest.approx(moved(-0.3)[0], abs=1e-5)
    assert by_id[2] == pytest.approx(moved(0.3)[0], abs=1e-5)


def test_a_weak_box_continues_a_track_but_starts_none():
    rule = TrackerRule()
    tracker = Tracker(rule)
    assert ids(tracker.update(seen(0.0, PERSON, scores=(rule.high_score - 0.01,)))) == []
    assert ids(tracker.update(seen(0.1, PERSON, scores=(rule.high_score,)))) == [1]
    weak = tracker.update(seen(0.2, PERSON, scores=(rule.low_score,)))
    assert weak.observed.tolist() == [True]
    ignored = tracker.update(seen(0.3, PERSON, scores=(rule.low_score - 0.01,)))
    assert ignored.observed.tolist() == [False]


def test_a_second_box_on_the_same_person_is_not_another_person():
    tracker = Tracker(TrackerRule())
    for i in range(10):
        assert ids(tracker.update(seen(i / 10, PERSON, moved(0.005, 0.01)))) == [1]


def test_an_unseen_person_is_predicted_for_the_time_of_the_rule_and_then_given_up():
    tracker = Tracker(TrackerRule(lost_s=2.0))
    for i in range(10):
        tracker.update(seen(i / 10, moved(0.01 * i)))
    coasting = tracker.update(seen(1.0))
    assert (ids(coasting), coasting.observed.tolist()) == ([1], [False])
    assert coasting.boxes[0, 0] > moved(0.09)[0]
    assert ids(tracker.update(seen(0.9 + 2.0))) == [1]
    assert ids(tracker.update(seen(0.9 + 2.01))) == []


def test_what_was_seen_once_is_soon_forgotten():
    tracker = Tracker(TrackerRule())
    tracker.update(seen(0.0, PERSON))
    last = [ids(tracker.update(seen(t))) for t in (0.1, 0.3, FLEETING_S + 0.15, FLEETING_S + 0.3)]
    assert last[0] == [1]
    assert last[-1] == []


def test_an_hour_later_it_is_somebody_else():
    tracker = Tracker(TrackerRule())
    for i in range(10):
        tracker.update(seen(i / 10, PERSON))
    after = tracker.update(seen(3600.0, PERSON))
    assert (ids(after), after.observed.tolist()) == ([2], [True])
    assert np.isfinite(after.boxes).all()


def test_time_that_does_not_go_on_changes_nothing():
    tracker = Tracker(TrackerRule())
    first = tracker.update(seen(1.0, PERSON))
    for t in (1.0, 0.5, -3600.0):
        again = tracker.update(seen(t, moved(0.3), moved(-0.3)))
        assert ids(again) == ids(first)
        assert not again.observed.any()
        np.testing.assert_allclose(again.boxes, first.boxes, atol=1e-6)
    assert ids(tracker.update(seen(1.1, PERSON))) == [1]


def test_an_id_is_never_given_twice():
    tracker, given_out = Tracker(TrackerRule()), []
    for i in range(40):
        given_out.append(ids(tracker.update(seen(10.0 * i, moved(0.01 * (i % 7))))))
    assert given_out == [[i + 1] for i in range(40)]


@st.composite
def crowds(draw: st.DrawFn) -> list[Detections]:
    """Boxes that have nothing to do with each other, at times that are nearly at once or far apart."""
    t, film = 0.0, []
    for _ in range(draw(st.integers(1, 12))):
        t += draw(st.sampled_from([1e-9, 0.001, 0.1, 1.0, 100.0, 1e6]))
        rows = draw(st.lists(st.tuples(*[st.floats(0.0, 1.0, width=32)] * 5), max_size=6))
        table = np.array(rows, np.float32).reshape(-1, 5)
        film.append(Detections.sanitised(table[:, :4], table[:, 4], t, draw(st.sampled_from([ASPECT, 0.2, 9.0]))))
    return film


@given(crowds())
@settings(max_examples=100, deadline=None)
def test_every_person_has_one_id_and_every_box_one_person(film):
    tracker = Tracker(TrackerRule())
    for detections in film:
        tracks = tracker.update(detections)
        assert len(set(tracks.ids.tolist())) == len(tracks.ids)
        assert np.isfinite(tracks.boxes).all()
        shown = sorted(map(tuple, tracks.boxes[tracks.observed].tolist()))
        boxes = sorted(map(tuple, detections.boxes.tolist()))
        assert all(shown.count(box) <= boxes.count(box) for box in shown)
        assert tracks.mono_s == detections.mono_s


PARTS = {"legs": (0.41, 0.55, 0.47, 0.71), "all but the legs": (0.40, 0.30, 0.48, 0.50)}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_nobody_is_born_within_somebody(part):
    """Decision 25. Such boxes overlap the whole by a third or half: too little to be second boxes."""
    tracker = Tracker(TrackerRule())
    for i in range(10):
        tracks = tracker.update(seen(i / 10, PERSON, part))
    assert ids(tracks) == [1]
    assert tracks.boxes[0] == pytest.approx(PERSON)


def test_somebody_who_comes_out_from_within_somebody_is_born_then():
    tracker = Tracker(TrackerRule())
    child = (0.41, 0.52, 0.46, 0.70)
    for i in range(10):
        step = 0.004 * i
        tracks = tracker.update(seen(i / 10, PERSON, (child[0] + step, child[1], child[2] + step, child[3])))
        out = (child[2] + step - PERSON[2]) / (child[2] - child[0])
        assert ids(tracks) == ([1, 2] if out > 0.1 else [1])
    assert ids(tracks) == [1, 2]


def test_a_track_goes_on_within_somebody():
    tracker = Tracker(TrackerRule())
    child = (0.50, 0.52, 0.55, 0.70)
    for i in range(20):
        step = 0.01 * i
        tracks = tracker.update(seen(i / 10, PERSON, (child[0] - step, child[1], child[2] - step, child[3])))
        assert ids(tracks) == [1, 2]
        assert tracks.observed.all()
