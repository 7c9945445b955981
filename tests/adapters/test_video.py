from pathlib import Path

import av
import numpy as np
import pytest

from edge.adapters.video import Image, VideoWriter
from edge.errors import EdgeError


def plain(height: int = 720, width: int = 1280, shade: int = 0) -> Image:
    return np.full((height, width, 3), shade, np.uint8)


@pytest.mark.parametrize("h264", [True, False])
def test_video_keeps_uneven_times_and_the_picture(tmp_path, monkeypatch, h264):
    if not h264:
        monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx264"})
    elif "libx264" not in av.codecs_available:
        pytest.skip("this build of PyAV has no H.264 encoder")
    times_s = [100.0, 100.1, 100.133, 100.5, 102.0, 102.04]
    with VideoWriter(tmp_path / "a.mp4") as video:
        for shade, at_s in enumerate(times_s):
            video.write(plain(91, 121, 40 * shade), at_s)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.codec_context.name == ("h264" if h264 else "mpeg4")
        assert stream.duration * stream.time_base == pytest.approx(2.04, abs=0.2)
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.1, 0.133, 0.5, 2.0, 2.04], abs=0.0011)
    for shade, frame in enumerate(frames):
        picture = frame.to_ndarray(format="bgr24")
        assert picture.shape == (90, 120, 3)
        assert picture.mean() == pytest.approx(40 * shade, abs=6)


def test_video_at_a_wrong_place_says_so_at_once(tmp_path):
    for path in (tmp_path / "missing" / "a.mp4", tmp_path):
        with pytest.raises(EdgeError, match=r"expected a place to write an .mp4 file"), VideoWriter(path):
            pytest.fail("it was opened")


def test_video_on_a_full_disk_says_so():
    with (
        pytest.raises(EdgeError, match=r"/dev/full: expected a place to write an .mp4 file, got: No space left"),
        VideoWriter(Path("/dev/full")) as video,
    ):
        video.write(plain(48, 64), 0.0)


def test_video_refuses_another_size_and_time_that_stands_still(tmp_path):
    with VideoWriter(tmp_path / "a.mp4") as video:
        video.write(plain(48, 64), 1.0)
        with pytest.raises(EdgeError, match=r"expected pictures of one size, \(48, 64, 3\), got \(50, 64, 3\)"):
            video.write(plain(50, 64), 2.0)
        with pytest.raises(EdgeError, match="expected a picture after 0 ms, got one at 0 ms"):
            video.write(plain(48, 64), 1.0)
        video.write(plain(48, 64), 3.0)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert [frame.time for frame in container.decode(video=0)] == [0.0, 2.0]


def test_video_is_whole_when_the_work_breaks_off(tmp_path):
    def work() -> None:
        with VideoWriter(tmp_path / "a.mp4") as video:
            video.write(plain(48, 64), 0.0)
            video.write(plain(48, 64), 0.1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert len(list(container.decode(video=0))) == 2
