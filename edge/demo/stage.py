"""The scripted shop with people in it: whoever is given, painted in order, behind its glass or between its tables.

Knows how the shop looks and who hides whom; who comes and when, it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge.demo import room, scene, shopfront
from edge.demo.body import Pose
from edge.demo.figure import Boxes, Image, Painter, visible_boxes
from edge.demo.look import Look

_FINER = 2  # painted larger than shown, for soft edges
_LIGHT = 0.4


class Stage:
    """Paints pictures of one size.

    Args:
        height: Of the pictures, pixels.
        width: Of the pictures, pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        self._size = (width, height)
        self._eye = shopfront.camera(height * _FINER, width * _FINER)
        self._street = shopfront.street(self._eye)
        self._front, covers = shopfront.front(self._eye)
        self._covered = covers.astype(bool)

    def picture(self, people: Sequence[tuple[Look, Pose]]) -> tuple[Image, Boxes]:
        """The shop with people.

        Args:
            people: Who is there and how they stand, in any order.

        Returns:
            uint8 (height, width, 3) BGR, and boxes around what is seen of people: float32 (N, 4), x0 y0 x1 y1 in
            fractions.
        """
        image = self._street.copy()
        painter = Painter(image, self._eye, light=_LIGHT)
        numbered = list(enumerate(sorted(people, key=lambda one: -one[1].y), 1))
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
        return np.asarray(small, np.uint8), visible_boxes(painter.owners, seen, _FINER)
