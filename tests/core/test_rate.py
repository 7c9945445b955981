import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.rate import Pace, RateLimit


def taken(times: list[float], max_fps: float | None) -> list[int]:
    limit = RateLimit(max_fps)
    return [index for index, time_s in enumerate(times) if limit.take(time_s)]


@pytest.mark.parametrize(
    ("source_fps", "max_fps", "every"), [(10, 5, 2), (10, 10, 1), (30, 10, 3), (30, 5, 6), (60, 12, 5), (5, 30, 1)]
)
@pytest.mark.parametrize("start_s", [0.0, 1_234_567.1])
@pytest.mark.parametrize("digits", [3, 12])
def test_takes_every_nth_picture_of_a_steady_source(source_fps, max_fps, every, start_s, digits):
    times = [round(start_s + index / source_fps, digits) for index in range(3000)]
    assert taken(times, max_fps) == list(range(0, 3000, every))


def test_takes_every_picture_without_a_limit():
    assert taken([0.0, 0.0, 0.001, 5.0], None) == [0, 1, 2, 3]


def test_a_source_at_the_limit_keeps_every_picture_in_spite_of_jitter():
    noise = random.Random(1)
    times = [index / 10 + (noise.uniform(-0.02, 0.02) if index else 0.0) for index in range(2000)]
    assert taken(times, 10) == list(range(2000))


def test_a_source_a_little_slower_than_nominal_is_thinned_evenly():
    times = [index / 29.97 for index in range(9000)]
    chosen = taken(times, 10)
    steps = [after - before for before, after in itertools.pairwise(chosen)]
    assert set(steps) <= {2, 3}
    assert len(chosen) / times[-1] == pytest.approx(10, rel=0.01)


@pytest.mark.parametrize("source_fps", [12, 15, 25, 50])
def test_reaches_the_rate_when_the_source_is_no_multiple_of_it(source_fps):
    times = [index / source_fps for index in range(source_fps * 60)]
    assert len(taken(times, 10)) == pytest.approx(600, abs=3)


def test_no_burst_after_a_gap():
    times = [index / 30 for index in range(30)] + [60 + index / 30 for index in range(60)]
    after = [times[index] for index in taken(times, 10) if times[index] >= 60]
    assert len(after) == pytest.approx(20, abs=1)


@given(st.lists(st.floats(0, 0.5), min_size=2, max_size=300), st.floats(1, 30))
def test_never_exceeds_the_rate_by_more_than_one_picture(gaps, max_fps):
    times = [math.fsum(gaps[:count]) for count in range(len(gaps))]
    chosen = taken(times, max_fps)
    assert len(chosen) <= times[-1] * max_fps + 2


@given(st.lists(st.floats(0, 0.5), min_size=2, max_size=200), st.floats(1, 30))
def test_never_leaves_a_hole_of_two_periods_where_there_are_pictures(gaps, max_fps):
    times = [math.fsum(gaps[:count]) for count in range(len(gaps))]
    chosen = set(taken(times, max_fps))
    last = 0.0
    for index, time_s in enumerate(times):
        assert index in chosen or time_s - last < 2 / max_fps
        last = time_s if index in chosen else last


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf])
def test_refuses_a_rate_that_is_none(bad):
    with pytest.raises(ValueError, match="max_fps"):
        RateLimit(bad)


def paced(times: list[float], wait_s: float) -> list[float]:
    pace, looked = Pace(), []
    for time_s in times:
        if not pace.can_wait(time_s, wait_s):
            pace.looked(time_s)
            looked.append(time_s)
    return looked


@pytest.mark.parametrize(
    ("fps", "wait_s", "every"), [(10, 0.4, 4), (10, 0.2, 2), (5, 0.4, 2), (5, 0.2, 1), (30, 0.2, 6)]
)
def test_a_pace_is_kept_in_spite_of_jitter(fps, wait_s, every):
    noise = random.Random(1)
    times = [index / fps + noise.uniform(-0.1, 0.1) / fps for index in range(600)]
    assert len(paced(times, wait_s)) == pytest.approx(600 / every, rel=0.02)


def test_nothing_waits_that_may_not():
    times = [index / 10 for index in range(50)]
    assert paced(times, 0.0) == times
    assert paced([0.0, 1.0, 2.0, 3.0], 0.4) == [0.0, 1.0, 2.0, 3.0]


@given(st.lists(st.floats(0.001, 0.5), min_size=2, max_size=200), st.floats(0.05, 1.0))
def test_no_look_is_later_than_it_may_be_by_more_than_half_a_picture(gaps, wait_s):
    times = [math.fsum(gaps[:count]) for count in range(len(gaps))]
    looked = paced(times, wait_s)
    longest_s = max(gaps)
    assert all(after - before <= wait_s + longest_s for before, after in itertools.pairwise(looked))
