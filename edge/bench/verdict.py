"""What the times say: how many cameras a box holds. Pure numbers; it measures nothing and prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

USED = 0.7
"""The part of a processor that counting may take: the rest is for the system, the network, and for heat."""
_MEMORY_USED = 0.8

Limit = Literal["processor", "memory", "rate"]


@dataclass(frozen=True)
class Box:
    """What there is: processors this process may use, and megabytes of memory that are free."""

    processors: int
    free_mb: float


@dataclass(frozen=True)
class Load:
    """What one camera takes.

    Attributes:
        cpu: Processor seconds per second of video.
        busy_cpu: The same, if the network had to look at every picture.
        p95_ms: Of one picture that the network looked at.
        fps: Pictures looked at per second.
        peak_mb: Memory of its process.
    """

    cpu: float
    busy_cpu: float
    p95_ms: float
    fps: float
    peak_mb: float


@dataclass(frozen=True)
class Verdict:
    """How many cameras, and why not more.

    Attributes:
        cameras: Whatever they show.
        like_this: If all show what the clip shows; never less.
        limit: What ends first. `rate`: one picture takes longer than the time until the next one.
    """

    cameras: int
    like_this: int
    limit: Limit

    def words(self, fps: float) -> str:
        """The verdict as a sentence.

        >>> Verdict(3, 9, "processor").words(10)
        'This box holds 3 cameras at 10 fps, 9 if all are like this clip; the processor is the limit.'
        >>> Verdict(0, 2, "processor").words(10)
        'This box holds no camera at 10 fps, 2 if all are like this clip; the processor is the limit.'
        """
        if self.limit == "rate":
            return (
                f"This box does not keep up with one camera at {fps:g} fps: a picture takes longer than the time until "
                "the next. A lower detect_fps, a smaller model or more threads would help."
            )
        many = "no camera" if self.cameras == 0 else f"{self.cameras} camera{'s' * (self.cameras > 1)}"
        alike = f", {self.like_this} if all are like this clip" if self.like_this > self.cameras else ""
        return f"This box holds {many} at {fps:g} fps{alike}; the {self.limit} is the limit."


def judge(box: Box, load: Load) -> Verdict:
    """How many cameras of this load a box holds.

    >>> judge(Box(4, 3000), Load(cpu=0.05, busy_cpu=0.3, p95_ms=35.0, fps=10.0, peak_mb=95.0))
    Verdict(cameras=9, like_this=25, limit='processor')
    >>> judge(Box(4, 400), Load(cpu=0.05, busy_cpu=0.3, p95_ms=35.0, fps=10.0, peak_mb=95.0))
    Verdict(cameras=3, like_this=3, limit='memory')
    """
    if load.p95_ms > 1000.0 / load.fps:
        return Verdict(0, 0, "rate")
    by_memory = _whole(box.free_mb * _MEMORY_USED / load.peak_mb)
    room = box.processors * USED
    by_processor = _whole(room / load.busy_cpu)
    like_this = min(by_memory, max(by_processor, _whole(room / load.cpu)))
    return Verdict(min(by_memory, by_processor), like_this, "memory" if by_memory < by_processor else "processor")


def _whole(cameras: float) -> int:
    """Rounded down, but 2.8 / 0.4 is 7."""
    return int(cameras + 1e-9)
