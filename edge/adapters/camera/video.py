"""Video files through PyAV: every picture with its presentation time.

It must not know how fast the pictures are consumed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av

from edge.adapters.camera.picture import Decoder, VideoPicture, decode_leanly
from edge.adapters.camera.played import Shot
from edge.errors import CameraError

log = logging.getLogger(__name__)

MISSING_S = 1.0  # a file that ends this much (and this share of its length) before the end it declares is cut off
MISSING_SHARE = 0.02


class VideoFile:
    """An open video file; close it.

    Attributes:
        duration_s: As the file declares it; None when it does not.

    Raises:
        CameraError: Missing, unreadable, empty, or nothing that FFmpeg knows as video.
    """

    def __init__(self, path: Path, decoder: Decoder) -> None:
        self._path = path
        self._decoder = decoder
        try:
            with path.open("rb") as file:
                empty = not file.read(1)
        except OSError as error:
            raise CameraError(f"{path}: expected a readable video file, got: {error.strerror}") from None
        if empty:
            raise CameraError(f"{path}: expected a video file, found an empty file")
        try:
            # An absolute path, because FFmpeg takes what stands before a colon in a relative one for a protocol.
            self._container = av.open(str(path.absolute()))
        except av.FFmpegError as error:
            raise CameraError(
                f"{path}: expected a video file, got: {error.strerror}; it is cut off, damaged or not a video"
            ) from None
        videos = self._container.streams.video
        if not videos or videos[0].codec_context is None:
            self._container.close()
            raise CameraError(f"{path}: expected a file with a video stream that FFmpeg knows, found none")
        self._stream = videos[0]
        decode_leanly(self._stream)
        self.duration_s = self._declared_s()

    def _declared_s(self) -> float | None:
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return self._container.duration / av.time_base
        return None

    def shots(self) -> Iterator[Shot]:
        """Every picture; its time counts from the first one.

        Raises:
            CameraError: The file has no picture that can be decoded, or ends long before the end it declares.
        """
        clock = PresentationClock(self._path, float(self._stream.guessed_rate or self._stream.average_rate or 25))
        for packet in self._packets():
            for frame in self._decoder.pictures(packet):
                yield clock.stamp(frame.time), partial(VideoPicture, frame, self._decoder.shrinker)
        if clock.last_s is None:
            raise CameraError(
                f"{self._path}: expected pictures, found {self._decoder.corrupt} packets that cannot be decoded"
            )
        end_s, declared_s = clock.last_s + clock.step_s, self.duration_s or 0.0
        if declared_s - end_s > max(MISSING_S, MISSING_SHARE * declared_s):
            raise CameraError(
                f"{self._path}: expected {declared_s:.1f} s of video as the file declares, found {end_s:.1f} s; it is "
                "cut off or damaged"
            )

    def _packets(self) -> Iterator[av.Packet[av.VideoStream]]:
        try:
            yield from self._container.demux(self._stream)
        except av.FFmpegError as error:
            raise CameraError(
                f"{self._path}: expected more video, got: {error.strerror}; the file is damaged"
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._container.close()


class PresentationClock:
    """Seconds since the first picture, from presentation times that may be missing or run backwards.

    >>> clock = PresentationClock(Path("clip.avi"), 10)
    >>> [round(clock.stamp(time_s), 6) for time_s in (5.0, 5.1, None, 5.3, 5.2)]
    [0.0, 0.1, 0.2, 0.3, 0.4]
    """

    def __init__(self, path: Path, nominal_fps: float) -> None:
        self._path = path
        self._first_s: float | None = None
        self._broken = False
        self.step_s = 1.0 / nominal_fps
        self.last_s: float | None = None

    def stamp(self, time_s: float | None) -> float:
        """The time of the next picture; never less than that of the one before."""
        if self.last_s is None:
            self._first_s = time_s
            self.last_s = 0.0
            return self.last_s
        if time_s is not None and self._first_s is not None and time_s - self._first_s >= self.last_s:
            self.last_s = time_s - self._first_s
            return self.last_s
        if not self._broken:
            log.warning(
                "%s: a presentation time is missing or runs backwards; such pictures count as %.3f s each",
                self._path,
                self.step_s,
            )
        self._broken = True
        self.last_s += self.step_s
        return self.last_s
