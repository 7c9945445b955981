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
    """(from, until, y at which the box then ends)."""
    stolen: tuple[float, float, float] = (-1.0, 0.0, 0.0)
    """(time, foot x, foot y): the one picture in which somebody else's box bears this id."""

    def box(self, t: float, frame_s: float) -> Box | None:
        """The box at time t, or None when nobody is seen. `frame_s` is the time to the next picture."""
        times, xs, ys = zip(*self.path, strict=True)
        if not times[0] <= t <= times[-1] or any(start <= t < end for start, end in self.hidden):
            return None
        x, y = float(np.interp(t, times, xs)), float(np.interp(t, times, ys))
        if t <= self.stolen[0] < t + frame_s:
            x, y = self.stolen[1:]
        bottom = self.legs_hidden[2] if self.legs_hidden[0] <= t < self.legs_hidden[1] else min(y, float(HEIGHT))
        return x - BOX_W / 2, y - BOX_H, x + BOX_W / 2, bottom


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
    aspect: float = WIDTH / HEIGHT
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
                box = person.box(t, following - t)
                if box is not None:
                    boxes.append(self._seen(box, rng))
                    names.append(name + (100 if t >= person.switch_s else 0))
            array = np.array(boxes, np.float32).reshape(-1, 4)
            if ids:
                observed = np.ones(len(boxes), np.bool_)
                yield Tracks(np.array(names, np.int64), array, observed, t, self.aspect)
            else:
                yield Detections.sanitised(array, np.full(len(boxes), 0.9, np.float32), t, self.aspect)

    def _seen(self, box: Box, rng: np.random.Generator) -> Box:
        x0, y0, x1, y1 = (v + BOX_H * self.noise * rng.standard_normal() for v in box)
        if box[3] >= HEIGHT:
            y1 = float(HEIGHT)
        (ax, ay), (bx, by) = self.flip(x0 / WIDTH, y0 / HEIGHT), self.flip(x1 / WIDTH, y1 / HEIGHT)
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
    "wide": Camera(aspect=16 / 9),
    "noise": Camera(noise=0.02),
    "5 fps, uneven": replace(PLAIN, fps=5.0, uneven=0.5),
}
