"""How many cameras a box holds: the whole number below every limit."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.bench.verdict import USED, Box, Load, Verdict, judge

PI = Load(cpu=0.1, busy_cpu=0.4, p95_ms=45.0, fps=10.0, peak_mb=95.0)


def test_a_picture_must_be_done_before_the_next_one():
    assert judge(Box(4, 2000), replace(PI, p95_ms=101.0)) == Verdict(0, 0, "rate")
    assert "does not keep up" in Verdict(0, 0, "rate").words(10)
    assert judge(Box(4, 2000), replace(PI, p95_ms=101.0, fps=5.0)).cameras > 0


def test_what_ends_first_is_the_limit():
    assert judge(Box(4, 2000), PI) == Verdict(7, 16, "processor")
    assert judge(Box(4, 300), PI) == Verdict(2, 2, "memory")


def test_words_for_one_and_for_none():
    assert Verdict(1, 1, "memory").words(10).startswith("This box holds 1 camera at 10 fps; ")
    assert Verdict(0, 0, "memory").words(5).startswith("This box holds no camera at 5 fps; ")


@given(
    st.builds(Box, processors=st.integers(1, 64), free_mb=st.floats(50, 64_000)),
    st.floats(0.001, 2),
    st.floats(1, 10),
    st.floats(20, 2000),
)
def test_what_is_promised_fits(box, cpu, factor, peak_mb):
    load = Load(cpu, cpu * factor, 50.0, 10.0, peak_mb)
    verdict = judge(box, load)
    room, hair = box.processors * USED, 1 + 1e-6
    assert 0 <= verdict.cameras <= verdict.like_this
    assert verdict.cameras * load.busy_cpu <= room * hair
    assert verdict.like_this * load.cpu <= room * hair
    assert verdict.like_this * peak_mb <= box.free_mb
    one_more = verdict.cameras + 1
    assert one_more * load.busy_cpu * hair > room or one_more * peak_mb * hair > 0.8 * box.free_mb
