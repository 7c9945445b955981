"""People in a picture, found through ultralytics: for .pt and .engine files only, which onnxruntime does not run.

Owns the calls into that package, which is AGPL-3.0, brings torch, and is an extra that the service does without. Offers
the same interface as detector.py.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.message import Provider
from edge.core.model_facts import ModelFacts
from edge.core.types import Detections, Frame
from edge.errors import ModelError

SUFFIXES = (".pt", ".engine")


class UltralyticsDetector:
    """A detector of people that runs what ultralytics loads.

    Args:
        path: Of a .pt or .engine file.
        facts: Name, hash, class of people, thresholds and input size; the package knows layout and pixels itself.
        score_threshold: Instead of that of the facts.

    Attributes:
        name: Of the model, as it is published.
        sha256: Of the model file.
        last_ms: Milliseconds that the last `detect` took, all of it; None before the first.
        provider: None, as `provider_wanted` is: the package decides what runs it.

    Raises:
        ModelError: The package is missing, or the file is none that it can load.
    """

    def __init__(self, path: Path, facts: ModelFacts, *, score_threshold: float | None = None) -> None:
        if path.suffix not in SUFFIXES:
            raise ModelError(f"{path}: expected a file ending in {' or '.join(SUFFIXES)}, got {path.suffix!r}")
        if not path.is_file():
            raise ModelError(f"{path}: expected a model file, found none")
        self._path = path
        self._person_class = facts.person_class
        self._options: dict[str, Any] = {
            "classes": [facts.person_class],
            "conf": facts.score_threshold if score_threshold is None else score_threshold,
            "iou": facts.iou_threshold,
            "verbose": False,
        }
        if facts.input:
            self._options["imgsz"] = (facts.input.height, facts.input.width)
        self._model = _load(path)
        self._check()
        self.name = facts.name
        self.sha256 = facts.sha256
        self.last_ms: float | None = None
        self.provider: Provider | None = None
        self.provider_wanted: Provider | None = None

    def detect(self, frame: Frame) -> Detections:
        """People in a frame, with the frame's time and aspect.

        Raises:
            ModelError: The package cannot run the model.
        """
        started_s = time.perf_counter()
        found = self._predict(frame.image).boxes
        people = _array(found.cls) == self._person_class
        boxes, scores = _array(found.xyxyn)[people], _array(found.conf)[people]
        height, width = frame.image.shape[:2]
        detections = Detections.sanitised(boxes, scores, frame.mono_s, width / height)
        self.last_ms = (time.perf_counter() - started_s) * 1000.0
        return detections

    def _predict(self, image: NDArray[np.uint8]) -> Any:  # noqa: ANN401 - a class of an extra that may not be installed
        try:
            return self._model.predict(image, **self._options)[0]
        except Exception as error:  # noqa: BLE001 - whatever torch, TensorRT or the package raise
            raise ModelError(
                f"{self._path}: expected to run on a picture of {image.shape}, got: {_reason(error)}"
            ) from None

    def _check(self) -> None:
        """One run on an empty picture: the classes are known only after it, and the first frame does not wait."""
        answer = self._predict(np.zeros((64, 64, 3), np.uint8))
        if answer.boxes is None:
            raise ModelError(f"{self._path}: expected a network that gives boxes, got one that gives none")
        if self._person_class not in answer.names:
            classes = ", ".join(f"{index} {name}" for index, name in sorted(answer.names.items()))
            raise ModelError(f"{self._path}: expected a person_class out of {classes}, got {self._person_class}")


def _load(path: Path) -> Any:  # noqa: ANN401 - a class of an extra that may not be installed
    # Before the import: without these the package reports its use and installs what it misses, on its own.
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_AUTOINSTALL"] = "false"
    try:
        # The package logs for ever to what is standard output while it is imported; that belongs to `--json -`.
        with contextlib.redirect_stdout(sys.stderr):
            ultralytics = importlib.import_module("ultralytics")
    except ImportError as error:
        raise ModelError(
            f"{path}: expected the package ultralytics for a {path.suffix} file, got: {error}; install the extra "
            "[ultralytics] (its licence is AGPL-3.0), or export the model to ONNX"
        ) from None
    try:
        return ultralytics.YOLO(str(path), task="detect")
    except Exception as error:  # noqa: BLE001 - whatever torch, TensorRT or the package raise
        raise ModelError(f"{path}: expected a model that ultralytics can load, got: {_reason(error)}") from None


def _array(tensor: Any) -> NDArray[np.floating]:  # noqa: ANN401 - a tensor of torch
    return np.asarray(tensor.cpu().numpy())


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
