"""Writes pictures as a video file. It must not know what is in them."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.stream import VideoStream

Image = NDArray[np.uint8]

_MILLISECOND = Fraction(1, 1000)


class VideoWriter:
    """Writes pictures as an .mp4 file that keeps their times, to the millisecond: H.264, or MPEG-4 part 2 without it.

    The first picture decides the size (an odd last row or column is left out) and is at 0 s.

    Raises:
        EdgeError: The file cannot be written, sizes differ, or time does not advance.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open = ExitStack()
        self._stream: VideoStream | None = None
        self._shape: tuple[int, ...] = ()
        self._first_s = 0.0
        self._last_ms = -1

    def __enter__(self) -> VideoWriter:
        import av  # noqa: PLC0415 - only videos need it

        try:
            file = self._open.enter_context(self._path.open("wb"))
        except OSError as error:
            raise self._unwritable(error) from error
        self._container = self._open.enter_context(av.open(file, "w", format="mp4"))
        return self

    def write(self, image: Image, mono_s: float) -> None:
        """Append a picture that was taken at `mono_s`."""
        import av  # noqa: PLC0415

        if self._stream is None:
            self._stream, self._shape, self._first_s = self._start(image), image.shape, mono_s
        if image.shape != self._shape:
            raise EdgeError(f"{self._path}: expected pictures of one size, {self._shape}, got {image.shape}")
        time_ms = round((mono_s - self._first_s) * 1000)
        if time_ms <= self._last_ms:
            raise EdgeError(f"{self._path}: expected a picture after {self._last_ms} ms, got one at {time_ms} ms")
        self._last_ms = time_ms
        even = image[: self._stream.height, : self._stream.width]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="bgr24")
        frame.pts, frame.time_base = time_ms, _MILLISECOND
        self._encode(self._stream, frame)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            with self._open:
                if self._stream is not None:
                    self._encode(self._stream, None)
        except OSError as unwritable:
            if kind is None:
                raise self._unwritable(unwritable) from unwritable

    def _start(self, image: Image) -> VideoStream:
        import av  # noqa: PLC0415

        codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
        stream = self._container.add_stream(codec, options={"crf": "23"} if codec == "libx264" else {"qscale": "4"})
        assert isinstance(stream, av.VideoStream)  # noqa: S101 - the codec is one for video
        stream.height, stream.width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
        stream.pix_fmt = "yuv420p"
        # Pictures reordered by an encoder and uneven times together spoil the length that the file declares.
        stream.codec_context.max_b_frames = 0
        stream.time_base = stream.codec_context.time_base = _MILLISECOND
        return stream

    def _encode(self, stream: VideoStream, frame: VideoFrame | None) -> None:
        try:
            self._container.mux(stream.encode(frame))
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> EdgeError:
        return EdgeError(f"{self._path}: expected a place to write an .mp4 file, got: {error.strerror}")
