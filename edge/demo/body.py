"""The body of a drawn person: where its joints are as it walks, stands or reaches, and which parts hang on them.

Knows anatomy, roughly; how the parts are painted, it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin
from typing import Literal

import numpy as np

from edge.demo.look import Colour, Look
from edge.demo.pinhole import Floats

Arms = Literal["swing", "phone", "reach", "push", "crossed"]
Part = tuple[tuple[str, ...], list[float], Colour]
_HIP = 0.52
_TO_ANKLES = 0.8
"""Coats and skirts of this length or more hide the legs."""


@dataclass(frozen=True)
class Pose:
    """How one person stands at an instant.

    Attributes:
        x: Metres to the right of the camera.
        y: Metres away from it.
        heading: Radians; 0 walks to the right, pi/2 away from the camera.
        phase: Radians of the step; a whole turn is two steps.
        stride: 0 stands, 1 walks briskly.
        arms: What the arms do.
        lean: Radians by which the trunk bends forward.
    """

    x: float
    y: float
    heading: float
    phase: float = 0.0
    stride: float = 0.0
    arms: Arms = "swing"
    lean: float = 0.0


def joints(look: Look, pose: Pose) -> dict[str, Floats]:
    """Joints of the body in metres of the shop, each (3,)."""
    tall = look.tall_m
    ahead = np.array([cos(pose.heading), sin(pose.heading), 0.0])
    left = np.array([-ahead[1], ahead[0], 0.0])
    up = np.array([0.0, 0.0, 1.0])
    bob = 0.012 * tall * pose.stride * abs(sin(pose.phase))
    ground = np.array([pose.x, pose.y, bob])
    middle = ground + _HIP * tall * up
    trunk, front = cos(pose.lean) * up + sin(pose.lean) * ahead, cos(pose.lean) * ahead - sin(pose.lean) * up
    found: dict[str, Floats] = {
        "head": middle + tall * ((0.925 - _HIP) * trunk + 0.02 * front),
        "neck": middle + tall * (0.845 - _HIP) * trunk,
        "chest": middle + tall * (0.73 - _HIP) * trunk,
        "waist": middle + tall * (0.6 - _HIP) * trunk,
        "hip": middle,
        "back": middle + tall * ((0.74 - _HIP) * trunk - 0.1 * front),
    }
    for name, side in (("l", 1.0), ("r", -1.0)):
        outward = tall * side * left
        swing = 0.42 * pose.stride * side * sin(pose.phase)
        flex = 0.75 * pose.stride * max(0.0, side * cos(pose.phase)) + 0.03
        hip, shoulder = found["hip"] + 0.055 * outward, found["neck"] + 0.105 * look.stout**0.5 * outward
        shoulder -= 0.035 * tall * trunk
        leg = zip(("hip", "knee", "ankle", "toe"), _leg(hip, tall * ahead, swing, flex), strict=True)
        arms = pose.arms if name == "r" or pose.arms in ("push", "crossed") else "swing"
        arm = zip(("shoulder", "elbow", "hand"), _arm(shoulder, tall * ahead, -outward, (arms, -swing)), strict=True)
        found |= {f"{joint}_{name}": at for joint, at in (*leg, *arm)}
    return found


def _leg(hip: Floats, ahead: Floats, swing: float, flex: float) -> tuple[Floats, ...]:
    """Hip, knee, ankle and toe; `ahead` is as long as the person is tall."""
    tall = float(np.hypot(ahead[0], ahead[1]))
    down = np.array([0.0, 0.0, -tall])
    knee = hip + 0.245 * (sin(swing) * ahead + cos(swing) * down)
    ankle = knee + 0.235 * (sin(swing - flex) * ahead + cos(swing - flex) * down)
    ankle[2] = max(ankle[2], 0.035 * tall)
    toe = ankle + 0.085 * ahead
    toe[2] = max(toe[2] - 0.03 * tall, 0.012 * tall)
    return hip, knee, ankle, toe


def _arm(shoulder: Floats, ahead: Floats, inward: Floats, pose: tuple[Arms, float]) -> tuple[Floats, ...]:
    """Shoulder, elbow and hand; `ahead` and `inward` are as long as the person is tall."""
    arms, swing = pose
    tall = float(np.hypot(ahead[0], ahead[1]))
    upper, bend = {
        "swing": (0.9 * swing, 0.25 + 0.5 * max(0.0, swing)),
        "phone": (0.35, 1.9),
        "reach": (1.5, 0.2),
        "push": (0.6, 0.7),
        "crossed": (0.3, 1.3),
    }[arms]
    down = np.array([0.0, 0.0, -tall])
    elbow = shoulder + 0.165 * (sin(upper) * ahead + cos(upper) * down - 0.12 * inward)
    forearm = sin(upper + bend) * ahead + cos(upper + bend) * down
    forearm += {"crossed": 0.7, "phone": 0.3}.get(arms, 0.0) * inward
    return shoulder, elbow, elbow + 0.165 * tall * forearm / np.linalg.norm(forearm)


def parts(look: Look, size: float) -> list[Part]:
    """What is painted: names of joints, radii there and colour; `size` is the height of the body in pixels."""
    wide = size * look.stout
    trunk: list[Part] = [
        (("neck", "head"), [0.03 * size, 0.03 * size], look.skin),
        (("hip_l", "hip_r", "waist"), [0.055 * wide, 0.055 * wide, 0.07 * wide], look.legs),
    ]
    lap, calves = ("hip_l", "hip_r", "knee_l", "knee_r"), ("knee_l", "knee_r", "ankle_l", "ankle_r")
    if look.skirt:
        trunk.append((lap, [0.06 * wide] * 2 + [(0.03 + 0.04 * look.skirt) * wide] * 2, look.legs))
    if look.skirt > _TO_ANKLES:
        trunk.append((calves, [0.07 * wide] * 2 + [0.035 * wide] * 2, look.legs))
    chest = [0.042 * wide, 0.042 * wide, 0.085 * wide, 0.075 * wide]
    trunk.append((("shoulder_l", "shoulder_r", "chest", "waist"), chest, look.top))
    if look.coat > 0.15:
        trunk.append((("waist", "hip_l", "hip_r"), [0.08 * wide, 0.07 * wide, 0.07 * wide], look.top))
    if look.coat > 0.5:
        trunk.append((lap, [0.07 * wide] * 2 + [0.05 * wide] * 2, look.top))
    if look.coat > _TO_ANKLES:
        trunk.append((calves, [0.055 * wide] * 2 + [0.035 * wide] * 2, look.top))
    if look.backpack is not None:
        trunk.append((("back",), [0.1 * size], look.backpack))
    if look.bag is not None:
        trunk.append((("hand_l", "hip_l"), [0.045 * size, 0.03 * size], look.bag))
    return _limbs("l", look, size) + _limbs("r", look, size) + trunk


def _limbs(side: str, look: Look, size: float) -> list[Part]:
    wide = size * look.stout
    hip, knee, ankle, toe = (f"{name}_{side}" for name in ("hip", "knee", "ankle", "toe"))
    shoulder, elbow, hand = (f"{name}_{side}" for name in ("shoulder", "elbow", "hand"))
    bare = look.skin if look.skirt > 0.3 else look.legs
    return [
        ((hip, knee), [0.056 * wide, 0.04 * wide], bare),
        ((knee, ankle), [0.04 * wide, 0.027 * size], bare),
        ((ankle, toe), [0.026 * size, 0.018 * size], look.shoes),
        ((shoulder, elbow), [0.036 * wide, 0.03 * wide], look.top if look.sleeve > 0.3 else look.skin),
        ((elbow, hand), [0.029 * wide, 0.021 * size], look.top if look.sleeve > 0.6 else look.skin),
        ((hand,), [0.024 * size], look.skin),
    ]
