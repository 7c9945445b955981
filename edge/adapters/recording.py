"""Recordings of boxes: JSON lines that stand in for a camera and a detector, in tests, demos and replays.

The first line is a header, every further line one picture; all coordinates are fractions of the frame:

    {"recording": 1, "width": 768, "height": 432, "fps": 10}
    {"t_s": 0.0, "boxes": [[0.41, 0.2, 0.47, 0.55, 0.93]]}
    {"t_s": 0.1, "boxes": [[0.41, 0.21, 0.47, 0.56, 0.94]], "ids": [7]}

A box without its fifth number, the score, has the score 1. A line with `ids` holds tracks, and needs no tracker. This
module must not know who consumes them; no picture is ever in a recording.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, TextIO, TypeGuard

import numpy as np
from numpy.typing import NDArray

from edge.core.rate import RateLimit
from edge.core.types import Detections, Tracks
from edge.errors import CameraError

VERSION = 1
LONGEST_LINE = 1_000_000  # bytes; some 20,000 boxes
LARGEST = 1e10  # no time in seconds of uptime, size in pixels or fraction of a frame is beyond this
LONGEST_GAP_S = 86_400.0  # a slip of the pen would otherwise make a row for every interval of some centuries
EXCERPT = 80  # characters of a wrong value in an error


def is_recording(source: str) -> bool:
    """Whether this name is one of a recording.

    >>> is_recording("shop.JSONL"), is_recording("shop.mp4"), is_recording("rtsp://cam/x.jsonl")
    (True, False, False)
    """
    return "://" not in source and Path(source).suffix.lower() == ".jsonl"


class Recording:
    """A recording to read; a context manager.

    Args:
        path: The file.
        max_fps: Pictures a second to hand out at most, chosen by their time stamps; None hands out all.
        speed: As fast as they are taken, or paced like the original.

    Attributes:
        aspect: Width / height of the pictures; known inside the with statement, like `fps`.
        fps: Pictures a second, as the header has it.
        duration_s: None: the format does not say.

    Raises:
        CameraError: On entering: the file cannot be read, or its header is wrong.
    """

    live = False
    duration_s: float | None = None

    def __init__(
        self, path: str | Path, *, max_fps: float | None = None, speed: Literal["real", "max"] = "max"
    ) -> None:
        self.path = Path(path)
        self.aspect = self.fps = 0.0
        self._limit = RateLimit(max_fps)
        self._speed = speed
        self._open = ExitStack()
        self._lines: Iterator[_Line] = iter(())

    def __enter__(self) -> Recording:
        try:
            file = self._open.enter_context(self.path.open("rb"))
        except OSError as error:
            raise CameraError(f"{self.path}: expected a readable recording, got: {error.strerror}") from None
        try:
            self._lines = _lines(self.path, file)
            self._read_header()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _read_header(self) -> None:
        line = next(self._lines, None)
        if line is None:
            raise CameraError(f"{self.path}, line 1: expected the header of a recording, found an empty file")
        version = line.value("recording")
        if version != VERSION or isinstance(version, bool):
            raise line.error(f'"recording": {VERSION}', version)
        width, height, self.fps = (line.number(key) for key in ("width", "height", "fps"))
        if min(width, height, self.fps) <= 0 or not 0.01 < width / height < 100:
            raise line.error("width, height and fps above 0", [width, height, self.fps])
        self.aspect = width / height

    def observations(self) -> Iterator[Detections | Tracks]:
        """What the recording holds, one picture after the other; Tracks are all observed.

        Raises:
            CameraError: A line is not what the format says; the text names the line.
        """
        start_s = time.monotonic()
        first_s = last_s = -math.inf
        for line in self._lines:
            mono_s = line.number("t_s")
            if mono_s < last_s:
                raise line.error(f"a time not before {last_s}", mono_s)
            if mono_s - last_s > LONGEST_GAP_S and last_s > -math.inf:
                raise line.error(f"a time at most {LONGEST_GAP_S:.0f} s after {last_s}", mono_s)
            first_s = mono_s if first_s == -math.inf else first_s
            last_s = mono_s
            observation = self._observation(line, mono_s)
            if not self._limit.take(mono_s):
                continue
            if self._speed == "real":
                time.sleep(max(0.0, start_s + mono_s - first_s - time.monotonic()))
            yield observation

    def _observation(self, line: _Line, mono_s: float) -> Detections | Tracks:
        boxes, scores = line.boxes()
        found = Detections.sanitised(boxes, scores, mono_s, self.aspect)
        if "ids" not in line.content:
            return found
        # Detections owns the rule for what is a box, but does not tell which ones it kept: so ask for each one.
        ids = line.ids(len(boxes))
        rows = [[row] for row in range(len(boxes))]
        kept = [len(Detections.sanitised(boxes[row], scores[row], mono_s, self.aspect).boxes) == 1 for row in rows]
        observed = np.ones(len(found.boxes), np.bool_)
        return Tracks(ids[np.array(kept, np.bool_)], found.boxes, observed, mono_s, self.aspect)


class RecordingWriter:
    """A recording to write; a context manager.

    Args:
        path: The file; an older one is replaced.
        width: Of the pictures, pixels.
        height: Of the pictures, pixels.
        fps: Pictures a second, nominal.

    Raises:
        CameraError: On entering or writing: the file cannot be written.
    """

    def __init__(self, path: str | Path, *, width: int, height: int, fps: float) -> None:
        self.path = Path(path)
        self._header = {"recording": VERSION, "width": width, "height": height, "fps": fps}
        self._file: TextIO | None = None

    def __enter__(self) -> RecordingWriter:
        try:
            self._file = self.path.open("w", encoding="ascii", newline="\n")
        except OSError as error:
            raise self._unwritable(error) from None
        self._put(self._header)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as full:
                raise self._unwritable(full) from None

    def write(self, detections: Detections) -> None:
        """Append one picture; numbers are rounded to 5 digits, a hundredth of a pixel."""
        rows = np.column_stack([detections.boxes, detections.scores]).tolist()
        boxes = [[round(number, 5) for number in row] for row in rows]
        self._put({"t_s": round(detections.mono_s, 5), "boxes": boxes})

    def _put(self, content: dict[str, Any]) -> None:
        if self._file is None:
            raise RuntimeError("the recording is not open: use it in a with statement")
        try:
            self._file.write(json.dumps(content) + "\n")
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> CameraError:
        return CameraError(f"{self.path}: expected a file that can be written, got: {error.strerror}")


@dataclass(frozen=True)
class _Line:
    """One line: `place` is its file and number, `content` the JSON object in it."""

    place: str
    content: dict[str, Any]

    @staticmethod
    def parse(place: str, text: bytes) -> _Line:
        try:
            content = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise CameraError(f"{place}: expected one JSON object, got {_excerpt(text)} ({error})") from None
        if not isinstance(content, dict):
            raise CameraError(f"{place}: expected one JSON object, got {_excerpt(content)}")
        return _Line(place, content)

    def error(self, expected: str, found: object) -> CameraError:
        return CameraError(f"{self.place}: expected {expected}, got {_excerpt(found)}")

    def value(self, key: str) -> object:
        if key not in self.content:
            raise self.error(f'the key "{key}"', list(self.content))
        return self.content[key]

    def number(self, key: str) -> float:
        number = self.value(key)
        if not _is_number(number):
            raise self.error(f'"{key}" to be a number that makes sense', number)
        return float(number)

    def boxes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Boxes (N, 4) and scores (N,), as they stand."""
        rows = self.value("boxes")
        if not isinstance(rows, list):
            raise self.error('"boxes" to be a list', rows)
        for row in rows:
            if not isinstance(row, list) or len(row) not in (4, 5) or not all(map(_is_number, row)):
                raise self.error("each box to be [x0, y0, x1, y1, score] or [x0, y0, x1, y1]", row)
        table = np.array([[*row, 1.0][:5] for row in rows], np.float64).reshape(-1, 5)
        return table[:, :4], table[:, 4]

    def ids(self, count: int) -> NDArray[np.int64]:
        """Track ids (N,), one for each of `count` boxes."""
        ids = self.value("ids")
        if not isinstance(ids, list) or not all(type(one) is int and -(2**63) <= one < 2**63 for one in ids):
            raise self.error('"ids" to be a list of whole numbers of 64 bits', ids)
        if len(ids) != count:
            raise self.error(f'{count} "ids", one for each box', ids)
        if len(set(ids)) != count:
            raise self.error('every one of "ids" only once', ids)
        return np.array(ids, np.int64)


def _lines(path: Path, file: BinaryIO) -> Iterator[_Line]:
    number = 0
    while text := _read_line(path, number := number + 1, file):
        yield _Line.parse(f"{path}, line {number}", text)


def _read_line(path: Path, number: int, file: BinaryIO) -> bytes:
    try:
        text = file.readline(LONGEST_LINE + 1)
    except OSError as error:
        raise CameraError(f"{path}, line {number}: cannot be read: {error.strerror}") from None
    if len(text) > LONGEST_LINE:
        raise CameraError(f"{path}, line {number}: expected a line of at most {LONGEST_LINE} bytes, got a longer one")
    return text


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _no_constant(token: str) -> float:
    raise ValueError(f"{token} is not a number in JSON")


def _excerpt(value: object) -> str:
    text = repr(value)
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"
