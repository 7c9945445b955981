"""Drawn films of a shop whose truth is known, as real video files, and a small network that finds the one who walks.

A person is the brightest thing in the picture: the network says where that is, so that what it finds is exact, and what
is tested is everything around it. Everything else (noise, light, size and rate of the pictures) is up to the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge.config import Camera, Config, parse
from tests.adapters.test_detector import save

Image = NDArray[np.uint8]
HEIGHT, WIDTH = 90, 160
SEEN_H, SEEN_W = 96, 160
"""Of the network's input."""
BODY_H, BODY_W = 0.4, 0.12
"""Of the person, in fractions of the picture."""
CONFIG = """\
site: shop
device: box
cameras:
  - name: entrance
    source: {source}
    model: {model}
    lines: [{{name: door, points: [[0.05, 0.6], [0.95, 0.6]], inside: [0.5, 0.9]}}]
    zones: [{{name: table, polygon: [[0.3, 0.7], [0.7, 0.7], [0.7, 0.98], [0.3, 0.98]]}}]
"""


@dataclass(frozen=True)
class Walk:
    """Who comes, stands at the table and goes again: (time, x, foot) at the corners; gone before and after."""

    corners: tuple[tuple[float, float, float], ...]

    def at(self, t: float) -> tuple[float, float] | None:
        times, xs, feet = zip(*self.corners, strict=True)
        if not times[0] <= t <= times[-1]:
            return None
        return float(np.interp(t, times, xs)), float(np.interp(t, times, feet))


def visit(start_s: float, stay_s: float) -> Walk:
    """In through the door, `stay_s` at the table, out again: 2.5 s each way."""
    return Walk(
        (
            (start_s, 0.5, 0.42), (start_s + 2.5, 0.5, 0.88),
            (start_s + 2.5 + stay_s, 0.5, 0.88), (start_s + 5.0 + stay_s, 0.5, 0.42),
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Film:
    """What a camera shows.

    Attributes:
        walks: Who walks when; one at a time.
        seconds: Length.
        fps: Rate of the pictures.
        size: Height and width, by time.
        spoil: Changes a picture (H, W) of brightness as the camera, the light or the sensor would.
    """

    walks: tuple[Walk, ...]
    seconds: float
    fps: int = 10
    size: Callable[[float], tuple[int, int]] = lambda _: (HEIGHT, WIDTH)
    spoil: Callable[[Image, float], Image] = lambda image, _: image
    _rooms: dict[tuple[int, int], Image] = field(default_factory=dict)

    def picture(self, t: float) -> Image:
        """The picture of an instant, uint8 (H, W)."""
        height, width = self.size(t)
        if (height, width) not in self._rooms:
            coarse = np.random.default_rng(3).integers(30, 130, (9, 16)).astype(np.uint8)
            rows, columns = np.arange(height) * 9 // height, np.arange(width) * 16 // width
            self._rooms[height, width] = coarse[rows][:, columns]
        image = self._rooms[height, width].copy()
        for walk in self.walks:
            if (at := walk.at(t)) is not None:
                top, foot = round((at[1] - BODY_H) * height), round(at[1] * height)
                left, right = round((at[0] - BODY_W / 2) * width), round((at[0] + BODY_W / 2) * width)
                image[max(0, top) : foot, left:right] = 235
        return self.spoil(image, t)

    def save(self, path: Path) -> Path:
        """Writes it as a video, H.264."""
        parts: list[list[tuple[int, Image]]] = []
        for number in range(round(self.seconds * self.fps)):
            image = self.picture(number / self.fps)
            if not parts or parts[-1][-1][1].shape != image.shape:
                parts.append([])
            parts[-1].append((number, image))
        # A transport stream can be put together of parts, as a camera sends it that is set anew.
        path.write_bytes(b"".join(_encoded(path, part, self.fps) for part in parts))
        return path


def _encoded(path: Path, frames: list[tuple[int, Image]], fps: int) -> bytes:
    part = path.with_suffix(".part.ts")
    with av.open(str(part), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "12"})
        stream.height, stream.width = frames[0][1].shape
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, fps)
        for number, image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return part.read_bytes()


def network(path: Path) -> Path:
    """Writes the network: one box around everything brighter than 200, with a score of 0.9 when there is anything.

    It has to be a body: twenty points of the input at least. Input: 1 x 3 x 96 x 160, 0..255.
    """
    node, floats = helper.make_node, TensorProto.FLOAT
    nodes = [
        node("ReduceMean", ["images"], ["grey"], axes=[1], keepdims=0),  # 1 x H x W
        node("Greater", ["grey", "bright"], ["isbody"]),
        node("Cast", ["isbody"], ["body"], to=floats),
        node("ReduceMax", ["body"], ["columns"], axes=[1], keepdims=0),  # 1 x W
        node("ReduceMax", ["body"], ["rows"], axes=[2], keepdims=0),  # 1 x H
        *_ends(node, "columns", "width", "x"),
        *_ends(node, "rows", "height", "y"),
        node("ReduceSum", ["body"], ["area"], keepdims=0),
        node("Greater", ["area", "least"], ["isthere"]),
        node("Cast", ["isthere"], ["there"], to=floats),
        node("Mul", ["there", "sure"], ["score"]),
        node("Reshape", ["score", "one"], ["scores"]),
        node("Concat", ["x0", "y0", "x1", "y1", "scores", "class"], ["flat"], axis=0),
        node("Reshape", ["flat", "shape"], ["output"]),
    ]
    constants: dict[str, NDArray[Any]] = {
        "bright": np.array(200.0, np.float32), "least": np.array(20.0, np.float32), "sure": np.array(0.9, np.float32),
        "width": np.arange(1, SEEN_W + 1, dtype=np.float32), "height": np.arange(1, SEEN_H + 1, dtype=np.float32),
        "width_back": np.arange(SEEN_W, 0, -1, dtype=np.float32),
        "height_back": np.arange(SEEN_H, 0, -1, dtype=np.float32),
        "width_all": np.array([SEEN_W], np.float32), "height_all": np.array([SEEN_H], np.float32),
        "one": np.array([1], np.int64), "class": np.array([0.0], np.float32), "shape": np.array([1, 1, 6], np.int64),
    }  # fmt: skip
    save(path, nodes, [("images", floats, (1, 3, SEEN_H, SEEN_W))], constants, (floats, (1, 1, 6)))
    path.with_name(path.name + ".yaml").write_text("{layout: end2end, scale: 1, colour: bgr, person_class: 0}\n")
    return path


def _ends(node: Any, marks: str, along: str, axis: str) -> list[Any]:
    """First and last marked place along an axis, as lengths from its beginning."""
    return [
        node("Mul", [marks, along], [f"{axis}_far"]),
        node("ReduceMax", [f"{axis}_far"], [f"{axis}1_"], keepdims=0),
        node("Mul", [marks, f"{along}_back"], [f"{axis}_near"]),
        node("ReduceMax", [f"{axis}_near"], [f"{axis}_left"], keepdims=0),
        node("Sub", [f"{along}_all", f"{axis}_left"], [f"{axis}0"]),
        node("Reshape", [f"{axis}1_", "one"], [f"{axis}1"]),
    ]


def camera_config(folder: Path, source: Path) -> Config:
    """A configuration with the camera of such a film, and its network."""
    model = folder / "brightest.onnx"
    if not model.exists():
        network(model)
    return parse(CONFIG.format(source=source, model=model))


def camera(folder: Path, source: Path, **changes: object) -> Camera:
    """The camera alone, with other values for some of its keys."""
    return camera_config(folder, source).cameras[0].model_copy(update=changes)
