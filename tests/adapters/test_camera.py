"""The camera's face and its live sources: a real RTSP server on loopback; only the V4L2 device is a fake."""

import logging
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote

import numpy as np
import pytest

from edge.adapters.camera import Camera, device, live
from edge.adapters.camera.picture import Decoder
from edge.core.types import Frame
from edge.errors import CameraError
from tests.assets import asset
from tests.rtsp import RtspServer, barcode, read_barcode

PATIENCE_S = 30.0
CANARY = "c4n4ry-p@ss/w:ord#%"


@pytest.fixture
def server() -> Iterator[RtspServer]:
    with RtspServer() as running:
        yield running


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(live, "FIRST_WAIT_S", 0.1)
    monkeypatch.setattr(live, "LONGEST_WAIT_S", 0.4)


def camera(source: str, **options) -> Camera:
    return Camera(source, **{"timeout_s": 1.0, "poll_s": 0.1, **options})


def until(opened: Camera, done: Callable[[Frame | None], bool]) -> list[Frame]:
    """The frames up to and with the first one (or None) that is what we wait for."""
    end_s = time.monotonic() + PATIENCE_S
    seen = []
    for frame in opened.frames():
        if frame is not None:
            seen.append(frame)
        if done(frame):
            return seen
        assert time.monotonic() < end_s, f"nothing of that kind came; the camera is {opened.state}"
    raise AssertionError("a live camera does not end")


def take(opened: Camera, count: int) -> list[Frame]:
    left = iter(range(count - 1, -1, -1))
    return until(opened, lambda frame: frame is not None and next(left) == 0)


def test_a_live_stream_comes_with_rising_times_and_numbers(server):
    with camera(server.url) as opened:
        assert opened.live
        assert opened.duration_s is None
        frames = take(opened, 15)
        assert opened.state == "streaming"
    times = [frame.mono_s for frame in frames]
    assert times == sorted(times)
    assert abs(times[-1] - time.monotonic()) < PATIENCE_S
    numbers = [read_barcode(frame.image) for frame in frames]
    indices = [frame.index for frame in frames]
    assert np.diff(indices).tolist() == np.diff(numbers).tolist()
    assert min(np.diff(indices)) >= 1
    np.testing.assert_allclose(frames[-1].image[100], barcode(0)[100], atol=12)


def test_a_slow_consumer_sees_the_newest_picture(server):
    with camera(server.url) as opened:
        take(opened, 1)
        lags, indices = [], []
        for _ in range(6):
            time.sleep(0.6)
            (frame,) = take(opened, 1)
            lags.append(server.sent - read_barcode(frame.image))
            indices.append(frame.index)
        assert max(lags) < 9
        assert opened.dropped >= 20
        assert indices[-1] - indices[0] >= 20


def test_the_rate_limit_thins_a_live_stream_without_calling_it_dropped(server):
    with camera(server.url, max_fps=5) as opened:
        frames = take(opened, 12)
        assert opened.dropped <= 2
    steps = np.diff([frame.index for frame in frames[2:]])
    assert np.mean(steps) == pytest.approx(3, abs=0.7)


def test_a_stall_is_noticed_and_the_stream_opened_again(server, caplog):
    caplog.set_level(logging.INFO)
    with camera(server.url) as opened:
        last = take(opened, 5)[-1]
        server.stall = True
        until(opened, lambda frame: opened.state == "stalled")
        server.stall = False
        again = until(opened, lambda frame: frame is not None and opened.state == "streaming")[-1]
        assert server.played >= 2
        assert again.mono_s > last.mono_s
        assert again.index > last.index
    assert "expected a picture within 1 s, got nothing" in caplog.text


def test_a_stream_that_never_starts_is_noticed(server):
    server.stall = True
    with camera(server.url) as opened:
        until(opened, lambda frame: opened.state in ("stalled", "gone"))
        server.stall = False
        take(opened, 1)


def test_a_camera_that_hangs_up_is_opened_again(server):
    with camera(server.url) as opened:
        for _ in range(3):
            take(opened, 2)
            server.close_all()
            until(opened, lambda frame: opened.state == "gone")
        take(opened, 2)
        assert server.played == 4


def test_an_absent_camera_is_waited_for_and_logged_once(caplog):
    caplog.set_level(logging.INFO)
    with RtspServer() as server:
        port = server.port
    with camera(f"rtsp://127.0.0.1:{port}/cam") as opened:
        nothing = iter(range(20))
        until(opened, lambda frame: next(nothing) == 19)
        assert len(caplog.records) == 1
        with RtspServer(port=port):
            until(opened, lambda frame: opened.state == "streaming")
    assert "refused" in caplog.records[0].getMessage()
    assert caplog.records[1].getMessage().endswith(": streaming")


def texts_of(error: CameraError) -> str:
    """All that an error can show, also to tools that print the variables of a traceback."""
    with_variables = traceback.TracebackException.from_exception(error, capture_locals=True)
    within = "".join(with_variables.format()).partition(str(live.__file__))[2]  # below the test's own variables
    return "\n".join([str(error), repr(error), repr(error.__context__), *traceback.format_exception(error), within])


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        ({"refuse": "404 Not Found"}, "not_found", "check the path"),
        ({"refuse": "403 Forbidden"}, "unauthorised", "403"),
        ({"refuse": "503 Service Unavailable"}, "gone", "5XX"),
        ({"udp_only": True}, "gone", "does not send video over TCP"),
        ({"mute": True}, "gone", "expected an answer within 1 s, got nothing"),
        ({"stall": True}, "stalled", "expected a picture within 1 s, got nothing"),
    ],
)
def test_what_a_camera_refuses_is_a_state_with_words(server, fault, state, words):
    vars(server).update(fault)
    source = server.url_for("admin", quote(CANARY, safe=""))
    with camera(source, reconnect=False) as opened, pytest.raises(CameraError, match=words) as caught:
        until(opened, lambda frame: False)
    assert opened.state == state
    assert "c4n4ry" not in texts_of(caught.value)


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_the_right_password_opens_in_the_address_and_apart(scheme):
    with RtspServer(auth=("box öne", CANARY), scheme=scheme) as server:
        with camera(server.url, username="box öne", password=CANARY) as opened:
            take(opened, 1)
        with camera(server.url_for(quote("box öne", safe=""), quote(CANARY, safe=""))) as opened:
            take(opened, 1)


@pytest.mark.parametrize("scheme", ["basic", "digest"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_wrong_password_appears_nowhere(scheme, inside, caplog, capfd):
    caplog.set_level(0)
    with RtspServer(auth=("admin", "right"), scheme=scheme) as server:
        login = {} if inside else {"username": "admin", "password": CANARY}
        source = server.url_for("admin", quote(CANARY, safe="")) if inside else server.url
        with camera(source, **login) as opened:
            until(opened, lambda frame: opened.state == "unauthorised")
        with camera(source, **login, reconnect=False) as once, pytest.raises(CameraError) as caught:
            until(once, lambda frame: False)
    texts = [texts_of(caught.value), opened.shown, caplog.text]
    texts += [repr(each) + repr(vars(each)) for each in (opened, once)]
    assert "c4n4ry" not in "\n".join(texts)
    assert opened.shown in caplog.text
    assert capfd.readouterr() == ("", "")


def test_a_password_written_without_escapes_is_refused_and_hidden():
    for source in ("rtsp://admin:c4n4ry/x@cam/1", "rtsp://admin:c4n#4ry@cam/1", "http://admin:c4n4ry@cam/1", "rtsp://"):
        with pytest.raises(CameraError, match="expected") as caught:
            Camera(source)
        assert "c4n" not in str(caught.value)


def test_a_clip_as_a_live_stream():
    clip = asset("clips/one-by-one-person-detection.mp4")
    with RtspServer(clip) as server, camera(server.url) as opened:
        frames = take(opened, 10)
    assert frames[0].image.shape == (432, 768, 3)


def test_closing_ends_frames_and_leaves_no_thread(server):
    with camera(server.url) as opened:
        frames = opened.frames()
        next(frames)
    assert next(frames, "end") == "end"
    with pytest.raises(RuntimeError, match="with statement"):
        Camera(server.url).frames()


class FakeCapture:
    """What OpenCV's VideoCapture does with a camera that gives some pictures and is then pulled out."""

    def __init__(self, pictures: int) -> None:
        self.left, self.converted, self.released = pictures, 0, False

    def grab(self) -> bool:
        time.sleep(0.01)
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, object]:
        self.converted += 1
        return True, barcode(self.left)

    def release(self) -> None:
        self.released = True


def test_a_device_that_vanishes_is_opened_again(monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    captures: list[FakeCapture] = []

    def open_capture(path, timeout_s):
        assert path == "/dev/video5"
        captures.append(FakeCapture(20))
        return captures[-1]

    monkeypatch.setattr(device, "open_capture", open_capture)
    with camera("5", max_fps=20) as opened:
        until(opened, lambda frame: len(captures) == 3)
    assert captures[0].released
    assert captures[1].released
    assert 0 < captures[0].converted < 15, "pictures over the limit are to be passed over unconverted"
    assert "vanished" in caplog.text


def test_an_unexpected_error_of_the_capture_thread_reaches_the_loop(monkeypatch):
    monkeypatch.setattr(device, "open_capture", lambda path, timeout_s: 1 / 0)
    with camera("/dev/video0") as opened, pytest.raises(ZeroDivisionError):
        until(opened, lambda frame: False)


@pytest.mark.parametrize(
    ("source", "state", "words"),
    [
        ("/dev/video77", "not_found", "plugged in"),
        ("77", "not_found", "/dev/video77"),
        ("/dev/null", "gone", "another"),
    ],
)
def test_a_device_that_cannot_be_opened_is_a_state_with_words(source, state, words):
    with camera(source, reconnect=False) as opened, pytest.raises(CameraError, match=words):
        until(opened, lambda frame: False)
    assert opened.state == state


def test_the_libraries_are_loaded_late():
    program = (
        "import sys, edge.adapters.camera as c; c.Camera('x.mp4'); sys.exit(bool({'av', 'cv2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_desktop_build_of_opencv_gets_advice(tmp_path):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from edge.adapters.camera import Camera\n"
        f"Camera({str(tmp_path)!r}).__enter__()"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert "opencv-python-headless" in done.stderr.splitlines()[-1]


def test_a_stream_that_begins_long_before_its_first_key_frame_is_waited_for(server, monkeypatch):
    decode, first_s = Decoder.pictures, []

    def from_the_key_frame_on(decoder, packet):
        first_s.append(time.monotonic())
        return decode(decoder, packet) if time.monotonic() - first_s[0] > 2.5 else []

    monkeypatch.setattr(Decoder, "pictures", from_the_key_frame_on)
    with camera(server.url, timeout_s=1.0) as opened:
        take(opened, 1)
        assert server.played == 1


def test_silence_is_noticed_after_one_time_limit_and_not_after_two(server):
    """FFmpeg holds back a picture until the next one begins; in silence it comes out late, and is no sign of life."""
    said = []
    with camera(server.url, timeout_s=3.0) as opened:
        take(opened, 5)
        server.stall = True
        silent_s = time.monotonic()
        for frame in opened.frames():
            if frame is not None and time.monotonic() - silent_s > 2.0:
                said.append(frame)
            if opened.state == "stalled":
                break
    assert said == []
