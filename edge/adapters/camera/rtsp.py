"""RTSP through PyAV: RTP over the RTSP connection (TCP) only, with limits on every wait.

PyAV's exceptions carry the address with its password: they end here, and no new exception is chained to them.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import av
import av.container

from edge.adapters.camera.address import Address
from edge.adapters.camera.live import DownError, Pictures
from edge.adapters.camera.picture import Decoder, VideoPicture, decode_leanly
from edge.core.report import CameraState

T = TypeVar("T")

OPTIONS = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",  # a talking microphone must not hide that the picture stands still
    "fpsprobesize": "0",  # FFmpeg would hold back more than a second of pictures to guess a rate that nobody needs
}


KEY_FRAME_S = 15.0
"""Some cameras begin in the middle of a group of pictures: what comes before the next key frame cannot be decoded."""


def rtsp_pictures(address: Address, decoder: Decoder, timeout_s: float) -> Pictures:
    """Connect, and yield every picture as it comes.

    Raises:
        DownError: Refused, lost, or silent for `timeout_s`.
    """
    start_s = time.monotonic()
    container = _in_time(address, timeout_s, "gone", lambda: _open(address, timeout_s))
    try:
        if time.monotonic() - start_s > timeout_s:  # FFmpeg gave up waiting for a picture, but PyAV did not mind
            raise _silent(address, timeout_s, "stalled")
        if not container.streams.video or container.streams.video[0].codec_context is None:
            raise DownError("gone", f"camera {address.shown}: expected a video stream that FFmpeg knows, got none")
        stream = container.streams.video[0]
        decode_leanly(stream)
        packets = container.demux(stream)
        last_s, patience_s = time.monotonic(), max(timeout_s, KEY_FRAME_S)
        while (packet := _next(address, timeout_s, packets)) is not None:
            frames = decoder.pictures(packet)
            for frame in frames:
                yield partial(VideoPicture, frame, decoder.shrinker)
            if frames:
                last_s, patience_s = time.monotonic(), timeout_s
            elif time.monotonic() - last_s > patience_s:
                raise _silent(address, patience_s, "stalled")
    finally:
        container.close()


def _open(address: Address, timeout_s: float) -> av.container.InputContainer:
    return av.open(address.secret_url, options=OPTIONS, timeout=(timeout_s, timeout_s))


def _next(
    address: Address, timeout_s: float, packets: Iterator[av.Packet[av.VideoStream]]
) -> av.Packet[av.VideoStream] | None:
    start_s = time.monotonic()
    packet = _in_time(address, timeout_s, "stalled", lambda: next(packets, None))
    # When a stream falls silent, FFmpeg first hands out the packet that it had held back until the next one begins.
    if time.monotonic() - start_s > timeout_s:
        raise _silent(address, timeout_s, "stalled")
    return packet


def _in_time(address: Address, timeout_s: float, when_silent: CameraState, call: Callable[[], T]) -> T:
    """Run a call of PyAV; its errors come out as `DownError`, raised outside the handler so that nothing is chained."""
    start_s = time.monotonic()
    try:
        return call()
    except av.FFmpegError as error:
        late = isinstance(error, av.ExitError) or time.monotonic() - start_s >= timeout_s
        state, words = _explain(error)
    if late:
        raise _silent(address, timeout_s, when_silent)
    raise DownError(state, f"camera {address.shown}: expected a video stream, got: {words}")


def _silent(address: Address, timeout_s: float, state: CameraState) -> DownError:
    what = "an answer" if state == "gone" else "a picture"
    return DownError(state, f"camera {address.shown}: expected {what} within {timeout_s:g} s, got nothing")


def _explain(error: av.FFmpegError) -> tuple[CameraState, str]:
    """CameraState and words for an error; never its own text, which contains the address."""
    if isinstance(error, av.HTTPUnauthorizedError | av.HTTPForbiddenError):
        return "unauthorised", f"{error.strerror}; check user name and password"
    if isinstance(error, av.HTTPNotFoundError):
        return "not_found", f"{error.strerror}; check the path of the address"
    if error.errno == errno.EPROTONOSUPPORT:
        return "gone", "the camera does not send video over TCP"
    return "gone", error.strerror or type(error).__name__
