"""People walking by script in a 640 x 480 picture, and what a camera makes of them: the ground of sheets A and B.

Times are seconds, lengths pixels of that picture; a person is a 60 x 150 box, given by its foot point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from edge.core.types import Detections, Tracks

WIDTH, HEIGHT = 640, 480
BOX_W, BOX_H = 60, 150
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Person:
    """A walk: (time, foot x, foot y) at the corners of the path, straight and steady in between."""

    path: tuple[tuple[float, float, float], ...]
    hidden: tuple[tuple[float, float], ...] = ()
    switch_s: float = float("inf")
    """From here on the track has another id."""
    legs_hidden: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """(from, until, how much of the body is then hidden from below)."""
    stolen: tuple[float, float, float] = (-1.0, 0.0, 0.0)
    """(time, foot x, foot y): the one picture in which somebody else's box bears this id."""

    def foot(self, t: float, frame_s: float) -> tuple[float, float] | None:
        """Where the feet are at time t, or None when nobody is seen. `frame_s` is the time to the next picture."""
        times, xs, ys = zip(*self.path, strict=True)
        if not times[0] <= t <= times[-1] or any(start <= t < end for start, end in self.hidden):
            return None
        if t <= self.stolen[0] < t + frame_s:
            return self.stolen[1:]
        return float(np.interp(t, times, xs)), float(np.interp(t, times, ys))

    def without(self, t: float) -> float:
        """How much of the lower body cannot be seen at time t."""
        start, until, hidden = self.legs_hidden
        return hidden if start <= t < until else 0.0


def as_it_is(x: float, y: float) -> tuple[float, float]:
    return x, y


@dataclass(frozen=True)
class Camera:
    """How the scene is seen."""

    fps: float = 15.0
    uneven: float = 0.0
    """Time stamps move by up to this share of the period; pictures come when they come."""
    missing: float = 0.0
    """Share of pictures that never arrive."""
    noise: float = 0.0
    """Scatter of each edge of a box, box heights."""
    flip: Callable[[float, float], tuple[float, float]] = as_it_is
    """Where a point of the picture (fractions) goes."""
    turned: bool = False
    """The floor is turned by 90 degrees, and so is the picture's format; people still stand upright in it. Who walked
    down walks to the left, over a line from the top to the bottom."""
    aspect: float | None = None
    """Width / height, if not that of the picture."""
    tail_s: float = 0.0
    """Empty pictures after the last person is gone."""

    def times(self, until_s: float) -> list[float]:
        rng = np.random.default_rng(7)
        count = int(until_s * self.fps) + 1
        times = (np.arange(count) + self.uneven * rng.uniform(-0.5, 0.5, count)) / self.fps
        keep = rng.uniform(size=count) >= self.missing
        return [float(t) for t in np.maximum(times[keep], 0.0)]

    def film(self, people: tuple[Person, ...], ids: bool = True) -> Iterator[Tracks | Detections]:
        """The pictures in order, as tracks with true ids or as bare detections."""
        rng = np.random.default_rng(11)
        times = self.times(max(person.path[-1][0] for person in people) + self.tail_s)
        for t, following in zip(times, [*times[1:], times[-1] + 1.0], strict=True):
            boxes, names = [], []
            for name, person in enumerate(people):
                foot = person.foot(t, following - t)
                box = None if foot is None else self._seen(foot, person.without(t), rng)
                if box is not None:
                    boxes.append(box)
                    names.append(name + (100 if t >= person.switch_s else 0))
            array = np.array(boxes, np.float32).reshape(-1, 4)
            width, height = self._size
            aspect = self.aspect or width / height
            if ids:
                observed = np.ones(len(boxes), np.bool_)
                yield Tracks(np.array(names, np.int64), array, observed, t, aspect)
            else:
                yield Detections.sanitised(array, np.full(len(boxes), 0.9, np.float32), t, aspect)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the floor is in the picture, in fractions."""
        (px, py), (width, height) = self._place(x, y), self._size
        return self.flip(px / width, py / height)

    @property
    def _size(self) -> tuple[int, int]:
        return (HEIGHT, WIDTH) if self.turned else (WIDTH, HEIGHT)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return (HEIGHT - y, x) if self.turned else (x, y)

    def _seen(self, foot: tuple[float, float], without: float, rng: np.random.Generator) -> Box | None:
        """The box of somebody, in fractions; None when he is out of the picture."""
        (x, y), (width, height) = self._place(*foot), self._size
        body = (x - BOX_W / 2, y - BOX_H, x + BOX_W / 2, y - without)
        x0, y0, x1, y1 = (v + BOX_H * self.noise * rng.standard_normal() for v in body)
        # The frame cuts off without noise.
        x0, y0 = 0.0 if body[0] <= 0.0 else x0, 0.0 if body[1] <= 0.0 else y0
        x1, y1 = float(width) if body[2] >= width else x1, float(height) if body[3] >= height else y1
        if x1 <= x0 or y1 <= y0:
            return None
        (ax, ay), (bx, by) = self.flip(x0 / width, y0 / height), self.flip(x1 / width, y1 / height)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


PLAIN = Camera()
VARIANTS: dict[str, Camera] = {
    "15 fps": PLAIN,
    "5 fps": Camera(fps=5.0),
    "10 fps": Camera(fps=10.0),
    "30 fps": Camera(fps=30.0),
    "uneven": Camera(uneven=0.8),
    "missing": Camera(missing=0.15),
    "mirrored": Camera(flip=lambda x, y: (1.0 - x, y)),
    "rotated by 90 degrees": Camera(turned=True),
    "rotated back by 90 degrees": Camera(turned=True, flip=lambda x, y: (1.0 - x, y)),
    "rotated, noise": Camera(turned=True, noise=0.02),
    "rotated, 5 fps": Camera(turned=True, fps=5.0),
    "wide": Camera(aspect=16 / 9),
    "upright": Camera(aspect=9 / 16),
    "noise": Camera(noise=0.02),
    "5 fps, uneven": replace(PLAIN, fps=5.0, uneven=0.5),
}
