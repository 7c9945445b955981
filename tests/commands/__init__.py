"""What the tests of the command line share: running it, a configuration, and a scene that a tiny network understands.

In the scene somebody walks over the line into the zone and, later, back out. The grey of a picture says how far down
the feet are, and a network of three operations reads it: a whole path from pictures to counts without any asset.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge.cli import main
from tests.adapters.test_detector import save

ROOT = Path(__file__).parents[2]
CANARY = "c4n4ry-S3cret"
FPS = 10
HEIGHT, WIDTH = 64, 96
BODY = 0.3
"""Height of the box of the scene, in frame heights."""
CONFIG = """\
site: shop
device: box
cameras:
  - name: entrance
    source: walk.mp4
    model: grey.onnx
    lines: [{name: door, points: [[0.1, 0.55], [0.9, 0.55]], inside: [0.5, 0.9]}]
    zones: [{name: table, polygon: [[0.2, 0.65], [0.8, 0.65], [0.8, 0.97], [0.2, 0.97]]}]
    adaptive_rate: false  # the tests of it are tests/test_lookout.py; here pictures are told by their number
interval_s: 60
mqtt: {enabled: false}
"""
IN_S, OUT_S = 1.8, 13.2
VISIT_S = (2.2, 12.8)
"""When the walk crosses the line, and when the zone's edge."""


@dataclass(frozen=True)
class Outcome:
    """How one call of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    def json(self) -> Any:
        return json.loads(self.out)

    def failed(self, code: int, *words: object) -> None:
        """Checks an error as a user should meet it: exit code, place, expected and found, and no traceback."""
        assert self.code == code, self.said
        assert self.err.splitlines()[-1], "the error is the last that is said"
        assert "Traceback" not in self.said
        for word in words:
            assert str(word) in self.err
        if code != 2:
            assert "edge: " in self.err
            assert "expected" in self.err


def edge(capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """The command line in this process: fast."""
    capsys.readouterr()
    code: object = 0
    with patch.object(sys, "argv", ["edge", *map(str, arguments)]), patch.dict(os.environ, {"COLUMNS": "200"}):
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
    said = capsys.readouterr()
    assert isinstance(code, int)
    return Outcome(code, said.out, said.err)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "edge", *map(str, arguments)]


def process(*arguments: object, **environment: str) -> Outcome:
    """The command line as a process of its own, as a user runs it."""
    ended = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
    )
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


def feet(t: float) -> float:
    """How far down the feet are at time t, as a fraction of the frame."""
    return float(np.interp(t, [1.0, 3.0, 12.0, 14.0], [0.35, 0.85, 0.85, 0.35]))


def picture(number: int, fps: float = FPS) -> NDArray[np.uint8]:
    """The picture of that number: of one grey on average, 250 for feet at the lower edge, on a wallpaper of stripes.

    The way through the film's colours and back takes some two greys away; they are added here.
    """
    stripes = np.where(np.arange(WIDTH) // 8 % 2, 15, -15)  # without them the service would say that it is covered
    return np.broadcast_to(round(250 * feet(number / fps)) + 2 + stripes[:, None], (HEIGHT, WIDTH, 3)).astype(np.uint8)


def film(path: Path, seconds: float = 16.0) -> Path:
    """The scene as a video file."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for number in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def network(path: Path) -> Path:
    """A network that answers one person with the feet where the grey of the picture says."""
    per_grey = HEIGHT / 250
    box = np.array([0.4 * WIDTH, -BODY * HEIGHT, 0.6 * WIDTH, 0.0, 0.9, 0.0], np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["grey"], keepdims=0),
        helper.make_node("Mul", ["grey", "way"], ["moved"]),
        helper.make_node("Add", ["moved", "box"], ["flat"]),
        helper.make_node("Reshape", ["flat", "rows"], ["output"]),
    ]
    constants: dict[str, NDArray[Any]] = {
        "way": np.array([0, per_grey, 0, per_grey, 0, 0], np.float32),
        "box": box,
        "rows": np.array([1, 1, 6], np.int64),
    }
    save(path, nodes, [("images", TensorProto.FLOAT, (1, 3, HEIGHT, WIDTH))], constants, (TensorProto.FLOAT, (1, 1, 6)))
    path.with_name(path.name + ".yaml").write_text("{layout: end2end, scale: 1, colour: bgr, person_class: 0}\n")
    return path


def scene(folder: Path, seconds: float = 16.0) -> Path:
    """Video, network and configuration in a folder; the path of the configuration."""
    video, model = film(folder / "walk.mp4", seconds), network(folder / "grey.onnx")
    config = folder / "config.yaml"
    config.write_text(CONFIG.replace("walk.mp4", str(video)).replace("grey.onnx", str(model)))
    return config
