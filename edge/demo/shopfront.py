"""The scripted shop without people: the street, the glass front with its open door, the floor and the furniture.

Knows the floor plan of scene.py and how it looks; who walks there, it does not know.
"""

from __future__ import annotations

import numpy as np

from edge.demo import room, scene
from edge.demo.figure import Image
from edge.demo.pinhole import Pinhole
from edge.demo.room import Block

_FRAME, _WALL, _SHADE = (88, 84, 80), (214, 220, 224), (160, 174, 184)
_HALF_M = 14.0
FURNITURE = (
    *(Block("table", -5.4, -4.1, near, near + 1.2, 0.95, 11 + index) for index, near in enumerate((3.0, 4.7))),
    *(Block("table", 4.1, 5.4, near, near + 1.2, 0.95, 21 + index) for index, near in enumerate((3.0, 4.7))),
    Block("counter", -0.5, 0.5, 3.6, 4.3, 0.8, 31),
)


def camera(height: int, width: int) -> Pinhole:
    """The camera of scene.py for pictures of some size."""
    return Pinhole(scene.CEILING_M, scene.TILT, scene.FOCAL, width, height)


def street(eye: Pinhole) -> Image:
    """What is seen through the glass: uint8 (H, W, 3) BGR."""
    image = np.full((eye.height, eye.width, 3), (236, 232, 228), np.uint8)
    rng = np.random.default_rng(41)
    pavement = room.floor_texture(rng, np.array([150.0, 152.0, 150.0]))
    room.lay(image, eye, pavement, [(-40, 40, 0), (40, 40, 0), (40, scene.FRONT_M, 0), (-40, scene.FRONT_M, 0)])
    houses = room.wall_texture(rng, np.array([150.0, 160.0, 172.0]))
    room.lay(image, eye, houses, [(-40, 40, 14), (40, 40, 14), (40, 40, 0), (-40, 40, 0)])
    return image


def front(eye: Pinhole) -> tuple[Image, Image]:
    """The shop on this side of the street: its picture, and where it covers the street (uint8 (H, W), 255 or 0)."""
    image, covers = np.zeros((eye.height, eye.width, 3), np.uint8), np.zeros((eye.height, eye.width), np.uint8)

    def upright(x: tuple[float, float], z: tuple[float, float], colour: tuple[int, int, int]) -> None:
        corners = [(x[0], scene.FRONT_M, z[0]), (x[1], scene.FRONT_M, z[0]), (x[1], scene.FRONT_M, z[1])]
        corners.append((x[0], scene.FRONT_M, z[1]))
        room.fill(image, covers, eye, corners, np.array(colour, float), owner=255)

    for side in (-1, 1):
        upright((side * 4.2, side * _HALF_M), (0, 5), _WALL)
        upright((side * 4.2, side * _HALF_M), (0, 0.12), _SHADE)
        upright((side * 2.6, side * 4.2), (0, 0.14), _FRAME)
        for post in (2.6, 4.2):
            upright((side * post - 0.05, side * post + 0.05), (0, 2.6), _FRAME)
    upright((-_HALF_M, _HALF_M), (2.55, 6), _WALL)
    upright((-4.25, 4.25), (2.5, 2.62), _FRAME)
    ground = [(-_HALF_M, scene.FRONT_M, 0.0), (_HALF_M, scene.FRONT_M, 0.0), (_HALF_M, 0.4, 0.0), (-_HALF_M, 0.4, 0.0)]
    room.fill(image, covers, eye, ground, np.zeros(3), owner=255)
    room.lay(image, eye, room.floor_texture(np.random.default_rng(45)), ground)
    return image, covers
