"""What a live camera shows, watched through the camera's own face, and a library that never comes back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge.adapters.camera import Camera, live, rtsp
from edge.adapters.camera.live import Live
from edge.adapters.camera.watch import Watch
from edge.core.rate import RateLimit
from edge.core.types import Frame, Image
from edge.errors import CameraError
from tests.mosquitto import wait_until
from tests.rtsp import RtspServer, barcode

GREY = np.full((90, 160, 3), 120, np.uint8)


def noisy(number: int) -> Image:
    """Stripes and noise."""
    image = np.where(np.arange(160) // 8 % 2, 170, 80)[None, :, None] + np.zeros((90, 160, 3))
    return (image + np.random.default_rng(number).normal(0.0, 2.0, (90, 160, 1))).astype(np.uint8)


def through(watch: Watch, picture: Image | None, begin_s: float, end_s: float) -> None:
    """A quarter of a second at a time; without a picture, noise that is ever new."""
    numbers = range(round(begin_s * 4), round(end_s * 4))
    frames = [Frame(noisy(number) if picture is None else picture, number / 4, number) for number in numbers]
    assert list(watch.watched(iter(frames))) == frames


def test_troubles_are_logged_once_each_and_blind_is_what_shows_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch = Watch("/dev/video0")
    through(watch, None, 0.0, 20.0)
    assert (watch.trouble, watch.blind, caplog.messages) == (None, False, [])
    through(watch, GREY, 20.0, 40.0)
    assert (watch.trouble, watch.blind) == ("covered", True)
    through(watch, None, 40.0, 60.0)
    through(watch, GREY * 0, 60.0, 80.0)
    assert (watch.trouble, watch.blind) == ("dark", True)
    through(watch, None, 80.0, 90.0)
    said = [message.rpartition(" ")[2].strip("()") for message in caplog.messages]
    assert said == ["covered", "covered", "dark", "dark"]
    assert caplog.messages[1] == "camera /dev/video0: no longer covered"


def test_a_frozen_stream_is_a_state_and_each_of_its_pictures_still_comes() -> None:
    with RtspServer(noisy, fps=10.0) as server, Camera(server.url) as camera:
        frames = camera.frames()

        def until(state: str) -> None:
            wait_until(lambda: next(frames) is not None and camera.state == state, timeout_s=60.0)

        until("streaming")
        server.freeze = True
        until("frozen")
        assert camera.blind
        assert any(next(frames) is not None for _ in range(10))
        server.freeze = False
        until("streaming")
        assert not camera.blind


def test_a_file_may_repeat_itself(tmp_path) -> None:
    cv2 = pytest.importorskip("cv2")
    for number in range(40):
        cv2.imwrite(str(tmp_path / f"{number}.png"), GREY)
    with Camera(str(tmp_path), speed="max", folder_fps=1.0) as camera:
        assert sum(frame is not None for frame in camera.frames()) == 40
        assert (camera.state, camera.blind) == ("streaming", False)
        camera.learn_anew()


def test_a_library_that_never_returns_ends_the_loop_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a call into C that waits for ever, which no thread of Python can be taken out of."""
    monkeypatch.setattr(live, "HUNG_S", 5.0)
    never = threading.Event()
    opened = rtsp.rtsp_pictures

    def hangs(*arguments: object) -> Iterator[object]:
        for number, picture in enumerate(opened(*arguments)):  # type: ignore[arg-type]
            if number == 10:
                never.wait()
            yield picture

    monkeypatch.setattr(rtsp, "rtsp_pictures", hangs)
    states = set()

    def run(url: str) -> None:
        with Camera(url, timeout_s=2.0, poll_s=0.1) as camera:
            for _ in camera.frames():
                states.add(camera.state)

    with RtspServer(barcode) as server, pytest.raises(CameraError, match="it hangs") as caught:
        run(server.url)
    never.set()
    assert caught.value.exit_code == 3
    assert states == {"connecting", "streaming", "stalled"}


def test_waiting_for_a_camera_that_is_away_is_no_hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HUNG_S", 0.3)
    monkeypatch.setattr(live, "FIRST_WAIT_S", 1.0)
    monkeypatch.setattr("random.uniform", lambda _, most: most)
    with RtspServer() as server:
        url = server.url
    with Camera(url, poll_s=0.05) as camera:
        frames = camera.frames()
        for _ in range(30):
            assert next(frames) is None
        assert camera.state == "gone"


class Slow:
    """A library that hands out pictures when told."""

    def __init__(self) -> None:
        self.go, self.done = threading.Semaphore(0), threading.Semaphore(0)

    def pictures(self) -> Iterator[object]:
        for number in range(100):
            self.go.acquire()
            yield lambda number=number: np.full((2, 2, 3), number, np.uint8)
            self.done.release()

    def give(self, count: int) -> None:
        for _ in range(count):
            time.sleep(0.02)
            self.go.release()
            self.done.acquire()


def test_a_picture_nobody_had_time_for_gives_way_to_a_newer_one_that_is_not_due() -> None:
    source = Slow()
    reader = Live("slow", source.pictures, limit=RateLimit(0.5), timeout_s=5.0, poll_s=0.1, reconnect=True)  # type: ignore[arg-type]
    try:
        source.give(5)
        frames = reader.frames()
        newest = next(frames)
        assert newest is not None
        assert newest.index == 4
        assert reader.dropped == 0, "the first was due; it was replaced, not dropped"
        source.give(5)
        assert next(frames) is None, "none of these was due"
    finally:
        source.give(1)
        reader._stop.set()
        source.go.release()
        reader.close()
