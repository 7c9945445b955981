"""What was decoded goes straight to the size and the colours that the network wants."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from edge.adapters.camera.picture import Shrinker, VideoPicture
from edge.adapters.camera.still import StillPicture
from edge.adapters.detector import OnnxDetector
from edge.core.types import Frame, Image
from tests.adapters.test_detector import cell_network, facts


def scene(width: int = 384, height: int = 216) -> Image:
    """Soft colours with an orange block off the middle, so that a swap, a turn and a wrong matrix all show."""
    x, y = np.meshgrid(np.linspace(30, 200, width), np.linspace(40, 180, height))
    image = np.stack([x, y, (x + y) / 2], axis=2).astype(np.uint8)
    image[height // 8 : height // 2, width // 8 : width // 3] = (30, 120, 230)
    return image


def decoded(image: Image, **kind: Any) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(**kind)


@pytest.mark.parametrize(
    "kind",
    [
        {"format": "yuv420p"},
        {"format": "yuvj420p", "dst_color_range": "JPEG"},
        {"format": "yuv420p", "dst_colorspace": "ITU709"},
        {"format": "yuv422p"},
        {"format": "yuv420p10le"},
        {"format": "nv12"},
        {"format": "bgr24"},
    ],
    ids=lambda kind: "-".join(map(str, kind.values())),
)
@pytest.mark.parametrize("size", [(108, 192), (90, 160), (71, 127)])
def test_it_is_the_picture_that_shrinking_the_whole_one_gives(kind, size):
    image = scene()
    blue, green, red = VideoPicture(decoded(image, **kind)).planes(*size)
    expected = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    found = np.stack([blue, green, red], axis=2)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 3.0


def test_one_shrinker_serves_pictures_of_changing_size_and_format():
    shrinker = Shrinker()
    for width, kind in ((384, "yuv420p"), (640, "yuv420p"), (384, "yuv422p"), (384, "bgr24"), (384, "yuv420p")):
        image = scene(width, width * 9 // 16)
        found = np.stack(VideoPicture(decoded(image, format=kind), shrinker).planes(90, 160), axis=2)
        expected = cv2.resize(image, (160, 90), interpolation=cv2.INTER_AREA)
        assert np.abs(found.astype(int) - expected).mean() < 3.0


def test_a_camera_mounted_on_its_side_is_shrunk_upright(monkeypatch):
    class Turned:
        """A frame whose file says that it is to be turned."""

        rotation = 90

        def __init__(self, frame: av.VideoFrame) -> None:
            self._frame = frame

        def __getattr__(self, name: str) -> object:
            return getattr(self._frame, name)

    image = scene()
    picture = VideoPicture(decoded(image, format="yuv420p"))
    monkeypatch.setattr(picture, "_frame", Turned(picture._frame))
    monkeypatch.setattr(picture, "_shrinker", Untold(picture._shrinker))
    assert picture.size == (384, 216)
    found = np.stack(picture.planes(192, 108), axis=2)
    expected = np.rot90(cv2.resize(image, (192, 108), interpolation=cv2.INTER_AREA), 1)
    assert np.abs(found.astype(int) - expected).mean() < 3.0


class Untold:
    """Hands a shrinker the frame itself: PyAV takes nothing that only looks like one."""

    def __init__(self, shrinker: Shrinker) -> None:
        self._shrinker = shrinker

    def shrunk(self, frame: object, height: int, width: int) -> av.VideoFrame:
        return self._shrinker.shrunk(frame._frame, height, width)  # type: ignore[attr-defined]


def test_a_still_picture_gives_the_same_planes():
    image = scene()
    found = np.stack(StillPicture(image).planes(108, 192), axis=2)
    np.testing.assert_array_equal(found, cv2.resize(image, (192, 108), interpolation=cv2.INTER_LINEAR))


def test_the_detector_finds_the_same_in_a_decoded_picture_as_in_a_converted_one(tmp_path):
    detector = OnnxDetector(cell_network(tmp_path / "m.onnx", shape=(1, 3, 64, 96), divisor=255), facts())
    image = scene()
    whole = detector.detect(Frame(image, 0.0, 0))
    kept = whole.boxes.copy(), whole.scores.copy()
    straight = detector.detect(Frame(VideoPicture(decoded(image, format="yuv420p")), 0.0, 0))
    assert len(straight.boxes) == len(kept[0]) > 0
    np.testing.assert_allclose(np.sort(straight.scores), np.sort(kept[1]), atol=0.03)


def test_pictures_leave_nothing_behind_and_need_little(tmp_path):
    network = cell_network(tmp_path / "m.onnx", shape=(1, 3, 64, 96), divisor=255)
    detector = OnnxDetector(network, facts(), score_threshold=0.7)  # some boxes, as of people, and not one of each cell
    shrinker = Shrinker()
    frames = [decoded(scene(), format="yuv420p") for _ in range(3)]

    def look(times: int) -> None:
        for index in range(times):
            detector.detect(Frame(VideoPicture(frames[index % 3], shrinker), index / 10.0, index))

    tracemalloc.start()
    try:
        look(300)  # the first of anything that is kept
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        look(300)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 2_000  # bytes, over 300 pictures
    # Numbers about some boxes; neither the picture (250 kB) nor the network's input (74 kB) or output.
    assert peak - before < 40_000


def test_the_path_of_a_video_does_without_opencv(tmp_path):
    network = cell_network(tmp_path / "m.onnx", shape=(1, 3, 64, 96), divisor=255)
    with av.open(str(tmp_path / "clip.mp4"), "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 384, 216, "yuv420p"
        for _ in range(5):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(scene(), format="bgr24")))
        file.mux(stream.encode(None))
    (tmp_path / "config.yaml").write_text(
        f"site: shop\ndevice: box\nmqtt: {{enabled: false}}\n"
        f"cameras: [{{name: door, source: {tmp_path / 'clip.mp4'}, model: {network}}}]\n"
    )
    script = (
        "import sys; sys.argv[1:] = ['run', '-c', sys.argv[1], '--state-dir', sys.argv[2], '--speed', 'max']\n"
        "from edge.__main__ import main; main()\n"
        "unwanted = {'cv2', 'paho', 'prometheus_client', 'rich', 'ssl', 'subprocess', 'torch', 'typer'}\n"
        "print(sorted(unwanted & set(sys.modules)))"
    )
    words = [sys.executable, "-c", script, str(tmp_path / "config.yaml"), str(tmp_path)]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=120, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    assert "the first picture has been counted" in done.stderr
    assert done.stdout.strip() == "[]"
