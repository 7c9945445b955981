"""Which pictures of a stream to look at when there are more than are needed, by their time stamps alone.

It must not count pictures: cameras change their rate, drop pictures and jitter, and time-based counting has to survive
all of that.
"""

from __future__ import annotations

SMOOTHING = 1 / 8  # weight of the newest interval in the running estimate, as for round-trip times in RFC 6298


class RateLimit:
    """Takes the picture nearest to each tick of a schedule with `max_fps` ticks a second; None takes every picture.

    A picture is near enough when the next one, judging by the intervals seen so far, would be farther from the tick.
    The schedule keeps its grid as long as pictures are on time, so that the rate does not drift, and starts anew after
    a gap, so that no burst makes up for it.

    >>> limit = RateLimit(10)
    >>> [n for n in range(10) if limit.take(n / 30)]
    [0, 3, 6, 9]
    >>> limit = RateLimit(10)
    >>> [t for t in (0.0, 0.09, 0.21, 0.3, 0.39) if limit.take(t)]
    [0.0, 0.09, 0.21, 0.3, 0.39]

    Raises:
        ValueError: `max_fps` is not a positive number.
    """

    def __init__(self, max_fps: float | None) -> None:
        if max_fps is not None and not 0.0 < max_fps < float("inf"):
            raise ValueError(f"expected max_fps above 0, got {max_fps}")
        self._period_s = 1.0 / max_fps if max_fps else 0.0
        self._interval_s = 0.0
        self._last_s: float | None = None
        self._due_s = 0.0

    def take(self, mono_s: float) -> bool:
        """Whether to look at the picture of this time; call it once for every picture, with times that never fall."""
        if self._last_s is None:
            self._last_s = mono_s
            self._due_s = mono_s + self._period_s
            return True
        gap_s = min(mono_s - self._last_s, self._period_s)
        self._last_s = mono_s
        self._interval_s += (gap_s - self._interval_s) * (SMOOTHING if self._interval_s else 1.0)
        slack_s = self._interval_s / 2
        if mono_s + slack_s < self._due_s:
            return False
        on_time = mono_s <= self._due_s + slack_s
        self._due_s = (self._due_s if on_time else mono_s) + self._period_s
        return True


class Pace:
    """Says whether a look can wait for the next picture, when it may wait for some time.

    It can when the next one, judging by the last interval, will not come later than it may, or is at least nearer to
    that time than this one.

    >>> pace = Pace()
    >>> pace.looked(0.0)
    >>> [pace.can_wait(n / 10, wait_s=0.4) for n in (1, 2, 3, 4)]
    [True, True, True, False]
    """

    def __init__(self) -> None:
        self._looked_s = self._last_s = float("-inf")

    def looked(self, mono_s: float) -> None:
        """Somebody looked at the picture of this time."""
        self._looked_s = self._last_s = mono_s

    def can_wait(self, mono_s: float, wait_s: float) -> bool:
        """Whether the picture of this time need not be looked at; to be asked for each one in turn."""
        interval_s, self._last_s = mono_s - self._last_s, mono_s
        return mono_s - self._looked_s + interval_s / 2.0 < wait_s
