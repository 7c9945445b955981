"""One run of supervision's LineZone with Roboflow's ByteTrack and onnxruntime: `python -m ... SPEC.json BEGAN_S`.

supervision brings no detector: this is the loop that its documentation shows, around a network in the layout of YOLOv8.
"""

from __future__ import annotations

import importlib
import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.stopwatch import Stopwatch

_IOU = 0.5
_SCORE = 0.1


def main() -> None:
    """Counts one clip."""
    spec: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    watch = Stopwatch(float(sys.argv[2]), Path(spec["report"]))
    cv2: Any = importlib.import_module("cv2")
    cv2.setNumThreads(1)
    onnxruntime: Any = importlib.import_module("onnxruntime")
    supervision: Any = importlib.import_module("supervision")
    trackers: Any = importlib.import_module("trackers")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(spec["model"], options, providers=["CPUExecutionProvider"])
    video = cv2.VideoCapture(spec["clip"])
    width, height = video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT)
    zone = _zone(supervision, [(x * width, y * height) for x, y in spec["line"]], spec["anchor"])
    inside = np.array([spec["inside"]]) * (width, height)
    inward = _is_inward(supervision, [(x * width, y * height) for x, y in spec["line"]], inside[0])
    tracker = trackers.ByteTrackTracker(frame_rate=spec["fps"] / spec["stride"], **spec["tracker"])
    pictures = taken = 0
    while video.grab() and pictures / spec["fps"] < spec["seconds"]:
        if pictures % spec["stride"] == 0:
            boxes, scores = _people(cv2, session, video.retrieve()[1], spec["size"])
            seen = supervision.Detections(xyxy=boxes, confidence=scores, class_id=np.zeros(len(scores), int))
            zone.trigger(tracker.update(seen.with_nms(_IOU)))
            watch.counted()
            taken += 1
        pictures += 1
    ways = (zone.in_count, zone.out_count) if inward else (zone.out_count, zone.in_count)
    version = ", ".join(f"{name} {metadata.version(name)}" for name in ("supervision", "trackers"))
    watch.finish(pictures=taken, counts={"in": ways[0], "out": ways[1]}, version=version, nms="supervision")


def _zone(supervision: Any, line: list[tuple[float, float]], anchor: str | None) -> Any:  # noqa: ANN401
    start, end = (supervision.Point(*corner) for corner in line)
    options = {"triggering_anchors": [getattr(supervision.Position, anchor)]} if anchor else {}
    return supervision.LineZone(start, end, **options)


def _is_inward(supervision: Any, line: list[tuple[float, float]], inside: Any) -> bool:  # noqa: ANN401
    """Whether what the zone calls in is our inside: asked of the zone, with a box that goes there."""
    zone = _zone(supervision, line, "CENTER")
    middle = np.mean(np.array(line), axis=0)
    across = np.array([line[1][1] - line[0][1], line[0][0] - line[1][0]])
    across *= np.sign(np.dot(across, inside - middle)) * 0.1
    for place in (middle - across, middle + across):
        corners = np.concatenate((place - 1, place + 1))[None]
        zone.trigger(supervision.Detections(xyxy=corners, tracker_id=np.array([1]), class_id=np.array([0])))
    return bool(zone.in_count)


def _people(cv2: Any, session: Any, image: Any, size: list[int]) -> tuple[Any, Any]:  # noqa: ANN401
    """Corners in pixels and scores, doubles among them, through the letterbox that the family is used to."""
    ratio = min(size[0] / image.shape[0], size[1] / image.shape[1])
    height, width = round(image.shape[0] * ratio), round(image.shape[1] * ratio)
    taken = np.full((*size, 3), 114, np.uint8)
    taken[:height, :width] = cv2.resize(image, (width, height))
    tensor = cv2.dnn.blobFromImage(taken, 1 / 255, swapRB=True)
    (output,) = session.run(None, {session.get_inputs()[0].name: tensor})
    columns = output[0]
    rows = columns[:, columns[4] >= _SCORE].T
    centres, sides = rows[:, :2], rows[:, 2:4]
    return np.concatenate((centres - sides / 2, centres + sides / 2), axis=1) / ratio, rows[:, 4]


if __name__ == "__main__":
    main()
