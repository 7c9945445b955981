"""What PyAV decodes, as a picture that becomes BGR when somebody looks, and whose brightness is there for nothing.

It must not know where the packets come from.
"""

from __future__ import annotations

import logging
import re

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from edge.core.types import Image, Planes

log = logging.getLogger(__name__)

EIGHT_BIT_LUMA = re.compile(r"yuvj?4\d\dp|nv1[26]|nv21|nv24|gray")
"""Formats whose first plane is brightness, a byte for each pixel."""

BT601 = {2, 5, 6}  # AVCOL_SPC_UNSPECIFIED, _BT470BG, _SMPTE170M (libavutil/pixfmt.h)
FULL_RANGE = 2  # AVCOL_RANGE_JPEG

# FFmpeg's own log would write addresses, and a line for every failed try, to stderr.
av.logging.set_level(None)
SHRINK = int(Interpolation.AREA)
"""Of FFmpeg's ways to shrink the one whose pictures are most like OpenCV's, and the cheapest."""


class Shrinker:
    """Shrinks the pictures of one stream, and remembers how from one to the next.

    Sizes first, colours afterwards: FFmpeg has fast code for either, and takes twice as long for both at once.
    """

    def __init__(self) -> None:
        self._sizes = VideoReformatter()
        self._colours = VideoReformatter()

    def shrunk(self, frame: av.VideoFrame, height: int, width: int) -> av.VideoFrame:
        """The frame at another size, its planes green, blue and red."""
        if frame.format.name.startswith("yuv"):
            frame = self._sizes.reformat(frame, width, height, "yuv420p", interpolation=SHRINK, threads=1)
        return self._colours.reformat(frame, width, height, "gbrp", interpolation=SHRINK, threads=1)


class VideoPicture:
    """A decoded picture. It keeps FFmpeg's buffer, which nobody writes to while it does.

    Args:
        frame: What was decoded.
        shrinker: Of its stream; None: one of its own.
    """

    def __init__(self, frame: av.VideoFrame, shrinker: Shrinker | None = None) -> None:
        self._frame = frame
        self._shrinker = shrinker or Shrinker()
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
        return _pixels(frame.planes[0])

    def planes(self, height: int, width: int) -> Planes:
        """Blue, green and red at another size, upright; straight from what was decoded, without the whole picture."""
        turns = round(self._frame.rotation / 90)
        if turns % 2:
            height, width = width, height
        small = self._shrinker.shrunk(self._frame, height, width)
        green, blue, red = (_pixels(plane) for plane in small.planes)
        return (np.rot90(blue, turns), np.rot90(green, turns), np.rot90(red, turns)) if turns else (blue, green, red)


def _pixels(plane: av.video.plane.VideoPlane) -> Image:
    """The bytes of a plane as they lie there, uint8 (h, w)."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def to_bgr(frame: av.VideoFrame) -> Image:
    """uint8 (H, W, 3) in BGR, upright.

    The common case goes through OpenCV, which needs a third of the time of FFmpeg's scaler; what OpenCV would get wrong
    (full range, BT.709, odd sizes, other formats) goes through the scaler.
    """
    import cv2  # noqa: PLC0415 - 17 MB that a box where nobody looks at a whole picture does without

    # OpenCV's own threads spend half as much again on a picture of this size as they save.
    cv2.setNumThreads(1)
    plain = frame.format.name == "yuv420p" and frame.color_range != FULL_RANGE and frame.colorspace in BT601
    if plain and frame.width % 2 == 0 and frame.height % 2 == 0:
        image = cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420)
    else:
        image = frame.to_ndarray(format="bgr24")
    if frame.rotation:
        image = np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))
    return image.astype(np.uint8, copy=False)


def decode_leanly(stream: av.VideoStream) -> None:
    """Decode on the calling thread: the box has other work, and frame threads add a delay of one picture each.

    Pictures that no other is made from are not smoothed at the edges of their blocks: a twelfth of the work, for what
    nobody sees. Of the others it would add up until the next picture that stands alone.
    """
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {"skip_loop_filter": "noref"}


class Decoder:
    """Decodes packets one by one; those that cannot be decoded are skipped and counted in `corrupt`.

    Attributes:
        corrupt: Packets that could not be decoded so far.
        shrinker: Of the pictures of this stream.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self.corrupt = 0
        self.shrinker = Shrinker()

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
