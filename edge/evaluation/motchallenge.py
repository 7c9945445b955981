"""Reads the files of MOTChallenge: `gt.txt` with people and their ids, `det.txt` with boxes, `seqinfo.ini` beside them.

One line is a box: frame, id, left, top, width, height, then for gt.txt whether it counts and its class, for det.txt a
score (A. Milan et al., MOT16, arXiv 1603.00831, section 3). Lines may come in any order: the benchmark itself sorts
gt.txt by id. This module must not know what is done with the boxes.
"""

from __future__ import annotations

import configparser
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError

PERSON = 1
"""Class of a pedestrian in gt.txt; the other classes are vehicles, statues, reflections and the like."""
SIZE = (1920, 1080)
"""Pixels of a picture that nobody gave; only the shape of boxes in relation to each other matters for tracking."""
LONGEST = 1_000_000  # frames; 9 hours at 30 pictures a second
_EXCERPT = 60


@dataclass(frozen=True)
class Boxes:
    """Boxes of one picture.

    Attributes:
        corners: float64 (N, 4), x0 y0 x1 y1 in pixels, not clipped to the picture.
        ids: int64 (N,); -1 for detections.
        scores: float64 (N,), 0..1.
    """

    corners: NDArray[np.float64]
    ids: NDArray[np.int64]
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class Sequence:
    """A sequence of pictures: who was there, and what a detector saw.

    Attributes:
        fps: Pictures per second.
        size: Width and height of a picture, pixels.
        people: One for each picture, from the first on.
        detections: The same.
    """

    fps: float
    size: tuple[int, int]
    people: tuple[Boxes, ...]
    detections: tuple[Boxes, ...]


def read_sequence(gt: Path, det: Path, fps: float | None = None) -> Sequence:
    """A sequence from two files, or from one or two folders that hold gt/gt.txt, det/det.txt and seqinfo.ini.

    Args:
        gt: gt.txt, or a sequence's folder. Lines that do not count, or are of another class, are left out.
        det: det.txt, or a sequence's folder. Boxes without width or height are left out; no box at all is a result.
        fps: Instead of frameRate in seqinfo.ini.

    Raises:
        EdgeError: A file cannot be read or is not of the format; the text names file, line, expectation and finding.
    """
    gt_file = gt / "gt" / "gt.txt" if gt.is_dir() else gt
    det_file = det / "det" / "det.txt" if det.is_dir() else det
    told_fps, size, length = _seqinfo(gt_file)
    fps = told_fps if fps is None else fps
    if fps is None:
        raise EdgeError(f"{gt}: expected --fps, or frameRate in a seqinfo.ini beside the folder gt, got neither")
    people = [row for row in _rows(gt_file) if row.counts]
    if not people:
        raise EdgeError(f"{gt_file}: expected at least one box of a person, got none")
    _check_people(gt_file, people)
    found = [row for row in _rows(det_file) if row.width > 0.0 and row.height > 0.0]
    frames = max(row.frame for row in [*people, *found])
    if length is not None and frames > length:
        raise EdgeError(f"{gt_file}: expected frames up to seqLength {length} of seqinfo.ini, got {frames}")
    frames = length or frames
    return Sequence(fps, size, _by_frame(people, frames), _by_frame(found, frames))


@dataclass(frozen=True)
class _Row:
    place: str
    frame: int
    id: int
    left: float
    top: float
    width: float
    height: float
    score: float
    counts: bool


def _rows(path: Path) -> Iterator[_Row]:
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise EdgeError(f"{path}: expected a readable MOTChallenge file, got: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise EdgeError(f"{path}: expected a text of numbers, got byte 0x{error.object[error.start]:02x}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _row(f"{path}, line {number}", line)


def _row(place: str, line: str) -> _Row:
    def wrong(expected: str) -> EdgeError:
        shown = repr(line) if len(line) <= _EXCERPT else f"{line[:_EXCERPT]!r}…"
        return EdgeError(f"{place}: expected {expected}, got {shown}")

    try:
        values = [float(value) for value in line.rstrip(", \t").split(",")]
    except ValueError:
        raise wrong("numbers with commas between them") from None
    if len(values) < 6:
        raise wrong("frame,id,left,top,width,height and what follows")
    if not all(math.isfinite(value) and abs(value) < 1e9 for value in values):
        raise wrong("numbers that make sense")
    frame, identity = values[0], values[1]
    if not (frame.is_integer() and 1 <= frame <= LONGEST):
        raise wrong(f"a frame number from 1 to {LONGEST}")
    if not identity.is_integer():
        raise wrong("an id that is a whole number")
    left, top, width, height = values[2:6]
    flag, kind = (values[6:8] + [1.0, PERSON][len(values[6:8]) :])[:2]
    # Where there is no class, as in the benchmark of 2015, the column holds -1.
    counts = flag != 0.0 and kind in (PERSON, -1.0)
    return _Row(place, int(frame), int(identity), left, top, width, height, min(max(flag, 0.0), 1.0), counts)


def _check_people(path: Path, people: list[_Row]) -> None:
    seen = dict[tuple[int, int], _Row]()
    for row in people:
        if row.width <= 0.0 or row.height <= 0.0:
            raise EdgeError(f"{row.place}: expected a box with width and height, got {row.width:g} x {row.height:g}")
        if row.id < 0:
            raise EdgeError(f"{row.place}: expected the id of a person, got {row.id}; is {path.name} a det.txt?")
        if other := seen.get((row.frame, row.id)):
            raise EdgeError(
                f"{row.place}: expected id {row.id} once in frame {row.frame}, got it again ({other.place})"
            )
        seen[row.frame, row.id] = row


def _by_frame(rows: list[_Row], frames: int) -> tuple[Boxes, ...]:
    grouped: list[list[_Row]] = [[] for _ in range(frames)]
    for row in rows:
        grouped[row.frame - 1].append(row)
    return tuple(_boxes(group) for group in grouped)


def _boxes(rows: list[_Row]) -> Boxes:
    corners = [(row.left, row.top, row.left + row.width, row.top + row.height) for row in rows]
    return Boxes(
        np.array(corners, np.float64).reshape(-1, 4),
        np.array([row.id for row in rows], np.int64),
        np.array([row.score for row in rows], np.float64),
    )


def _seqinfo(gt_file: Path) -> tuple[float | None, tuple[int, int], int | None]:
    """Frame rate, size and length by the seqinfo.ini of the sequence, as far as there is one."""
    path = gt_file.parent.parent / "seqinfo.ini"
    if gt_file.parent.name != "gt" or not path.is_file():
        return None, SIZE, None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        section = parser["Sequence"]
        fps = section.getfloat("frameRate")
        size = (section.getint("imWidth", SIZE[0]), section.getint("imHeight", SIZE[1]))
        length = section.getint("seqLength")
    except (OSError, ValueError, KeyError, configparser.Error) as error:
        reason = str(error).splitlines()[0]
        raise EdgeError(
            f"{path}: expected a section [Sequence] with numbers such as frameRate=30, got: {reason}"
        ) from None
    if not all(number is None or 0 < number < math.inf for number in (fps, *size, length)):
        raise EdgeError(f"{path}: expected numbers above 0, got frameRate {fps}, size {size}, seqLength {length}")
    return fps, size, length
