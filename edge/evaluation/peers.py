"""Trackers behind one face: ours, and what a user would pick instead, as far as it is installed.

Each is used as its makers document it, with their defaults; those that take a frame rate are told it. "As ours" is told
our score thresholds and patience as well, because what suits a detector says nothing about a tracker. Wrapping boxes
into the objects a tracker wants is apart from tracking, so that a benchmark times the tracking alone.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.core.rules import TrackerRule
from edge.core.tracker import Tracker
from edge.core.types import Detections, Tracks
from edge.evaluation.motchallenge import Boxes

OURS = "edge"
Answer = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Ids (M,) and corners (M, 4) in pixels of the people that were seen in one picture."""


class Peer(Protocol):
    """A tracker for one sequence."""

    def wrap(self, boxes: Boxes, mono_s: float) -> Any:  # noqa: ANN401 - what this tracker takes
        """The boxes of a picture as this tracker takes them."""

    def update(self, wrapped: Any) -> Any:  # noqa: ANN401 - what this tracker takes and gives
        """Tracks one picture."""

    def unwrap(self, answer: Any) -> Answer:  # noqa: ANN401 - what this tracker gives
        """What `update` gave, as ids and corners."""


Maker = Callable[[float, tuple[int, int]], Peer]
"""Makes a tracker for pictures per second and (width, height)."""


class Edge:
    """The tracker of this project; people who are only predicted are not among its answers."""

    def __init__(self, fps: float, size: tuple[int, int]) -> None:
        del fps  # it goes by time stamps
        self._size = size
        self._scale = np.array([*size, *size], np.float64)
        self._tracker = Tracker(TrackerRule())

    def wrap(self, boxes: Boxes, mono_s: float) -> Detections:
        """Corners become fractions of the frame."""
        fractions = (boxes.corners / self._scale).astype(np.float32)
        return Detections(fractions, boxes.scores.astype(np.float32), mono_s, self._size[0] / self._size[1])

    def update(self, wrapped: Detections) -> Tracks:
        """One picture."""
        return self._tracker.update(wrapped)

    def unwrap(self, answer: Tracks) -> Answer:
        """Those that were seen."""
        return answer.ids[answer.observed], answer.boxes[answer.observed].astype(np.float64) * self._scale


class Ultralytics:
    """ByteTrack as ultralytics has it (AGPL-3.0), with its bytetrack.yaml."""

    def __init__(self, fps: float, size: tuple[int, int]) -> None:
        del fps  # it counts pictures
        # Before the import: without these the package reports its use and installs what it misses, on its own.
        os.environ["YOLO_OFFLINE"] = "true"
        os.environ["YOLO_AUTOINSTALL"] = "false"
        os.environ.setdefault("YOLO_VERBOSE", "false")  # it talks on stdout, where our JSON may go
        utils, checks = (
            importlib.import_module("ultralytics.utils"),
            importlib.import_module("ultralytics.utils.checks"),
        )
        self._boxes = importlib.import_module("ultralytics.engine.results").Boxes
        self._shape = (size[1], size[0])
        options = utils.YAML.load(checks.check_yaml("bytetrack.yaml"))
        tracker: Any = importlib.import_module("ultralytics.trackers.byte_tracker").BYTETracker
        self._tracker = tracker(SimpleNamespace(**options))

    def wrap(self, boxes: Boxes, mono_s: float) -> Any:  # noqa: ANN401 - a class of an extra
        """Rows of corners, score and class."""
        del mono_s
        rows = np.column_stack([boxes.corners, boxes.scores, np.zeros(len(boxes.scores))]).astype(np.float32)
        return self._boxes(rows, self._shape)

    def update(self, wrapped: Any) -> Any:  # noqa: ANN401
        """One picture."""
        return self._tracker.update(wrapped)

    def unwrap(self, answer: Any) -> Answer:  # noqa: ANN401
        """Corners stand in the first four columns, ids in the fifth."""
        rows = np.asarray(answer, np.float64).reshape(-1, 8)
        return rows[:, 4].astype(np.int64), rows[:, :4]


class Roboflow:
    """A tracker of Roboflow's package `trackers`."""

    def __init__(self, name: str, fps: float, **options: float) -> None:
        self._supervision: Any = importlib.import_module("supervision")
        self._tracker: Any = getattr(importlib.import_module("trackers"), name)(frame_rate=fps, **options)

    def wrap(self, boxes: Boxes, mono_s: float) -> Any:  # noqa: ANN401 - a class of an extra
        """Detections of supervision."""
        del mono_s
        return self._supervision.Detections(xyxy=boxes.corners.astype(np.float32), confidence=boxes.scores)

    def update(self, wrapped: Any) -> Any:  # noqa: ANN401
        """One picture."""
        return self._tracker.update(wrapped)

    def unwrap(self, answer: Any) -> Answer:  # noqa: ANN401
        """Without those that have no id yet."""
        ids = np.asarray(answer.tracker_id, np.int64)
        return ids[ids >= 0], np.asarray(answer.xyxy, np.float64).reshape(-1, 4)[ids >= 0]


_RULE = TrackerRule()
_AS_OURS = {
    "high_conf_det_threshold": _RULE.high_score,
    "lost_track_buffer": round(30 * _RULE.lost_s),  # it is counted at 30 pictures a second, whatever the rate
    "minimum_consecutive_frames": 1,
}
PEERS: dict[str, Maker] = {
    OURS: Edge,
    "ultralytics ByteTrack": Ultralytics,
    "trackers ByteTrack": lambda fps, _: Roboflow("ByteTrackTracker", fps),
    "trackers ByteTrack, as ours": lambda fps, _: Roboflow(
        "ByteTrackTracker", fps, track_activation_threshold=_RULE.high_score, **_AS_OURS
    ),
    "trackers OC-SORT": lambda fps, _: Roboflow("OCSORTTracker", fps),
    "trackers OC-SORT, as ours": lambda fps, _: Roboflow("OCSORTTracker", fps, **_AS_OURS),
}


def available(fps: float, size: tuple[int, int]) -> tuple[dict[str, Peer], dict[str, str]]:
    """A tracker of each kind that can be imported, and why the others cannot."""
    found: dict[str, Peer] = {}
    skipped: dict[str, str] = {}
    for name, make in PEERS.items():
        try:
            found[name] = make(fps, size)
        except ImportError as error:
            skipped[name] = f"because its package is not installed: {error}"
    return found, skipped
