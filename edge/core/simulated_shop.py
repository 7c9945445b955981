"""A shop to simulate: what stands where on its floor, who comes, and what each of them is up to.

Places are complex numbers, x + y j in metres: x to the right of the camera, y away from it, the camera above the
origin. Knows nothing of how people walk, of pictures, or of counting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

Errand = Literal["pass by", "shop", "turn back", "hesitate", "work"]

ERRANDS: dict[Errand, float] = {"pass by": 0.27, "shop": 0.53, "turn back": 0.08, "hesitate": 0.09, "work": 0.03}
"""What people are up to, and which share of the parties is."""
GROUPS = 0.3
"""Share of the parties that shop or pass by in twos to fours."""
PAYS = 0.35
"""Share of the shopping parties one of whom queues at the till."""
ABREAST_M, BEHIND_M = 0.75, 0.9
"""How far from each other people of one group want to walk."""
THRESHOLD_M, PORCH_M = 0.7, 1.3
"""How far inside and outside of the line who comes or goes walks straight; nobody is pushed so far back."""
STREET_END_M = 10.6
"""Where people come from and go to: to the left and right of what the camera sees."""


@dataclass(frozen=True)
class Block:
    """Something on the floor that nobody walks through; it hides what is behind it below `height_m` (0: glass)."""

    left: float
    near: float
    right: float
    far: float
    height_m: float = 0.0


@dataclass(frozen=True)
class Display:
    """Goods to stand before; `zone` is (left, near, right, far), metres, and people spread `along` it."""

    name: str
    zone: tuple[float, float, float, float]
    along: complex

    def spot(self, rng: np.random.Generator) -> complex:
        """A place to stand at, clear of the zone's edge."""
        left, near, right, far = self.zone
        return complex(rng.uniform(left + 0.5, right - 0.5), rng.uniform(near + 0.4, far - 0.4))


@dataclass(frozen=True)
class FloorPlan:
    """What is where.

    Attributes:
        line: Ends of the counting line in the door.
        door_width_m: Of the opening around x = 0.
        blocks: Walls, shelves, till.
        displays: Zones, each in front of a block.
        aisle: From which to which x people walk between door and displays.
        till: Where the first in the queue stands.
        queue: From one in the queue to the next.
        queue_length: More do not queue.
    """

    line: tuple[complex, complex]
    door_width_m: float
    blocks: tuple[Block, ...]
    displays: tuple[Display, ...]
    aisle: tuple[float, float]
    till: complex
    queue: complex
    queue_length: int

    @property
    def door_y(self) -> float:
        """How far the door is from the camera, metres."""
        return self.line[0].imag


SHOP = FloorPlan(
    line=(-1.5 + 6.0j, 1.5 + 6.0j),
    door_width_m=2.6,
    blocks=(
        Block(-12.0, 5.95, -1.3, 6.05),
        Block(1.3, 5.95, 12.0, 6.05),
        Block(-3.8, 2.5, -3.2, 4.5, height_m=1.5),
        Block(3.2, 2.2, 3.8, 3.6, height_m=1.5),
        Block(1.8, 5.5, 3.6, 5.8, height_m=1.2),
        Block(-0.3, 2.6, 0.3, 3.1, height_m=1.3),
        Block(-1.6, 0.9, -0.4, 1.4, height_m=1.0),
    ),
    displays=(
        Display("left", (-3.1, 2.5, -1.5, 4.5), 1j),
        Display("right", (1.6, 2.2, 3.1, 3.6), 1j),
        Display("window", (1.8, 4.15, 3.6, 5.4), 1.0),
    ),
    aisle=(0.5, 1.1),
    till=-0.9 + 1.95j,
    queue=0.8j,
    queue_length=4,
)
"""A small shop of 7 x 6 m behind a glass front; a stand in its middle hides the legs of those behind it. The zones
reach so far that who looks at the goods stands inside of them, as whoever sets up a camera is told to draw them."""


class Stop(NamedTuple):
    """Where somebody wants to be, for `stay_s`; in the `queue`, the place is assigned.

    Groups walk two by two; where they stand they spread `along` (a unit vector).
    """

    at: complex
    stay_s: float = 0.0
    queue: bool = False
    along: complex = 0.0


class Visitor(NamedTuple):
    """One person who is about to come: from the first of the stops to the last."""

    stops: tuple[Stop, ...]
    pace: float
    """Metres per second."""
    tall_m: float
    staff: bool


class Guests:
    """Makes up who comes: one to four people with one errand at a time.

    Args:
        plan: The shop.
        rng: Whatever is made up is drawn from it.
    """

    def __init__(self, plan: FloorPlan, rng: np.random.Generator) -> None:
        self._plan, self._rng = plan, rng

    def party(self) -> list[Visitor]:
        """The next ones, who come together and stay together."""
        rng = self._rng
        errand: Errand = rng.choice(list(ERRANDS), p=list(ERRANDS.values()))
        grouped = errand in {"shop", "pass by"} and rng.random() < GROUPS
        size = int(rng.choice([2, 3, 4], p=[0.7, 0.2, 0.1])) if grouped else 1
        # Desired speeds: Helbing & Molnar 1995, section 3; groups and those who look around are slower.
        pace = float(np.clip(rng.normal(1.34, 0.26), 0.8, 1.9)) * (0.85 if errand == "shop" else 1.0)
        way = self._way(errand)
        party = []
        for member in range(size):
            tall_m = float(np.clip(rng.normal(1.7, 0.09), 1.5, 1.9))
            stops = [stop for stop in way if member == 0 or not stop.queue]
            stops = _together(stops, member) if size > 1 else stops
            party.append(Visitor(tuple(stops), pace, tall_m, errand == "work"))
        return party

    def _way(self, errand: Errand) -> list[Stop]:
        rng, door_y = self._rng, self._plan.door_y
        start, home = self._street(), self._street()
        if errand == "pass by":
            return [start, Stop(complex(-start.at.real, start.at.imag))]
        lane = rng.uniform(-0.8, 0.8)
        inside = self._inside(errand, lane)
        if not any(stop.at.imag < door_y for stop in inside):
            return [start, *inside, home]
        back = rng.uniform(-0.8, 0.8)
        leaving = [Stop(complex(back, door_y - THRESHOLD_M)), Stop(complex(back, door_y + PORCH_M))]
        return [start, Stop(complex(lane, door_y + PORCH_M)), *inside, *leaving, home]

    def _street(self) -> Stop:
        """One end of the street."""
        side = self._rng.choice([-1.0, 1.0])
        return Stop(complex(side * STREET_END_M, self._plan.door_y + self._rng.uniform(1.7, 3.4)))

    def _inside(self, errand: Errand, lane: float) -> list[Stop]:
        """What happens between coming to the door and leaving it."""
        rng, door_y = self._rng, self._plan.door_y
        threshold = Stop(complex(lane, door_y - THRESHOLD_M))
        if errand == "turn back":
            # Most come back within the time in which a U-turn counts as none, some do not.
            return [Stop(complex(lane, door_y - rng.uniform(1.1, 2.0)), rng.uniform(0.5, 9.0))]
        if errand == "hesitate":
            pause = Stop(complex(lane, door_y + rng.normal(0.0, 0.15)), rng.uniform(1.0, 6.0))
            if rng.random() < 0.4:
                return [pause._replace(at=complex(lane, door_y + rng.uniform(0.1, 0.4)))]
            return [pause, threshold, *self._round(1)]
        if errand == "work":
            return [threshold, *self._round(int(rng.integers(2, 5)), at_work=True)]
        return [threshold, *self._round(int(rng.integers(1, 4)), pays=rng.random() < PAYS)]

    def _round(self, calls: int, *, pays: bool = False, at_work: bool = False) -> list[Stop]:
        """Goes from display to display, always by the aisle."""
        rng, plan = self._rng, self._plan
        way, x = list[Stop](), rng.uniform(*plan.aisle)
        for index in rng.permutation(len(plan.displays))[:calls]:
            spot = plan.displays[index].spot(rng)
            # Log-normal: many short looks, few long ones.
            stay_s = rng.uniform(40.0, 120.0) if at_work else float(np.clip(rng.lognormal(2.2, 0.9), 0.5, 90.0))
            aisle = Stop(complex(x, spot.imag))
            way += [aisle, Stop(spot, stay_s, along=plan.displays[index].along), aisle]
        if pays:
            beside = Stop(complex(x, plan.till.imag + 0.3))
            way += [beside, Stop(plan.till, rng.uniform(5.0, 20.0), queue=True), beside]
        return way


def _together(way: list[Stop], member: int) -> list[Stop]:
    """The way of one member of a group: beside the others, the third and fourth behind the first two."""
    aside = ABREAST_M * (member % 2 - 0.5)
    place = aside * (1 + 2 * (member // 2))
    own = [stop._replace(at=stop.at + (stop.along * place or aside)) for stop in way]
    # On the street two by two means one nearer and one farther; who walks behind starts behind.
    outward = 1.0 if way[0].at.real > 0.0 else -1.0
    own[0] = way[0]._replace(at=way[0].at + 1j * aside + outward * BEHIND_M * (member // 2))
    own[-1] = way[-1]._replace(at=way[-1].at + 1j * aside)
    return own
