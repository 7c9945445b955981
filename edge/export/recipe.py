"""The whole way from somebody's weights to files for the box: lean, perhaps in 8-bit integers, each with its sidecar.

Owns files and pictures; what is done to a network, lean.py and int8.py know.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from ruamel.yaml import YAML

from edge.adapters.camera import Camera
from edge.adapters.detector import Canvas, OnnxDetector
from edge.adapters.manifest import sha256_of
from edge.core.model_facts import InputSize, Layout, ModelFacts
from edge.core.types import Frame
from edge.errors import ModelError
from edge.export.agreement import Agreement, compare
from edge.export.graph import Graph
from edge.export.head import find_head
from edge.export.int8 import quantise
from edge.export.lean import input_size, is_lean, lean_size, make_lean, person_class, properties, with_fixed_input
from edge.export.vendor import export_weights

_WIDTH, _ASPECT = 640, 16 / 9
_LOW_SCORE = 0.1


@dataclass(frozen=True)
class Made:
    """A file that was written; how far it agrees with its source, and milliseconds a picture of both on one thread."""

    path: Path
    agreement: Agreement | None
    ms: float | None
    source_ms: float | None


@dataclass(frozen=True)
class Order:
    """What is wanted.

    Attributes:
        source: Weights of ultralytics (.pt), their export (.onnx), or a lean network that is to become 8-bit.
        folder: Where the files go.
        size: Of the input; None: as wide as the source's, in the shape of a camera's picture (16:9).
        person_class: Index of the class of people; None: the one that is called so.
        clip: Video file or folder of pictures to compare on, and to calibrate with.
        int8: Whether to make an 8-bit network too; needs a clip.
        pictures: Taken from the clip, evenly.
    """

    source: Path
    folder: Path
    size: InputSize | None = None
    person_class: int | None = None
    clip: str | None = None
    int8: bool = False
    pictures: int = 100


def export(order: Order) -> list[Made]:
    """Makes lean networks of somebody's weights.

    Raises:
        ModelError: The source is of a kind that cannot be made lean, or a file cannot be written.
        CameraError: The clip cannot be read.
    """
    if order.int8 and order.clip is None:
        raise ModelError("--int8: expected --clip with pictures of your camera to calibrate with, got none")
    frames = _frames(order.clip, order.pictures) if order.clip is not None else []
    with tempfile.TemporaryDirectory(prefix="edge-export-") as work:
        vendor = order.source
        if order.source.suffix == ".pt":
            vendor = export_weights(order.source, order.size or _camera_shape(_WIDTH), Path(work))
        try:
            order.folder.mkdir(parents=True, exist_ok=True)
            return _export(order, vendor, frames)
        except OSError as error:
            raise ModelError(f"{order.folder}: expected a folder to write into, got: {error.strerror}") from None
        except ModelError as error:
            raise ModelError(f"{order.source}: {str(error).removeprefix(f'{vendor}: ')}") from None


def _export(order: Order, vendor: Path, frames: Sequence[Frame]) -> list[Made]:
    graph = Graph.load(vendor)
    licence = properties(graph).get("license", "")
    lean, made, row = vendor, [], 0
    if is_lean(graph):
        size = lean_size(graph)
        followed = _detector(vendor, row, "person_grid") if frames else None
    else:
        graph = with_fixed_input(graph, order.size or _camera_shape(_WIDTH))
        head = find_head(graph, input_size(graph).width)
        row = person_class(graph) if order.person_class is None else order.person_class
        followed = _detector(vendor, row, None) if frames else None
        size = order.size or _camera_shape(input_size(graph).width)
        lean = order.folder / f"{order.source.stem}-{size.height}x{size.width}.onnx"
        before = input_size(graph)
        onnx.save(make_lean(graph, head, size, row).model, str(lean))
        try:
            made.append(_judged(lean, followed, frames))
        except ModelError as error:
            lean.unlink()
            raise ModelError(
                f"expected a network that can do with an input of {size.height}x{size.width} instead of "
                f"{before.height}x{before.width} (if not, export it with that imgsz first), got: {error}"
            ) from None
        _write_sidecar(lean, size, order.source, licence)
    if order.int8:
        target = order.folder / f"{lean.stem}-int8.onnx"
        quantise(lean, target, _tensors(frames, size))
        _write_sidecar(target, size, order.source, licence)
        made.append(_judged(target, followed, frames))
    return made


def _judged(path: Path, followed: OnnxDetector | None, frames: Sequence[Frame]) -> Made:
    """A new file, loaded once in any case, and compared where there are pictures."""
    detector = _detector(path, 0, "person_grid")
    if followed is None:
        return Made(path, None, None, None)
    pairs, took_ms = [], []
    for frame in frames:
        pairs.append((followed.detect(frame), detector.detect(frame)))
        took_ms.append((followed.last_ms or 0.0, detector.last_ms or 0.0))
    source_ms, ms = np.median(np.array(took_ms), axis=0)
    return Made(path, compare(pairs), float(ms), float(source_ms))


def _detector(path: Path, row: int, layout: Layout | None) -> OnnxDetector:
    facts = ModelFacts(name="export", sha256=sha256_of(path), layout=layout, person_class=row)
    return OnnxDetector(path, facts, score_threshold=_LOW_SCORE)


def _camera_shape(width: int) -> InputSize:
    """A size for pictures of 16:9, rounded up so that the whole width is used."""
    return InputSize(32 * math.ceil(width / _ASPECT / 32), width)


def _frames(clip: str, wanted: int) -> list[Frame]:
    """Pictures of a clip, spread over all of it."""
    with Camera(clip, speed="max", reconnect=False) as camera:
        if camera.live:
            raise ModelError(f"--clip: expected a video file or a folder of pictures, got the camera {camera.shown}")
        duration_s = camera.duration_s
    rate = wanted / duration_s if duration_s else 1.0
    with Camera(clip, max_fps=rate, speed="max", reconnect=False) as camera:
        return [frame for frame in islice(camera.frames(), wanted) if frame is not None]


def _tensors(frames: Sequence[Frame], size: InputSize) -> Iterator[NDArray[np.uint8]]:
    """Pictures as the detector feeds them to a lean network."""
    facts = ModelFacts(name="export", sha256="0" * 64).settled("person_grid")
    for frame in frames:
        canvas = Canvas(frame.size, size, np.uint8, facts)
        canvas.fill(frame)
        yield canvas.tensor


def _write_sidecar(path: Path, size: InputSize, source: Path, licence: str) -> None:
    """What the detector has to know of a file, in the form of models/README.md."""
    facts = {
        "layout": "person_grid",
        "input": {"height": size.height, "width": size.width},
        "sha256": sha256_of(path),
        "licence": licence,
        "source": f"edge models export of {source.name}",
    }
    with path.with_name(path.name + ".yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(facts, file)
