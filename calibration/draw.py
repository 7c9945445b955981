"""One picture of a camera with its lines, zones and a grid in fractions over it, to tune config.yaml by hand.

It counts nothing and detects nobody: what the camera saw is shown as it is, on the engineer's own machine.
"""

from __future__ import annotations

import numpy as np

from edge.adapters import overlay, secrets
from edge.adapters.camera import Camera
from edge.adapters.recording import Recording, is_recording
from edge.config import Camera as CameraConfig
from edge.core.types import Detections, Tracks
from edge.errors import CameraError

_BACKDROP_HEIGHT = 720
"""Rows of the picture that stands in for a recording's; it has none."""


def draw(source: str, camera: CameraConfig, at_s: float = 0.0) -> overlay.Image:
    """The picture of `source` that is `at_s` seconds after its first one, with everything that is configured over it.

    Args:
        source: What `Camera` takes, or a recording: then its boxes are drawn on a plain ground.
        camera: Whose lines and zones are drawn; its user and password are used when `source` is its own.
        at_s: Seconds, 0 or more.

    Returns:
        uint8 (H, W, 3) BGR.

    Raises:
        CameraError: There is no such picture.
        ConfigError: The password's place holds none.
    """
    image = _of_recording(source, at_s) if is_recording(source) else _of_camera(source, camera, at_s)
    overlay.draw_grid(image)
    overlay.draw_rules(image, camera.line_rules(), camera.zone_rules())
    return image


def backdrop(aspect: float) -> overlay.Image:
    """A plain room, wall above and floor below, for boxes without a picture: uint8 (720, 720 * aspect, 3) BGR."""
    shades = np.linspace(150, 90, _BACKDROP_HEIGHT)
    shades[: _BACKDROP_HEIGHT // 3] = 170
    rows = shades.round().astype(np.uint8)[:, None, None]
    return np.tile(rows, (1, max(1, round(_BACKDROP_HEIGHT * aspect)), 3))


def _of_camera(source: str, camera: CameraConfig, at_s: float) -> overlay.Image:
    own = source == camera.source
    username = camera.username if own else None
    password = secrets.resolve(camera.password) if own and camera.password else None
    first_s, last_s = None, 0.0
    with Camera(source, username=username, password=password, speed="max", reconnect=False) as opened:
        for frame in opened.frames():
            if frame is None:
                continue
            first_s = frame.mono_s if first_s is None else first_s
            last_s = frame.mono_s - first_s
            if last_s >= at_s:
                return np.array(frame.image)
        raise CameraError(f"{opened.shown}: expected a picture at {at_s:g} s, the last one is at {last_s:g} s")


def _of_recording(source: str, at_s: float) -> overlay.Image:
    first_s, last_s = None, 0.0
    with Recording(source) as recording:
        for seen in recording.observations():
            first_s = seen.mono_s if first_s is None else first_s
            last_s = seen.mono_s - first_s
            if last_s >= at_s:
                image = backdrop(seen.aspect)
                overlay.draw_tracks(image, _as_tracks(seen))
                return image
    raise CameraError(f"{source}: expected a picture at {at_s:g} s, the last one is at {last_s:g} s")


def _as_tracks(seen: Detections | Tracks) -> Tracks:
    if isinstance(seen, Tracks):
        return seen
    count = len(seen.boxes)
    return Tracks(np.arange(count), seen.boxes, np.ones(count, np.bool_), seen.mono_s, seen.aspect)
