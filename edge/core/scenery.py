"""The edges of a scene that stay where they are, and where they are now: has somebody moved the camera?

Only the direction of an edge counts, not how strong it is, and not which side is the brighter one: light comes and goes
(orientation correlation: Fitch, Kadyrov, Christmas and Kittler, "Orientation correlation", BMVC 2002; here with twice
the angle, because a lamp on the other side turns an edge over). What moves has no direction on average, so people are
no part of the scene. A camera has moved when its scene is found better elsewhere in the picture, or not at all.

Kept in memory only, never stored: a drawing of a scene is a picture of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEARN = 60
"""Looks until the scene is known."""
FORGET = 1 / 1800
"""Weight of each look afterwards; at one every 2 s, what was put up an hour ago belongs to the scene."""
STEADY = 0.6
"""Length of the mean direction, 0..1, from which an edge belongs to the scene."""
FEWEST = 0.01
"""Share of the picture that such edges have to make up, or nothing can be said."""
FITS, LOST = 0.7, 0.25
"""Of the scene at its place: enough to look no further, and too little to be the same scene at all. Seen on four clips:
0.89 and more of the same, down to 0.35 in a sixth of the light or half covered, below 0.03 of another scene."""
BETTER = 0.15
"""By how much it has to fit better elsewhere. With other light, people, or half of it covered: 0 on all clips; shifted
by a fiftieth of the picture: 0.19 to 0.71."""
AWAY = 1 / 60
"""Of the picture's width: how far away elsewhere is."""
FAINTEST, FAINT = 5.0, 0.06
"""A slope is an edge from so many grey levels on, and from this share of the brightest ones: half the light, half the
slope."""

Grey = NDArray[np.uint8]
Directions = NDArray[np.complex64]


@dataclass(frozen=True)
class Fit:
    """How much of the scene is where it was, and where most of it is now; 1 is all of it, about 0 a strange place."""

    here: float
    best: float
    away: float
    """From its place to the best one, in widths of the picture."""

    @property
    def moved(self) -> bool:
        """Whether somebody moved the camera."""
        return self.here < LOST or (self.away >= AWAY and self.best >= self.here + BETTER)


class Scenery:
    """Learns a scene from small grey pictures, and finds it again in later ones."""

    def __init__(self) -> None:
        self._mean: Directions | None = None
        self._looks = 0

    def look(self, grey: Grey) -> Fit | None:
        """Compares a picture with the scene; one that fits is taken into it, so that slow changes become part of it.

        Args:
            grey: uint8 (h, w), always of the same size; another one begins a new scene.

        Returns:
            None while the scene is being learnt, and when it has hardly an edge.
        """
        now = directions(grey)
        if self._mean is None or self._mean.shape != now.shape:
            self._mean, self._looks = np.zeros_like(now), 0
        if self._looks < LEARN:
            self._looks += 1
            self._mean += (now - self._mean) / self._looks
            return None
        scene = np.where(np.abs(self._mean) > STEADY, self._mean, 0)
        if np.count_nonzero(scene) < FEWEST * scene.size:
            return None
        fit = find(scene, now)
        if not fit.moved:
            self._mean += (now - self._mean) * FORGET
        return fit


def find(scene: Directions, now: Directions) -> Fit:
    """Where in a picture the scene is; both (h, w), directions of edges and 0 where none is."""
    all_of_it = float(np.abs(scene).sum())
    here = float(np.vdot(scene, now).real) / all_of_it
    if here >= FITS:
        return Fit(here, here, 0.0)
    # All displacements at once: a product of spectra is a correlation.
    match = np.fft.ifft2(np.conj(np.fft.fft2(scene)) * np.fft.fft2(now)).real / all_of_it
    down, right = np.unravel_index(int(match.argmax()), match.shape)
    height, width = match.shape
    away = np.hypot(min(down, height - down), min(right, width - right)) / width
    return Fit(here, float(match.max()), float(away))


def directions(grey: Grey) -> Directions:
    """Across each edge, as a complex number of length 1 with twice the angle; 0 where no edge is; (h - 4, w - 4).

    >>> stripes = np.tile(np.array([0, 0, 0, 0, 200, 200, 200, 200], np.uint8), (8, 1))
    >>> directions(stripes)[0].real.tolist(), directions(stripes.T)[:, 0].real.tolist()
    ([1.0, 1.0, 1.0, 1.0], [-1.0, -1.0, -1.0, -1.0])
    """
    slope, steep = slopes(grey)
    unit = np.where(steep, slope / np.maximum(np.abs(slope), FAINTEST), 0)
    return (unit * unit).astype(np.complex64)


def edges(grey: Grey) -> float:
    """Share of the picture, uint8 (h, w), that is an edge."""
    return float(slopes(grey)[1].mean())


def slopes(grey: Grey) -> tuple[Directions, NDArray[np.bool_]]:
    """How much brighter it gets to the right (real) and downwards (imaginary), and where that is an edge."""
    rows = grey.astype(np.float32)
    rows = rows[:-2] + rows[1:-1] + rows[2:]
    mean = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9.0  # without most of the noise
    slope = (mean[1:-1, 2:] - mean[1:-1, :-2]) + 1j * (mean[2:, 1:-1] - mean[:-2, 1:-1])
    return slope.astype(np.complex64), np.abs(slope) > max(FAINTEST, FAINT * float(np.percentile(grey, 95)))
