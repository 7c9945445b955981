"""The scripted shop as a film: the people of scene.py drawn as figures who walk, at any instant.

What happened is known exactly, because the same paths give the truth. Knows pictures only; nothing of the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.demo import room, scene, shopfront
from edge.demo.body import Pose
from edge.demo.figure import Image, Painter
from edge.demo.look import Look, random_look
from edge.demo.pinhole import Floats
from edge.demo.scenes import Boxes, visible_boxes

_FINER = 2  # painted larger than shown, for soft edges
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
        self._size = (width, height)
        self._eye = shopfront.camera(height * _FINER, width * _FINER)
        self._street = shopfront.street(self._eye)
        self._front, covers = shopfront.front(self._eye)
        self._covered = covers.astype(bool)

    def frame(self, at_s: float) -> Image:
        """The picture at an instant: uint8 (height, width, 3) BGR."""
        return self.labelled(at_s)[0]

    def labelled(self, at_s: float) -> tuple[Image, Boxes]:
        """The same, and boxes around what is seen of people: float32 (N, 4), x0 y0 x1 y1 in fractions."""
        image = self._street.copy()
        painter = Painter(image, self._eye, light=0.4)
        there = [(actor.look, pose) for actor in self._actors if (pose := actor.pose(at_s)) is not None]
        there.sort(key=lambda one: -one[1].y)
        numbered = list(enumerate(there, 1))
        whole = {}
        for number, (look, pose) in numbered:
            if pose.y > scene.FRONT_M:
                whole[number] = painter.person(number, look, pose)
        np.copyto(image, self._front, where=self._covered[..., None])
        painter.owners[self._covered] = 0
        inside = [(number, one) for number, one in numbered if one[1].y <= scene.FRONT_M]
        for _, (_, pose) in inside:
            painter.shadow(pose)
        # The farthest first, so that who stands in front hides who is behind.
        things: list[tuple[float, room.Block | tuple[int, tuple[Look, Pose]]]] = [(one[1][1].y, one) for one in inside]
        things += [(block.near, block) for block in shopfront.FURNITURE]
        for _, thing in sorted(things, key=lambda one: -one[0]):
            if isinstance(thing, room.Block):
                room.paint_block(image, painter.owners, self._eye, thing)
            else:
                whole[thing[0]] = painter.person(thing[0], *thing[1])
        seen = {number: corners for number, corners in whole.items() if corners is not None}
        small = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8), visible_boxes(painter.owners, seen)

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
