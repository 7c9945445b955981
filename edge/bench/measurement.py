"""The result of one measured run, as plain numbers that can be written as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.bench.stages import NETWORK, STAGES, Stages
from edge.bench.verdict import Load
from edge.errors import CameraError

LEAST = 20
"""Pictures below which a median and a p95 say nothing."""


@dataclass(frozen=True)
class Stage:
    """One stage: in how many pictures it ran, its median and p95 there, and its part of all the time."""

    name: str
    pictures: int
    median_ms: float
    p95_ms: float
    share: float


@dataclass(frozen=True)
class Measurement:
    """One run of the service over a clip, from its first counted picture on.

    Attributes:
        pictures: That were looked at, if only by the gate.
        fps: Pictures looked at per second of video.
        cpu_s_per_video_s: Processor time, all threads.
        busy_cpu_s_per_video_s: What it would be if the network looked at every picture.
        network_share: The part of the pictures that the network looked at.
        busy_p95_ms: Of a picture that the network looked at, all stages.
        peak_mb: Most memory that the process ever held.
        start_s: From the start of the process to the first counted picture.
        waited: The part of the time in which the process had no processor: others were using the box.
    """

    pictures: int
    seconds: float
    width: int
    height: int
    fps: float
    stages: tuple[Stage, ...]
    median_ms: float
    p95_ms: float
    busy_p95_ms: float
    cpu_s_per_video_s: float
    busy_cpu_s_per_video_s: float
    network_share: float
    peak_mb: float
    start_s: float
    waited: float

    @property
    def load(self) -> Load:
        """What of it a verdict needs."""
        return Load(self.cpu_s_per_video_s, self.busy_cpu_s_per_video_s, self.busy_p95_ms, self.fps, self.peak_mb)


def measurement(stages: Stages, source: str, *, cpu_s: float, peak_mb: float, start_s: float) -> Measurement:
    """Sums up what the stopwatches say.

    Args:
        stages: After the run.
        source: Named in errors.
        cpu_s: Processor time from the first counted picture to the end.
        peak_mb: Of the process.
        start_s: Until the first counted picture.

    Raises:
        CameraError: There were too few pictures, or none that a network looked at.
    """
    if len(stages.whole_ms) < LEAST:
        raise CameraError(f"{source}: expected a clip of more than {LEAST} pictures, got {len(stages.whole_ms) + 1}")
    if not stages.busy_ms:
        raise CameraError(f"{source}: expected a clip in which something moves, so that the network runs")
    wall_s, seconds = sum(stages.whole_ms) / 1000.0, stages.seconds
    pictures = len(stages.whole_ms)
    fps = pictures / seconds
    # Where threads share the work, a picture takes more of the processor than of the clock.
    crowded = cpu_s / wall_s
    busy = float(np.mean(stages.busy_ms)) / 1000.0 * fps * crowded
    return Measurement(
        pictures=pictures,
        seconds=seconds,
        width=stages.size[1],
        height=stages.size[0],
        fps=fps,
        stages=tuple(_stage(name, stages.ms[name], wall_s) for name in STAGES if stages.ms[name]),
        median_ms=_quantile(stages.whole_ms, 50),
        p95_ms=_quantile(stages.whole_ms, 95),
        busy_p95_ms=_quantile(stages.busy_ms, 95),
        cpu_s_per_video_s=cpu_s / seconds,
        busy_cpu_s_per_video_s=max(busy, cpu_s / seconds),
        network_share=len(stages.ms[NETWORK]) / pictures,
        peak_mb=peak_mb,
        start_s=start_s,
        waited=max(0.0, 1.0 - crowded),
    )


def _stage(name: str, ms: Sequence[float], wall_s: float) -> Stage:
    return Stage(name, len(ms), _quantile(ms, 50), _quantile(ms, 95), sum(ms) / 1000.0 / wall_s)


def _quantile(ms: Sequence[float], percent: float) -> float:
    return float(np.percentile(np.asarray(ms), percent))
