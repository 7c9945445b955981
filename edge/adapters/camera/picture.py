"""What PyAV decodes, as a picture that becomes BGR when somebody looks, and whose brightness is there for nothing.

It must not know where the packets come from.
"""

from __future__ import annotations

import logging
import re

import av
import cv2
import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

Image = NDArray[np.uint8]

EIGHT_BIT_LUMA = re.compile(r"yuvj?4\d\dp|nv1[26]|nv21|nv24|gray")
"""Formats whose first plane is brightness, a byte for each pixel."""

BT601 = {2, 5, 6}  # AVCOL_SPC_UNSPECIFIED, _BT470BG, _SMPTE170M (libavutil/pixfmt.h)
FULL_RANGE = 2  # AVCOL_RANGE_JPEG

# FFmpeg's own log would write addresses, and a line for every failed try, to stderr.
av.logging.set_level(None)
# OpenCV's own threads spend half as much again on a picture of this size as they save.
cv2.setNumThreads(1)


class VideoPicture:
    """A decoded picture. It keeps FFmpeg's buffer, which nobody writes to while it does."""

    def __init__(self, frame: av.VideoFrame) -> None:
        self._frame = frame
        self._bgr: Image | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels, upright."""
        height, width = self._frame.height, self._frame.width
        return (width, height) if self._frame.rotation % 180 else (height, width)

    def bgr(self) -> Image:
        """uint8 (H, W, 3), upright; converted once."""
        if self._bgr is None:
            self._bgr = to_bgr(self._frame)
        return self._bgr

    def luma(self) -> Image:
        """Brightness, uint8 (h, w), not turned upright: the decoder's own plane where the format has one."""
        frame = self._frame
        if not EIGHT_BIT_LUMA.fullmatch(frame.format.name):
            return frame.to_ndarray(format="gray").astype(np.uint8, copy=False)
        plane = frame.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        return rows[:, : plane.width]


def to_bgr(frame: av.VideoFrame) -> Image:
    """uint8 (H, W, 3) in BGR, upright.

    The common case goes through OpenCV, which needs a third of the time of FFmpeg's scaler; what OpenCV would get wrong
    (full range, BT.709, odd sizes, other formats) goes through the scaler.
    """
    plain = frame.format.name == "yuv420p" and frame.color_range != FULL_RANGE and frame.colorspace in BT601
    if plain and frame.width % 2 == 0 and frame.height % 2 == 0:
        image = cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420)
    else:
        image = frame.to_ndarray(format="bgr24")
    if frame.rotation:
        image = np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))
    return image.astype(np.uint8, copy=False)


def one_thread(stream: av.VideoStream) -> None:
    """Decode on the calling thread: the box has other work, and frame threads add a delay of one picture each."""
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1


class Decoder:
    """Decodes packets one by one; those that cannot be decoded are skipped and counted in `corrupt`."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self.corrupt = 0

    def pictures(self, packet: av.Packet[av.VideoStream]) -> list[av.VideoFrame]:
        """The pictures that this packet completes, often one, sometimes none."""
        try:
            return packet.decode()
        except av.FFmpegError:
            self.corrupt += 1
        if self.corrupt == 1:
            log.warning(
                "camera %s: skipped a packet that cannot be decoded; further ones are only counted", self._shown
            )
        return []
