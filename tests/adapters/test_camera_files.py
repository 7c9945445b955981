"""Files as sources: real video files made by the tests, real pictures, and every way in which they can be broken."""

import os
import struct
import time
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge.adapters.camera import Camera
from edge.adapters.camera.picture import VideoPicture, to_bgr
from edge.core.types import Frame
from edge.errors import CameraError
from tests.assets import asset
from tests.rtsp import barcode, read_barcode

FPS = 10


def make_video(
    path: Path,
    numbers: Sequence[int] = range(30),
    *,
    times_ms: Sequence[int] | None = None,
    size: tuple[int, int] = (320, 240),
    codec: str = "libx264",
    **options: str,
) -> Path:
    """A video whose pictures spell `numbers`; 10 a second unless `times_ms` says otherwise."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1000 if times_ms else FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.options = *size, {"g": "10", **options}
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for index, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(barcode(number, *size), format="bgr24")
            frame.pts = times_ms[index] if times_ms else index
            frame.time_base = Fraction(1, 1000 if times_ms else FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read(path: Path | str, **options) -> list[Frame]:
    with Camera(str(path), **{"speed": "max", **options}) as camera:
        return [frame for frame in camera.frames() if frame is not None]


def times_of(frames: list[Frame]) -> list[float]:
    return [round(frame.mono_s, 6) for frame in frames]


@pytest.fixture
def video(tmp_path) -> Path:
    return make_video(tmp_path / "video.mp4")


@pytest.mark.parametrize("name", ["video.mp4", "video.mkv", "video.ts"])
def test_every_picture_of_a_video_comes_with_its_time(tmp_path, name):
    path = make_video(tmp_path / name)
    with Camera(str(path), speed="max") as camera:
        frames = [frame for frame in camera.frames() if frame is not None]
        assert (camera.live, camera.dropped, camera.corrupt, camera.state) == (False, 0, 0, "streaming")
        assert camera.duration_s == pytest.approx(3.0, abs=0.11)
    assert [read_barcode(frame.image) for frame in frames] == list(range(30))
    assert [frame.index for frame in frames] == list(range(30))
    assert times_of(frames) == [index / FPS for index in range(30)]


def test_real_time_takes_its_time_and_gives_the_same(video):
    start_s = time.monotonic()
    slow = read(video, speed="real")
    assert time.monotonic() - start_s >= 2.85
    fast = read(video)
    assert [frame.mono_s for frame in slow] == [frame.mono_s for frame in fast]
    assert all(np.array_equal(one.image, other.image) for one, other in zip(slow, fast, strict=True))


def test_waiting_in_real_time_comes_back_to_do_chores(tmp_path):
    path = make_video(tmp_path / "slow.mkv", range(2), times_ms=[0, 1000])
    with Camera(str(path), poll_s=0.1) as camera:
        kinds = [frame is None for frame in camera.frames()]
    assert not kinds[0]
    assert not kinds[-1]
    assert len(kinds) >= 6


@pytest.mark.parametrize(("max_fps", "every"), [(5, 2), (10, 1), (2, 5)])
def test_the_rate_limit_takes_every_nth_picture_of_a_steady_video(video, max_fps, every):
    frames = read(video, max_fps=max_fps)
    assert [read_barcode(frame.image) for frame in frames] == list(range(0, 30, every))
    assert [frame.index for frame in frames] == list(range(0, 30, every))


def test_uneven_times_are_kept(tmp_path):
    times_ms = [0, 90, 210, 290, 800, 910, 1000]
    path = make_video(tmp_path / "uneven.mkv", range(7), times_ms=times_ms)
    assert times_of(read(path, max_fps=10)) == [time_ms / 1000 for time_ms in times_ms]


@pytest.mark.parametrize(("name", "warned"), [("backwards.avi", True), ("none.h264", True), ("video.mp4", False)])
def test_broken_presentation_times_fall_back_to_the_nominal_rate(tmp_path, name, warned, caplog):
    frames = read(make_video(tmp_path / name, bf="2"))
    assert [read_barcode(frame.image) for frame in frames] == list(range(30))
    steps = np.diff(times_of(frames))
    assert min(steps) >= 0
    assert frames[-1].mono_s == pytest.approx(2.9, abs=0.2)
    assert len(caplog.records) == warned


def test_a_corrupt_packet_is_skipped_and_counted(tmp_path, caplog):
    path = make_video(tmp_path / "video.mp4", g="1")
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for at, size in places[10:13]:
        assert at is not None
        content[at : at + size] = b"\xff" * size
    path.write_bytes(content)
    with Camera(str(path), speed="max") as camera:
        numbers = [read_barcode(frame.image) for frame in camera.frames() if frame is not None]
        assert camera.corrupt == 3
    assert numbers == [*range(10), *range(13, 30)]
    assert len(caplog.records) == 1


def test_the_picture_may_change_its_size(tmp_path):
    small = make_video(tmp_path / "small.h264", range(10), size=(160, 120))
    large = make_video(tmp_path / "large.h264", range(10), size=(320, 240))
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    shapes = [frame.image.shape for frame in read(both)]
    assert shapes == [(120, 160, 3)] * 10 + [(240, 320, 3)] * 10


def test_a_phone_video_comes_upright(video):
    content = bytearray(video.read_bytes())
    at = content.index(b"tkhd") + 44  # the display matrix of a version 0 track header, ISO/IEC 14496-12, 8.3.2
    quarter_turn = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 240 << 16, 0, 1 << 30)
    turned = video.with_name("turned.mp4")
    turned.write_bytes(content[:at] + quarter_turn + content[at + 36 :])
    for upright, sideways in zip(read(turned), read(video), strict=True):
        assert upright.image.flags["C_CONTIGUOUS"]
        np.testing.assert_array_equal(upright.image, np.rot90(sideways.image, -1))


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
@pytest.mark.parametrize(
    "kind",
    [
        {"format": "yuv420p"},
        {"format": "yuv420p", "dst_color_range": "JPEG"},
        {"format": "yuv420p", "dst_colorspace": "ITU709"},
        {"format": "yuvj420p"},
        {"format": "yuv422p"},
        {"format": "gray"},
    ],
)
def test_colours_survive_every_pixel_format(kind, size):
    colour = (230, 230, 230) if kind["format"] == "gray" else (40, 90, 235)
    picture = np.full((size[1], size[0], 3), colour, np.uint8)
    image = to_bgr(av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(**kind))
    assert image.dtype == np.uint8
    assert image.shape == picture.shape
    np.testing.assert_allclose(image.astype(int), picture.astype(int), atol=5)


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
@pytest.mark.parametrize("kind", ["yuv420p", "yuvj420p", "yuv422p", "nv12", "gray", "yuv420p10le", "yuyv422", "bgr24"])
def test_brightness_is_there_without_converting(kind, size):
    ramp = np.tile(np.linspace(20, 230, size[0]).astype(np.uint8), (size[1], 1))
    wide = np.repeat(ramp[..., None], 3, axis=2)
    picture = VideoPicture(av.VideoFrame.from_ndarray(wide, format="bgr24").reformat(format=kind))
    luma = picture.luma()
    assert picture.size == luma.shape == size[::-1]
    assert np.corrcoef(luma.ravel(), ramp.ravel())[0, 1] > 0.999
    assert picture.bgr() is picture.bgr()


def test_a_frame_is_converted_when_somebody_looks(video, monkeypatch):
    asked = 0

    def counted(frame):
        nonlocal asked
        asked += 1
        return to_bgr(frame)

    monkeypatch.setattr("edge.adapters.camera.picture.to_bgr", counted)
    frames = read(video)
    assert {frame.size for frame in frames} == {frame.luma.shape for frame in frames}
    assert asked == 0
    assert frames[0].image.shape[:2] == frames[0].image.shape[:2] == frames[0].size
    assert asked == 1


@pytest.fixture
def broken(tmp_path, video):
    """Every broken file by its name."""
    content = video.read_bytes()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video at all\n" * 100)
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(50_000))
    (tmp_path / "headless.mp4").write_bytes(content[: len(content) // 2])
    whole = make_video(tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "no pictures").mkdir()
    (tmp_path / "no pictures" / "notes.txt").write_text("hello")
    (tmp_path / "bad pictures").mkdir()
    (tmp_path / "bad pictures" / "1.png").write_text("hello")
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.mp4", "No such file"),
        ("empty.mp4", "empty file"),
        ("text.mp4", "Invalid data"),
        ("noise.mp4", "Invalid data"),
        ("headless.mp4", "Invalid data"),
        ("sound.wav", "found none"),
        ("no pictures", "found none in the folder"),
    ],
)
def test_a_broken_file_is_an_error_at_once(broken, name, words):
    with pytest.raises(CameraError, match=words) as caught:
        Camera(str(broken / name)).__enter__()
    assert str(broken / name) in str(caught.value)
    assert "expected" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [("cut.mkv", r"expected 3\.0 s .* found 1\.\d s"), ("bad pictures", "1 files that OpenCV cannot read")],
)
def test_what_shows_only_at_the_end_is_an_error_at_the_end(broken, name, words):
    with pytest.raises(CameraError, match=words) as caught:
        read(broken / name)
    assert str(broken / name) in str(caught.value)


def test_a_file_cut_off_after_its_index_is_an_error_at_the_end(tmp_path):
    path = make_video(tmp_path / "video.mp4", range(50))
    faststart = tmp_path / "cut.mp4"
    with av.open(str(path)) as whole, av.open(str(faststart), "w", options={"movflags": "faststart"}) as copy:
        stream = copy.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    assert len(read(faststart)) == 50
    content = faststart.read_bytes()
    faststart.write_bytes(content[: len(content) * 6 // 10])
    seen: list[Frame | None] = []
    with Camera(str(faststart), speed="max") as camera, pytest.raises(CameraError, match=r"expected 5\.0 s"):
        seen.extend(camera.frames())
    assert len(seen) > 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_an_error(video):
    video.chmod(0)
    with pytest.raises(CameraError, match="Permission denied"):
        Camera(str(video)).__enter__()


def test_a_colon_in_a_file_name_is_not_a_protocol(video, monkeypatch):
    monkeypatch.chdir(video.parent)
    assert len(read(video.rename(video.parent / "tcp:video.mp4").name)) == 30


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path, caplog):
    for number in (1, 2, 9, 10, 11):
        cv2.imwrite(str(tmp_path / f"p{number}.PNG"), barcode(number))
    (tmp_path / "p3.png").write_text("broken")
    (tmp_path / "notes.txt").write_text("hello")
    with Camera(str(tmp_path), speed="max", folder_fps=4) as camera:
        frames = [frame for frame in camera.frames() if frame is not None]
        assert (camera.live, camera.corrupt, camera.duration_s) == (False, 1, 1.5)
    assert [read_barcode(frame.image) for frame in frames] == [1, 2, 9, 10, 11]
    assert times_of(frames) == [0.0, 0.25, 0.75, 1.0, 1.25]
    assert "p3.png" in caplog.text
    assert len(read(tmp_path, folder_fps=4, max_fps=2)) == 2


def test_leaving_in_the_middle_of_a_video_closes_it(video):
    with Camera(str(video), speed="max") as camera:
        frames = camera.frames()
        next(frames)
    assert next(frames, "end") == "end"


def test_a_real_clip_is_read_to_its_end():
    frames = 0
    last_s = 0.0
    with Camera(str(asset("clips/one-by-one-person-detection.mp4")), speed="max", max_fps=5) as camera:
        for frame in camera.frames():
            assert frame is not None
            frames += 1
            last_s = frame.mono_s
        assert camera.corrupt == 0
    assert frames == 697
    assert last_s == pytest.approx(139.2)
