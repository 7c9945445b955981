"""Whether the model is the right file, and fast enough on this box."""

from __future__ import annotations

import statistics
import time

import numpy as np

from edge.adapters import manifest
from edge.adapters.recording import is_recording
from edge.config import Camera as CameraConfig
from edge.core.types import Frame
from edge.doctor.finding import Finding, judged
from edge.errors import ModelError
from edge.observer import open_detector

WARM_UP, TIMED = 2, 10
TIGHT = 0.7
"""Of the time that there is for one picture: the rest is for decoding, tracking, and a hot day."""


def examine_model(camera: CameraConfig, frame: Frame | None) -> list[Finding]:
    """Hash and speed of the model, on a picture of the camera when there is one."""
    expected = "a model file whose hash is the declared one, and which can be loaded"
    if is_recording(camera.source):
        return [Finding("model.file", "skipped", "a recording of boxes, which needs no model", expected)]
    try:
        found = manifest.resolve(camera.model)
        detector = open_detector(camera, camera.model)
        if frame is None:
            frame = Frame(np.full((720, 1280, 3), 128, np.uint8), 0.0, 0)
        times_ms = []
        for _ in range(WARM_UP + TIMED):
            started_s = time.perf_counter()
            detector.detect(frame)
            times_ms.append(1000.0 * (time.perf_counter() - started_s))
    except ModelError as error:
        return [Finding("model.file", "failure", str(error), expected, "see: edge models list, edge models pull")]
    known = "declared" if found.entry.source or found.entry.url else "own"
    saw = f"{found.path}, {known} model {found.entry.name}, sha256 {found.sha256[:12]}…"
    return [Finding("model.file", "ok", saw, expected), _speed(camera, statistics.median(times_ms[WARM_UP:]))]


def _speed(camera: CameraConfig, median_ms: float) -> Finding:
    budget_ms = 1000.0 / camera.detect_fps
    share = median_ms / budget_ms
    return judged(
        "model.speed",
        "failure" if share > 1.0 else "warning" if share > TIGHT else "ok",
        f"{median_ms:.1f} ms per picture, {share:.0%} of the time that there is",
        f"at most {budget_ms:.0f} ms: {camera.detect_fps:g} pictures per s",
        "take a smaller model, a lower detect_fps, or more threads",
    )
