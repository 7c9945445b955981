"""A simulated shop: boxes as a detector would give them, and the exact truth of what happened.

Puts the crowd, the camera and the truth together. Pure like all of core: the same seed gives the same run, and what
the camera does (frame rate, errors) does not change where people walk.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge.core.rules import LineRule, ZoneRule
from edge.core.simulated_camera import SimulatedCamera
from edge.core.simulated_crowd import Crowd
from edge.core.simulated_detector import DetectorErrors, SimulatedDetector, View
from edge.core.simulated_shop import SHOP, FloorPlan, Guests
from edge.core.simulated_truth import TrueVisitor, Truth

AT_ONCE = 50
"""Pictures that are looked at together: what the crowd does is so much ahead of them."""


class Simulation:
    """One shop with one camera and one door line.

    Args:
        seed: All that is random follows from it.
        at_most: People at once, those on the street included.
        per_minute: Parties that come, on average; those that are too many stay away.
        errors: Of the detector.
        camera, plan: What is looked at, and from where.

    >>> simulation = Simulation(seed=1, at_most=5, per_minute=6.0)
    >>> frames = [view.detections for view in simulation.film(seconds=60.0, fps=10.0)]
    >>> visitors = simulation.take_visitors(everybody=True)
    >>> len(frames), len(visitors) > 2
    (600, True)
    """

    def __init__(
        self,
        *,
        seed: int,
        at_most: int,
        per_minute: float,
        errors: DetectorErrors = DetectorErrors(),  # noqa: B008 - frozen
        camera: SimulatedCamera = SimulatedCamera(),  # noqa: B008
        plan: FloorPlan = SHOP,
    ) -> None:
        who, when, self._pictures, seeing = (np.random.default_rng([seed, stream]) for stream in range(4))
        self.camera = camera
        self.line, self.zones = line_rule(plan, camera), zone_rules(plan, camera)
        self.crowd = Crowd(plan, Guests(plan, who), when, per_minute=per_minute, at_most=at_most)
        self._detector = SimulatedDetector(camera, plan.blocks, errors, seeing)
        self._truth = Truth(camera, self.line, self.zones)

    def film(self, *, seconds: float, fps: float, uneven: float = 0.0) -> Iterator[View]:
        """The pictures of the next `seconds`; their times may be off by up to half the share `uneven` of the period.

        Every second picture of a film is one at half its rate: errors of the detector do not know the rate.
        """
        start_s, pictures = self.crowd.now_s, round(seconds * fps)
        for first in range(0, pictures, AT_ONCE):
            taken = []
            for number in range(first, min(first + AT_ONCE, pictures)):
                late = uneven * self._pictures.uniform(-0.5, 0.5)
                mono_s = start_s + (number + 0.5 + late) / fps
                while self.crowd.now_s < mono_s:
                    self.crowd.step()
                taken.append((mono_s, self.crowd.at(mono_s)))
            yield from self._detector.watch(taken)

    def take_visitors(self, *, everybody: bool = False) -> list[TrueVisitor]:
        """What those did who went away since the last call; `everybody`: then those who are still there too."""
        walkers = self.crowd.take_left()
        if everybody:
            walkers += self.crowd.walkers
        return [self._truth.of(walker) for walker in walkers]


def line_rule(plan: FloorPlan, camera: SimulatedCamera) -> LineRule:
    """The counting line as the camera sees it; inside is where the camera is."""
    start, end = plan.line
    return LineRule("door", camera.on_floor(start, end), camera.on_floor((start + end) / 2.0 - 1.0j)[0])


def zone_rules(plan: FloorPlan, camera: SimulatedCamera) -> tuple[ZoneRule, ...]:
    """The zones of the displays as the camera sees them."""
    rules = []
    for display in plan.displays:
        left, near, right, far = display.zone
        corners = (complex(left, far), complex(right, far), complex(right, near), complex(left, near))
        rules.append(ZoneRule(display.name, camera.on_floor(*corners)))
    return tuple(rules)
