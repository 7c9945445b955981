"""Whether the camera opens and sends pictures that somebody can be counted in. picture.py judges them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from edge.adapters import secrets
from edge.adapters.camera import Camera
from edge.adapters.camera.small import small_luma
from edge.adapters.recording import is_recording
from edge.config import Camera as CameraConfig
from edge.core.types import Frame
from edge.core.view import View
from edge.doctor.finding import Finding, judged
from edge.doctor.picture import examine_life, examine_picture
from edge.errors import CameraError, ConfigError

SETTLE_S = 1.0
"""A stream begins with what had piled up while it was opened, and with an exposure that is still being found."""
LOOK_S = 6.0
LIFE_S = 13.0
"""A camera that has shown nothing new by then is frozen."""
DEADLINE_S = 30.0


@dataclass(frozen=True)
class _Look:
    """What came in some seconds: times of all pictures, the newest, and whether they differed; None: nobody can say."""

    times_s: list[float]
    newest: Frame
    lively: bool | None


def examine_camera(camera: CameraConfig) -> tuple[list[Finding], Frame | None]:
    """What the camera shows for some seconds, and its newest picture."""
    expected = "a camera that opens and sends pictures"
    if is_recording(camera.source):
        return [Finding("camera.opens", "skipped", "a recording of boxes, which has no pictures", expected)], None
    try:
        look = _look(camera)
    except (CameraError, ConfigError) as error:
        advice = "look at address, user, password and cable; a /dev/video has one user at a time: stop the service"
        return [Finding("camera.opens", "failure", str(error), expected, advice)], None
    height, width = look.newest.image.shape[:2]
    opens = Finding("camera.opens", "ok", f"pictures of {width} x {height}", expected)
    found = [opens, *_rate(camera, look.times_s), *examine_picture(look.newest.image, small_luma(look.newest.luma))]
    if look.lively is not None:
        found.append(examine_life(lively=look.lively, seconds=look.times_s[-1] - look.times_s[0]))
    return found, look.newest


def _look(camera: CameraConfig) -> _Look:
    opened = Camera(
        camera.source,
        username=camera.username,
        password=secrets.resolve(camera.password) if camera.password else None,
        speed="max",
        reconnect=False,
    )
    newest: Frame | None = None
    begin_s = math.inf
    give_up_s = time.monotonic() + DEADLINE_S
    times_s: list[float] = []
    view = View()
    with opened:
        for frame in opened.frames():
            if frame is not None:
                begin_s = begin_s if newest else frame.mono_s + SETTLE_S
                newest = frame
                if frame.mono_s >= begin_s:
                    times_s.append(frame.mono_s)
                    view.look(small_luma(frame.luma), frame.mono_s)
                seen_s = frame.mono_s - begin_s
                if seen_s >= LOOK_S and (not opened.live or view.lively or seen_s >= LIFE_S):
                    break
            if time.monotonic() >= give_up_s:
                break
    if newest is None:
        raise CameraError(f"camera {opened.shown}: expected a picture within {DEADLINE_S:.0f} s, got none")
    proven = view.lively or (len(times_s) > 1 and times_s[-1] - times_s[0] >= LIFE_S - 1.0)
    return _Look(times_s, newest, view.lively if opened.live and proven else None)


def _rate(camera: CameraConfig, times_s: list[float]) -> list[Finding]:
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return []
    fps = (len(times_s) - 1) / (times_s[-1] - times_s[0])
    return [
        judged(
            "camera.fps",
            "warning" if fps < 0.75 * camera.detect_fps else "ok",
            f"{fps:.1f} pictures per s",
            f"detect_fps, {camera.detect_fps:g}",
            "let the camera send more, give it light (exposure), or set detect_fps to what it sends",
        )
    ]
