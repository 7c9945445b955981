"""Tracks compared with people, and trackers behind one face."""

import sys

import numpy as np
import pytest

from edge.errors import EdgeError
from edge.evaluation.motchallenge import Boxes, Sequence
from edge.evaluation.peers import OURS, PEERS, Edge, available
from edge.evaluation.tracking import Quality, compare, quality, track

FPS, SIZE = 10.0, (1000, 500)


def boxes(*lefts: float, ids: bool = True) -> Boxes:
    """People of 40 x 100 pixels side by side."""
    corners = np.array([[left, 100.0, left + 40.0, 200.0] for left in lefts]).reshape(-1, 4)
    return Boxes(corners, np.arange(len(lefts)) if ids else np.full(len(lefts), -1), np.full(len(lefts), 0.9))


def walk(pictures: int = 30) -> Sequence:
    """Two people who walk side by side."""
    ways = [(100.0 + 5.0 * n, 400.0 + 5.0 * n) for n in range(pictures)]
    people = tuple(boxes(*way) for way in ways)
    return Sequence(FPS, SIZE, people, tuple(boxes(*way, ids=False) for way in ways))


@pytest.fixture
def metrics():
    return pytest.importorskip("trackers.eval", reason="the package trackers of the extra [dev] is not installed")


@pytest.fixture
def alone(monkeypatch):
    """As if no package of trackers were installed."""
    for name in ("trackers", "trackers.eval", "ultralytics", "ultralytics.utils", "supervision"):
        monkeypatch.setitem(sys.modules, name, None)


def test_our_tracker_keeps_who_is_who():
    tracks = track(walk(), Edge(FPS, SIZE))
    assert len({tuple(ids.tolist()) for ids, _ in tracks}) == 1
    assert tracks[7][1] == pytest.approx(walk().people[7].corners, abs=0.01)


def test_who_is_only_predicted_is_no_answer():
    sequence = walk(20)
    gap = Sequence(FPS, SIZE, sequence.people, (*sequence.detections[:-1], boxes(ids=False)))
    assert [len(ids) for ids, _ in track(gap, Edge(FPS, SIZE))][-2:] == [2, 0]


@pytest.mark.usefixtures("alone")
def test_without_their_packages_the_others_are_skipped_and_it_is_said_why():
    found, skipped = available(FPS, SIZE)
    assert list(found) == [OURS]
    assert [*found, *skipped] == list(PEERS)
    assert all("not installed" in reason for reason in skipped.values())


@pytest.mark.usefixtures("alone")
def test_without_the_package_of_the_metrics_the_error_names_the_extra():
    with pytest.raises(
        EdgeError, match=r"expected the package trackers, .* got: .*trackers.*; install the extra \[dev\]"
    ):
        compare(walk())


@pytest.mark.usefixtures("metrics")
def test_perfect_tracks_are_perfect():
    people = walk().people
    perfect = [(who.ids + 40, who.corners) for who in people]
    assert quality(people, perfect) == Quality(hota=1.0, idf1=1.0, mota=1.0, id_switches=0)


@pytest.mark.usefixtures("metrics")
def test_an_exchange_of_ids_in_the_middle_costs_what_the_papers_say():
    people = walk(40).people
    swapped = [(who.ids if n < 20 else 1 - who.ids, who.corners) for n, who in enumerate(people)]
    found = quality(people, swapped)
    assert found.id_switches == 2
    assert found.mota == pytest.approx(1 - 2 / 80)
    assert found.idf1 == pytest.approx(0.5)
    assert found.hota == pytest.approx((1 / 3) ** 0.5)  # AssA: 20 common of 40 + 40 - 20, DetA: 1


@pytest.mark.usefixtures("metrics")
def test_a_missed_and_an_invented_box_cost_the_same_in_mota():
    people = walk(10).people
    tracks = [(who.ids, who.corners) for who in people]
    missed = [(tracks[0][0][:1], tracks[0][1][:1]), *tracks[1:]]
    extra = boxes(100.0, 400.0, 800.0)
    invented = [(extra.ids, extra.corners), *tracks[1:]]
    assert quality(people, missed).mota == quality(people, invented).mota == pytest.approx(0.95)


@pytest.mark.usefixtures("metrics")
def test_no_tracks_at_all_are_worth_nothing():
    people = walk(5).people
    nothing = [(np.empty(0, np.int64), np.empty((0, 4)))] * 5
    assert quality(people, nothing) == Quality(hota=0.0, idf1=0.0, mota=0.0, id_switches=0)


@pytest.mark.usefixtures("metrics")
def test_all_trackers_that_are_here_see_the_same_boxes():
    result = compare(walk(60))
    assert (result.frames, result.people, result.detections) == (60, 2, 120)
    assert next(iter(result.found)) == OURS
    assert result.found[OURS] == Quality(hota=pytest.approx(1.0, abs=1e-3), idf1=1.0, mota=1.0, id_switches=0)  # type: ignore[arg-type]
    for found in result.found.values():
        assert found.id_switches == 0
        assert found.idf1 > 0.9, "others wait some pictures before they name somebody"
    assert list(result.to_json()["trackers"][OURS]) == ["hota", "idf1", "mota", "id_switches"]
