"""Everything that is drawn: rules, boxes, counts and the grid on a picture, and PNG files of it.

Pictures are uint8 (H, W, 3) BGR and are drawn on in place; sizes follow the picture, so that a thumbnail and a 4K frame
look alike. This module must not know what is counted or why, and nothing else draws. The service path never imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, hypot
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.geometry import Polyline
from edge.core.rules import LineRule, ZoneRule
from edge.core.types import Floats, Tracks
from edge.errors import EdgeError

if TYPE_CHECKING:
    pass

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

_INK: Colour = (38, 30, 24)
_PAPER: Colour = (255, 255, 255)
_LINE: Colour = (60, 170, 255)
_PERSON: Colour = (120, 230, 130)
_ZONES: tuple[Colour, ...] = ((235, 160, 60), (190, 90, 230), (90, 200, 60), (70, 110, 240), (200, 200, 50))
_FONT = cv2.FONT_HERSHEY_DUPLEX
_BLUR_CELLS = 8
_BLUR_MARGIN = 0.15


def draw_rules(image: Image, lines: Sequence[LineRule], zones: Sequence[ZoneRule]) -> None:
    """Draw zones as tinted areas, lines as strokes with an arrow to the inner side; every one with its name.

    Args:
        image: Drawn on in place.
        lines: Fractions of the frame.
        zones: Fractions of the frame.
    """
    for index, zone in enumerate(zones):
        corners = _pixels(image, zone.polygon)
        colour = _ZONES[index % len(_ZONES)]
        _tint(image, corners, colour, 0.3)
        _stroke(image, [*corners, corners[0]], colour, 1.6)
    for line in lines:
        _stroke(image, _pixels(image, line.points), _LINE, 3.2)
        _arrow_in(image, line)
    # Names last: no later area may tint them.
    for index, zone in enumerate(zones):
        corners = _pixels(image, zone.polygon)
        lowest = sorted(corners, key=lambda corner: corner[1])[-2:]
        middle = (lowest[0][0] + lowest[1][0]) / 2, (lowest[0][1] + lowest[1][1]) / 2
        _label(image, zone.name, middle, _ZONES[index % len(_ZONES)])
    for line in lines:
        (x, y), (next_x, next_y) = _pixels(image, line.points)[:2]
        beyond = 44 * _unit(image) / max(hypot(next_x - x, next_y - y), 1.0)
        _label(image, line.name, (x + (x - next_x) * beyond, y + (y - next_y) * beyond), _LINE)


def draw_tracks(image: Image, tracks: Tracks, numbers: bool = False) -> None:
    """Draw a box and a foot point per person: solid when seen in this picture, thin and dashed when predicted.

    Args:
        image: Drawn on in place.
        tracks: Everybody is drawn in one colour, so that no picture follows a person by it.
        numbers: Also write a two-digit number of the track; for local debugging only.
    """
    unit = _unit(image)
    for identity, box, observed in zip(tracks.ids, tracks.boxes, tracks.observed, strict=True):
        (x0, y0), (x1, y1) = _pixels(image, ((box[0], box[1]), (box[2], box[3])))
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
        if observed:
            _stroke(image, corners, _PERSON, 2.0)
        else:
            for start, end in pairwise(corners):
                for dash in _dashes(start, end, 9 * unit):
                    _stroke(image, dash, _PERSON, 1.0)
        foot = round((x0 + x1) / 2), y1
        cv2.circle(image, foot, ceil(5 * unit), _INK, -1, cv2.LINE_AA)
        cv2.circle(image, foot, ceil(3.5 * unit), _PERSON if observed else _PAPER, -1, cv2.LINE_AA)
        if numbers:
            _label(image, f"{identity % 100:02d}", (foot[0], y0 - 12 * unit), _PERSON)


def draw_counts(image: Image, rows: Sequence[tuple[str, str]]) -> None:
    """Draw a panel with one row per count in the upper left corner, made smaller where it would not fit.

    Args:
        image: Drawn on in place.
        rows: Name and text, as in ("door in", "12").
    """
    if not rows:
        return
    height, width = image.shape[:2]
    unit = _unit(image)
    widest = max(_text_size(name, unit)[0] + _text_size(text, unit)[0] for name, text in rows)
    unit *= min(1.0, 0.96 * width / (widest + 84 * unit), 0.96 * height / ((26 * len(rows) + 36) * unit))
    widest = max(_text_size(name, unit)[0] + _text_size(text, unit)[0] for name, text in rows)
    gap, row_height = round(12 * unit), 26 * unit
    right = round(gap + widest + 56 * unit)
    bottom = round(gap + row_height * len(rows) + 16 * unit)
    panel = [(gap, gap), (right, gap), (right, bottom), (gap, bottom)]
    _tint(image, panel, _INK, 0.82)
    for index, (name, text) in enumerate(rows):
        baseline = round(gap + 8 * unit + row_height * (index + 0.72))
        _text(image, name, (round(gap + 14 * unit), baseline), unit, (215, 205, 195))
        _text(image, text, (round(right - 14 * unit) - _text_size(text, unit)[0], baseline), unit, _PAPER)


def draw_grid(image: Image) -> None:
    """Draw a grid in fractions of the frame: a line per 0.1, labelled along all four edges.

    Args:
        image: Drawn on in place.
    """
    height, width = image.shape[:2]
    unit = _unit(image)
    shade = image.copy()
    for tenth in range(1, 10):
        x, y = round(width * tenth / 10), round(height * tenth / 10)
        for colour, thickness in ((_INK, 3.0), (_PAPER, 1.2)):
            thick = max(1, round(thickness * unit * (1.6 if tenth == 5 else 1.0)))
            cv2.line(shade, (x, 0), (x, height), colour, thick)
            cv2.line(shade, (0, y), (width, y), colour, thick)
    cv2.addWeighted(shade, 0.45, image, 0.55, 0, dst=image)
    for tenth in range(1, 10):
        x, y = width * tenth / 10, height * tenth / 10
        for at in ((x, 0), (x, height), (0, y), (width, y)):
            _label(image, f"{tenth / 10:.1f}", at, _PAPER, 0.8 * unit)


def blur_people(image: Image, boxes: Floats) -> None:
    """Replace every box and a margin around it by a few blurred cells, so that nobody can be recognised.

    Args:
        image: Changed in place, and only there.
        boxes: (N, 4) x0 y0 x1 y1, fractions of the frame; parts outside of it are ignored.
    """
    height, width = image.shape[:2]
    for box in boxes:
        margin_x, margin_y = _BLUR_MARGIN * (box[2] - box[0]), _BLUR_MARGIN * (box[3] - box[1])
        x0, x1 = np.clip(np.round((box[[0, 2]] + (-margin_x, margin_x)) * width), 0, width).astype(int)
        y0, y1 = np.clip(np.round((box[[1, 3]] + (-margin_y, margin_y)) * height), 0, height).astype(int)
        if x1 <= x0 or y1 <= y0:
            continue
        person = image[y0:y1, x0:x1]
        # A cell is never under 4 pixels: a far-away person would come back sharp otherwise.
        cell = max(4.0, max(person.shape[:2]) / _BLUR_CELLS)
        cells = max(1, round((x1 - x0) / cell)), max(1, round((y1 - y0) / cell))
        coarse = cv2.resize(person, cells, interpolation=cv2.INTER_AREA)
        image[y0:y1, x0:x1] = cv2.resize(coarse, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)


def encode_png(image: Image) -> bytes:
    """The picture as PNG.

    Raises:
        EdgeError: It is not a picture of 1 or more pixels.
    """
    try:
        encoded, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    except cv2.error:
        encoded = False
    if not encoded:
        raise EdgeError(f"PNG: expected a picture of uint8 (H, W, 3), got {image.dtype} {image.shape}")
    return data.tobytes()


def write_png(path: Path, image: Image) -> None:
    """Write the picture as a PNG file.

    Raises:
        EdgeError: The file cannot be written, or there is no picture.
    """
    data = encode_png(image)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise EdgeError(f"{path}: expected a place to write a PNG file, got: {error.strerror}") from error


def _unit(image: Image) -> float:
    """One pixel of a picture with 720 rows (or 1280 columns), in pixels of this one."""
    height, width = image.shape[:2]
    return max(0.35, float(min(height / 720, width / 1280)))


def _pixels(image: Image, points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Fractions of the frame as pixels of the picture, the lower and right edges on its last row and column."""
    height, width = image.shape[:2]
    return [(round(x * (width - 1)), round(y * (height - 1))) for x, y in points]


def _stroke(image: Image, points: Sequence[tuple[int, int]], colour: Colour, thickness: float) -> None:
    """A polyline with a dark rim, so that it shows on any ground."""
    path = np.asarray(points, np.int32)
    unit = _unit(image)
    cv2.polylines(image, [path], False, _INK, max(2, round((thickness + 1.8) * unit)), cv2.LINE_AA)
    cv2.polylines(image, [path], False, colour, max(1, round(thickness * unit)), cv2.LINE_AA)


def _dashes(start: tuple[int, int], end: tuple[int, int], length: float) -> list[list[tuple[int, int]]]:
    """The straight way from start to end as dashes with gaps of the same length; a dash at either end."""
    count = max(1, round(hypot(end[0] - start[0], end[1] - start[1]) / length / 2)) * 2 - 1
    steps = np.linspace(start, end, count + 1).round().astype(int).tolist()
    return [[tuple(a), tuple(b)] for a, b in zip(steps[0::2], steps[1::2], strict=False)]


def _tint(image: Image, corners: Sequence[tuple[int, int]], colour: Colour, opacity: float) -> None:
    """Mix a colour into the inside of a polygon."""
    area = np.asarray(corners, np.int32)
    x, y, width, height = cv2.boundingRect(area)
    x0, y0 = max(x, 0), max(y, 0)
    part = image[y0 : y + height, x0 : x + width]
    if part.size:
        tinted = part.copy()
        cv2.fillPoly(tinted, [area - (x0, y0)], colour, cv2.LINE_AA)
        cv2.addWeighted(tinted, opacity, part, 1.0 - opacity, 0, dst=part)


def _arrow_in(image: Image, line: LineRule) -> None:
    """An arrow across the longest leg of a line, IN at its tip, pushed inwards as a whole where the frame ends."""
    height, width = image.shape[:2]
    unit = _unit(image)
    path = np.asarray(line.points) * (width - 1, height - 1)
    legs = np.linalg.norm(np.diff(path, axis=0), axis=1)
    longest = int(legs.argmax())
    along = (path[longest + 1] - path[longest]) / legs[longest]
    middle = (path[longest] + path[longest + 1]) / 2
    inward = np.array([-along[1], along[0]])
    probe = middle + inward
    aspect = (width - 1) / (height - 1)
    if Polyline(line.points, line.inside, aspect).depth(probe[0] / (height - 1), probe[1] / (height - 1)) < 0:
        inward = -inward
    room = np.array([width - 1, height - 1]) - 34 * unit
    tip = middle + inward * 46 * unit
    shift = np.clip(tip, 34 * unit, np.maximum(room, 34 * unit)) - tip
    tip, tail = tip + shift, middle - inward * 20 * unit + shift
    for colour, thickness in ((_INK, 6.5), (_LINE, 3.5)):
        pen = max(1, round(thickness * unit))
        cv2.arrowedLine(image, _point(tail), _point(tip), colour, pen, cv2.LINE_AA, tipLength=0.28)
    _label(image, "IN", tuple(tip + inward * 20 * unit), _LINE)


def _point(at: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(at[0])), round(float(at[1]))


def _label(image: Image, text: str, centre: tuple[float, float], colour: Colour, unit: float | None = None) -> None:
    """Text on a dark plate with a coloured rim, moved to lie wholly inside the picture."""
    unit = _unit(image) if unit is None else unit
    height, width = image.shape[:2]
    text_width, text_height = _text_size(text, unit)
    pad_x, pad_y = round(8 * unit), round(6 * unit)
    plate_width, plate_height = text_width + 2 * pad_x, text_height + 2 * pad_y
    x = round(min(max(centre[0] - plate_width / 2, 1), max(width - plate_width - 2, 1)))
    y = round(min(max(centre[1] - plate_height / 2, 1), max(height - plate_height - 2, 1)))
    corner = x + plate_width, y + plate_height
    cv2.rectangle(image, (x, y), corner, _INK, -1)
    cv2.rectangle(image, (x, y), corner, colour, max(1, round(1.2 * unit)))
    _text(image, text, (x + pad_x, y + pad_y + text_height), unit, _PAPER)


def _text(image: Image, text: str, at: tuple[int, int], unit: float, colour: Colour) -> None:
    cv2.putText(image, text, at, _FONT, 0.62 * unit, colour, max(1, round(unit)), cv2.LINE_AA)


def _text_size(text: str, unit: float) -> tuple[int, int]:
    """Width and height above the baseline, pixels."""
    (width, height), _ = cv2.getTextSize(text, _FONT, 0.62 * unit, max(1, round(unit)))
    return width, height
