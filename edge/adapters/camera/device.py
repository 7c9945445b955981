"""Cameras at /dev through OpenCV and V4L2.

It must not know what happens to the pictures.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from edge.adapters.camera.live import DownError, Pictures
from edge.adapters.camera.still import StillPicture


def device_pictures(path: str, timeout_s: float) -> Pictures:
    """Open the device, and yield every picture as it comes.

    Raises:
        DownError: Missing, busy, without permission, or vanished.
    """
    capture = open_capture(path, timeout_s)

    def retrieve() -> StillPicture:
        ok, image = capture.retrieve()
        if not ok:
            raise DownError("gone", f"camera {path}: expected a picture, got data that OpenCV cannot decode")
        return StillPicture(image.astype(np.uint8, copy=False))

    try:
        while capture.grab():
            yield retrieve
        raise DownError("gone", f"camera {path}: expected a picture, but the device vanished or stopped sending")
    finally:
        capture.release()


def open_capture(path: str, timeout_s: float) -> cv2.VideoCapture:
    """An open OpenCV capture; the only place that touches the device.

    Raises:
        DownError: The device cannot be opened.
    """
    if not Path(path).exists():
        raise DownError("not_found", f"camera {path}: expected a video device, found none; is it plugged in?")
    if not os.access(path, os.R_OK | os.W_OK):
        raise DownError("gone", f"camera {path}: no permission to open it; the service's user has to be in group video")
    # OpenCV has no property for this and reads the variable at its first picture; the default is 10 s.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(max(1, round(timeout_s))))
    capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise DownError(
            "gone", f"camera {path}: cannot be opened; another program uses it, or it is not a video device"
        )
    return capture
