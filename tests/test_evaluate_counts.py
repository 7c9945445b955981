"""Matching counted crossings and visits with true ones, and what the scores and intervals say."""

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Camera, parse
from edge.errors import ConfigError, EdgeError
from edge.evaluation.clips import evaluate
from edge.evaluation.confidence import bias_interval, rate_interval, ratio_interval, share_interval
from edge.evaluation.counts import (
    LineScore,
    Score,
    ZoneScore,
    compare_line,
    compare_zone,
    pair_spans,
    pair_times,
    spread,
)
from edge.evaluation.truth import Event, Line, Visit
from tests.commands import CANARY, ROOT, network

SHOP = ROOT / "edge/demo/shop.jsonl"
SHOP_TRUTH = ROOT / "edge/demo/shop.truth.json"


def line(*events: tuple[float, bool], **settled: int) -> Line:
    return Line(events=tuple(Event(t_s=t_s, inward=inward) for t_s, inward in events), **settled)


def visit(start_s: float, end_s: float, **facts: object) -> Visit:
    return Visit(start_s=start_s, end_s=end_s, **facts)  # type: ignore[arg-type]


@pytest.fixture
def camera() -> Camera:
    return parse((ROOT / "edge/demo/demo.yaml").read_text()).cameras[0]


def most_pairs(true_s: list[float], counted_s: list[float], tolerance_s: float) -> int:
    """By trying everything, smaller side first: for few times only."""
    if not true_s or not counted_s:
        return 0
    without = most_pairs(true_s[1:], counted_s, tolerance_s)
    near = [j for j, at_s in enumerate(counted_s) if abs(at_s - true_s[0]) <= tolerance_s]
    return max([without, *(1 + most_pairs(true_s[1:], counted_s[:j] + counted_s[j + 1 :], tolerance_s) for j in near)])


quarters = st.lists(st.integers(0, 20).map(lambda n: n / 4), max_size=5).map(sorted)


@given(quarters, quarters)
def test_no_pairing_within_the_tolerance_finds_more(true_s, counted_s):
    pairs = pair_times(true_s, counted_s, 1.0)
    assert len(pairs) == most_pairs(true_s, counted_s, 1.0)
    assert all(abs(true_s[i] - counted_s[j]) <= 1.0 for i, j in pairs)
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in combinations(pairs, 2))


@given(quarters, quarters)
def test_the_two_sides_can_be_swapped(true_s, counted_s):
    assert len(pair_times(true_s, counted_s, 1.0)) == len(pair_times(counted_s, true_s, 1.0))


@pytest.mark.parametrize(
    ("true", "counted", "expected"),
    [
        # (true, counted, matched) inwards and outwards
        ([(5.0, True)], [(5.4, True)], [(1, 1, 1), (0, 0, 0)]),
        ([(5.0, True)], [(6.0, True)], [(1, 1, 1), (0, 0, 0)]),
        ([(5.0, True)], [(6.01, True)], [(1, 1, 0), (0, 0, 0)]),
        ([(5.0, True)], [(5.0, False)], [(1, 0, 0), (0, 1, 0)]),
        ([(5.0, True)], [(5.0, True), (5.1, True)], [(1, 2, 1), (0, 0, 0)]),
        ([(5.0, True), (5.1, True)], [(5.0, True)], [(2, 1, 1), (0, 0, 0)]),
        ([(9.0, False), (5.0, True)], [(5.0, True), (9.5, False)], [(1, 1, 1), (1, 1, 1)]),
        ([], [], [(0, 0, 0), (0, 0, 0)]),
    ],
)
def test_crossings_are_matched_one_to_one_by_time_and_direction(true, counted, expected):
    score, _ = compare_line(line(*true), line(*counted), 1.0)
    assert [score.inward, score.outward] == [Score(*numbers) for numbers in expected]


def test_what_differs_at_a_line_is_listed_in_the_order_of_time():
    true = line((3.0, False), (1.0, True), (8.0, True))
    score, difference = compare_line(true, line((8.2, True), (20.0, False), (10.0, True)))
    assert difference.to_json() == {
        "missed": [{"t_s": 1.0, "inward": True}, {"t_s": 3.0, "inward": False}],
        "invented": [{"t_s": 10.0, "inward": True}, {"t_s": 20.0, "inward": False}],
    }
    assert score.errors_s == pytest.approx([0.2])


def test_settled_counts_are_compared_when_both_sides_know_them():
    known, unknown = line(in_=4, out=2), line((1.0, True))
    first, _ = compare_line(known, line(in_=5, out=2))
    second, _ = compare_line(unknown, line(in_=1, out=0))
    assert first.to_json()["settled"] == {
        "in": {"true": 4, "counted": 5, "bias": 0.25},
        "out": {"true": 2, "counted": 2, "bias": 0.0},
    }
    assert second.settled is None
    assert (first + first).settled == (8, 10, 4, 4)
    assert (LineScore() + first).settled == first.settled
    assert (first + second).settled is None, "a sum over clips needs all of them"


@pytest.mark.parametrize(
    ("true", "counted", "pairs"),
    [
        ([(10, 20)], [(10.5, 19)], [(0, 0)]),
        ([(10, 20)], [(21, 30)], []),
        ([(10, 20)], [(18, 40)], []),  # 2 s shared of 10
        ([(10, 20)], [(15, 40)], [(0, 0)]),
        ([(10, 30)], [(11, 14), (15, 29)], [(0, 1)]),  # broken in two: the better part is the visit
        ([(10, 30), (12, 33)], [(12.1, 33), (10, 29)], [(0, 1), (1, 0)]),  # two people at once
        ([(10, 30), (12, 33)], [(11, 31)], [(0, 0)]),
        ([], [(1, 2)], []),
    ],
)
def test_visits_are_matched_by_what_they_share(true, counted, pairs):
    assert pair_spans([visit(*span) for span in true], [visit(*span) for span in counted]) == pairs


def test_errors_of_dwell_are_counted_minus_true():
    true = [visit(10, 20), visit(40, 60, dwell_s=12.0), visit(80, 90), visit(95, 97)]
    counted = [visit(10, 19.5), visit(41, 60, dwell_s=13.0, ended="lost"), visit(120, 130)]
    score, difference = compare_zone(true, counted, stop_s=3.0)
    assert score.visits == Score(true=3, counted=3, matched=2), "the one of 2 s is a pass"
    assert score.errors_s == (-0.5, 1.0)
    assert score.left_errors_s == (-0.5,)
    assert score.end_not_seen == 1
    assert difference.to_json() == {
        "missed": [{"start_s": 80.0, "end_s": 90.0}],
        "invented": [{"start_s": 120.0, "end_s": 130.0}],
    }
    assert (score + ZoneScore()) == score
    assert score.to_json()["dwell_error_s"] == {"median": 0.75, "p95": 0.975, "mean": 0.25}


def test_a_spread_of_nothing_is_nothing():
    assert spread([]) == {"median": None, "p95": None, "mean": None}


def test_a_score_says_what_its_numbers_mean():
    score = Score(true=20, counted=18, matched=15)
    assert (score.missed, score.invented) == (5, 3)
    assert [score.recall, score.precision, score.bias] == pytest.approx([0.75, 15 / 18, -0.1])
    swapped = Score(true=18, counted=20, matched=15)
    assert (swapped.recall, swapped.precision) == (score.precision, score.recall)
    assert list(score.to_json()) == [
        *("true", "counted", "matched", "missed", "invented"),
        *("recall", "recall_ci", "precision", "precision_ci", "bias", "bias_ci"),
    ]


def test_where_nothing_happened_there_is_no_share_to_speak_of():
    nothing = Score(true=0, counted=2).to_json()
    assert [nothing[key] for key in ("recall", "recall_ci", "bias", "bias_ci")] == [None] * 4
    assert (nothing["precision"], nothing["invented"]) == (0.0, 2)
    assert Score(true=2).to_json()["precision"] is None


# The intervals.


@pytest.mark.parametrize(
    ("hits", "of", "expected"),
    [(8, 10, (0.4902, 0.9433)), (0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (0, 0, (0.0, 1.0))],
)
def test_the_interval_of_a_share_is_wilsons(hits, of, expected):
    assert share_interval(hits, of) == pytest.approx(expected, abs=1e-4)


def test_the_interval_of_a_rate_has_the_roots_of_the_score_test():
    """At both ends the observed number lies 1.96 standard deviations from the expected one."""
    for events in (0, 1, 7, 300):
        low, high = rate_interval(events, 50)
        for rate in (low, high):
            if rate > 0.0:
                assert abs(events - 50 * rate) / np.sqrt(50 * rate) == pytest.approx(1.96, abs=0.001)
        assert low <= events / 50 <= high


@given(st.integers(1, 500).flatmap(lambda true: st.tuples(st.integers(0, true), st.integers(0, 500), st.just(true))))
def test_the_interval_of_the_bias_holds_the_bias_and_is_never_a_point(numbers):
    missed, invented, true = numbers
    low, high = bias_interval(missed, invented, true)
    assert low <= (invented - missed) / true <= high
    assert low < high


@pytest.mark.parametrize(("true", "miss", "invention"), [(30, 0.05, 0.05), (200, 0.1, 0.02), (1000, 0.01, 0.01)])
def test_the_interval_of_the_bias_covers_the_truth_as_often_as_it_says(true, miss, invention):
    rng = np.random.default_rng(3)
    missed, invented = rng.binomial(true, miss, 4000), rng.poisson(true * invention, 4000)
    covered = [
        low <= invention - miss <= high
        for low, high in (bias_interval(int(m), int(i), true) for m, i in zip(missed, invented, strict=True))
    ]
    assert 0.93 <= np.mean(covered) < 0.996


def test_the_interval_over_clips_covers_the_truth_where_errors_come_in_bursts():
    """Three quarters of the clips are counted well and a quarter is not; the plain interval is far too narrow there."""
    rng = np.random.default_rng(5)
    covered, covered_plainly = [], []
    for _ in range(1000):
        sizes = rng.integers(50, 150, 20)
        missed = rng.binomial(sizes, np.where(rng.uniform(size=20) < 0.25, 0.15, 0.01))
        low, high = ratio_interval(missed.tolist(), sizes.tolist()) or (0.0, 0.0)
        covered.append(low <= 0.25 * 0.15 + 0.75 * 0.01 <= high)
        low, high = share_interval(int(missed.sum()), int(sizes.sum()))
        covered_plainly.append(low <= 0.25 * 0.15 + 0.75 * 0.01 <= high)
    assert np.mean(covered) > 0.88
    assert np.mean(covered_plainly) < 0.7


@pytest.mark.parametrize("of", [[], [100], [0, 0, 0]])
def test_one_clip_says_nothing_of_the_next_one(of):
    assert ratio_interval([0] * len(of), of) is None


# Whole clips.


def test_the_demo_is_counted_as_its_truth_says(camera):
    result = evaluate(camera, [(str(SHOP), SHOP_TRUTH)]).to_json()
    door = result["lines"]["door"]
    assert (door["in"]["matched"], door["out"]["matched"]) == (27, 20)
    assert (door["both"]["recall"], door["both"]["precision"], door["both"]["bias"]) == (1.0, 1.0, 0.0)
    assert door["settled"]["in"] == {"true": 24, "counted": 24, "bias": 0.0}
    assert all(zone["missed"] == zone["invented"] == 0 for zone in result["zones"].values())
    assert all(zone["dwell_error_s"]["p95"] < 0.5 for zone in result["zones"].values())
    (clip,) = result["clips"]
    assert (clip["frames"], clip["lines"]["door"]) == (2400, {"missed": [], "invented": []})


def test_what_a_truth_has_more_or_less_is_missed_or_invented_at_its_place(camera, tmp_path):
    content = json.loads(SHOP_TRUTH.read_text())
    events = content["lines"]["door"]["events"]
    gone = events.pop(3)
    events.append({"t_s": 150.5, "inward": True})
    (tmp_path / "truth.json").write_text(json.dumps(content))
    result = evaluate(camera, [(str(SHOP), tmp_path / "truth.json"), (str(SHOP), SHOP_TRUTH)]).to_json()
    both = result["lines"]["door"]["both"]
    assert (both["true"], both["counted"], both["matched"]) == (94, 94, 93)
    first, second = (clip["lines"]["door"] for clip in result["clips"])
    assert first["missed"] == [{"t_s": 150.5, "inward": True}]
    assert [event["t_s"] for event in first["invented"]] == [pytest.approx(gone["t_s"], abs=0.3)]
    assert second == {"missed": [], "invented": []}


def test_a_truth_of_another_configuration_is_refused(camera, tmp_path):
    path = tmp_path / "truth.json"
    path.write_text('{"lines": {"exit": {"events": []}}}')
    with pytest.raises(EdgeError, match=r"truth.json: lines: expected names of the configuration \(door\), got 'exit'"):
        evaluate(camera, [(str(SHOP), path)])


def test_a_truth_that_goes_on_after_its_clip_is_refused(camera, tmp_path):
    path = tmp_path / "truth.json"
    path.write_text('{"lines": {"door": {"events": [{"t_s": 5, "inward": true}, {"t_s": 400, "inward": true}]}}}')
    with pytest.raises(EdgeError, match=r"lines.door.events: expected times within .*shop.jsonl.* 240.9 s, got 400"):
        evaluate(camera, [(str(SHOP), path)])


def test_a_live_source_has_no_truth_and_its_address_is_not_shown(camera, tmp_path):
    seeing = camera.model_copy(update={"model": str(network(tmp_path / "grey.onnx"))})
    with pytest.raises(
        ConfigError, match="expected a file, a folder of pictures or a recording, got a live source"
    ) as told:
        evaluate(seeing, [(f"rtsp://admin:{CANARY}@127.0.0.1:1/x", SHOP_TRUTH)])
    assert CANARY not in str(told.value)
