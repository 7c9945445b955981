"""The scripted shop as a film: the people of scene.py drawn as figures who walk, at any instant.

What happened is known exactly, because the same paths give the truth. Knows pictures only; nothing of the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.demo import scene
from edge.demo.body import Pose
from edge.demo.figure import Boxes, Image
from edge.demo.look import Look, random_look
from edge.demo.pinhole import Floats
from edge.demo.stage import Stage

_STEP_M = 0.72
_STANDS_BELOW = 0.2  # metres per second


@dataclass(frozen=True)
class Actor:
    """One person of the script: how they look, and their pose at every instant of `times_s`."""

    look: Look
    times_s: Floats
    floor: Floats
    heading: Floats
    phase: Floats
    stride: Floats

    def pose(self, at_s: float) -> Pose | None:
        """Where and how they stand; None when they are not there yet, or any more."""
        index = round((at_s - self.times_s[0]) / (self.times_s[1] - self.times_s[0]))
        if not 0 <= index < len(self.times_s):
            return None
        x, y = self.floor[index]
        heading, phase, stride = (float(track[index]) for track in (self.heading, self.phase, self.stride))
        return Pose(float(x), float(y), heading, phase, stride)


class Film:
    """Draws the shop and the people in it.

    Args:
        crowd: Who walks.
        height: Of the pictures, pixels.
        width: Of the pictures, pixels.
    """

    def __init__(self, crowd: Sequence[scene.Person], height: int = 360, width: int = 640) -> None:
        rng = np.random.default_rng(23)
        self._actors = [_actor(person, random_look(rng, person.tall_m)) for person in crowd]
        self._stage = Stage(height, width)

    def frame(self, at_s: float) -> Image:
        """The picture at an instant: uint8 (height, width, 3) BGR."""
        return self.labelled(at_s)[0]

    def labelled(self, at_s: float) -> tuple[Image, Boxes]:
        """The same, and boxes around what is seen of people: float32 (N, 4), x0 y0 x1 y1 in fractions."""
        return self._stage.picture([(one.look, pose) for one in self._actors if (pose := one.pose(at_s)) is not None])

    def frames(self, seconds: float, fps: float) -> Iterator[tuple[float, Image]]:
        """Times in seconds from 0 on, and pictures, with the noise of a camera; always the same."""
        rng = np.random.default_rng(29)
        for index in range(round(seconds * fps)):
            picture = self.frame(index / fps)
            grain = rng.normal(0, 3, picture.shape[:2]).astype(np.float32)
            noisy = cv2.add(picture, cv2.merge([grain] * 3), dtype=cv2.CV_8U)
            yield index / fps, np.asarray(noisy, np.uint8)


def _actor(person: scene.Person, look: Look) -> Actor:
    """Heading and steps out of a path: who stands keeps facing where they came from."""
    step_s = float(person.times_s[1] - person.times_s[0])
    span = 15
    smooth = np.stack([np.convolve(np.pad(way, span, mode="edge"), np.ones(2 * span + 1) / (2 * span + 1), "valid")
                       for way in person.floor.T], axis=1)  # fmt: skip
    velocity = np.gradient(smooth, step_s, axis=0)
    speed = np.hypot(velocity[:, 0], velocity[:, 1])
    walks = speed > _STANDS_BELOW
    last = np.maximum.accumulate(np.where(walks, np.arange(len(walks)), 0))
    heading = np.arctan2(velocity[last, 1], velocity[last, 0])
    return Actor(
        look=look,
        times_s=person.times_s,
        floor=person.floor,
        heading=heading,
        phase=np.pi * np.cumsum(np.where(walks, speed, 0.0)) * step_s / _STEP_M,
        stride=np.clip(speed / 1.1, 0.0, 1.0) * walks,
    )
