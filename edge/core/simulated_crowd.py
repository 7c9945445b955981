"""How people walk: the social-force model of Helbing & Molnar, Phys. Rev. E 51 (1995) 4282, vectorised over people.

Owns positions over time; knows the floor and where everybody wants to go, nothing of cameras or counting. Places are
complex numbers in metres, as in simulated_shop. All constants are those of the paper where it has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, radians
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.simulated_shop import THRESHOLD_M, FloorPlan, Guests, Stop, Visitor

Places = NDArray[np.complex128]
Floats = NDArray[np.float64]

STEP_S = 0.05
RELAXATION_S = 0.5
"""In which time people take up the speed they want."""
SHY, SHY_RANGE_M, STRIDE_S = 2.1, 0.3, 2.0
"""Potential between people, m^2/s^2; its range; how far ahead a walker claims his way."""
WALL, WALL_RANGE_M = 10.0, 0.2
"""Potential of walls, m^2/s^2, and its range."""
SIGHT, UNSEEN = cos(radians(100.0)), 0.5
"""Cosine of half the angle of sight, and the weight of what is behind one's back."""
FASTEST = 1.3
"""Nobody walks faster than this times the speed he wants."""
BODY_M, BODY_PUSH = 0.45, 60.0
"""Bodies do not go through each other: 1/s^2 on what they overlap (Helbing, Farkas & Vicsek, Nature 407, 2000)."""
UNSTEADY = 0.25
"""Scatter of the acceleration, m/s^2 in a root second: nobody stands or walks like a statue."""
HOLD_S = 1.4
"""In which time somebody who stands goes back to his place."""
NEAR_M, AT_M = 0.55, 0.3
"""How near one comes to where one only passes, and to where one stays."""
_SHY_MOST = 6.0
_NEAREST_M = 0.05


class Here(NamedTuple):
    """Who is there at one instant: ids int64 (P,), rising; where (P,); body heights in metres (P,)."""

    ids: NDArray[np.int64]
    at: Places
    tall_m: Floats


@dataclass
class Walker:
    """One person and where he went: `path` has a place for every step from `start_s` on."""

    person: int
    visitor: Visitor
    start_s: float
    next_stop: int = 1
    path: list[complex] = field(default_factory=list)

    @property
    def stop(self) -> Stop:
        """Where he wants to be now."""
        return self.visitor.stops[self.next_stop]


class Crowd:
    """Everybody on the floor.

    Args:
        plan: The shop.
        guests: Who comes.
        rng: When they come, and how unsteadily they walk.
        per_minute: Parties that come, on average (a Poisson process).
        at_most: People at once; parties that would be more go elsewhere.
    """

    def __init__(
        self, plan: FloorPlan, guests: Guests, rng: np.random.Generator, *, per_minute: float, at_most: int
    ) -> None:
        self._plan, self._guests, self._rng = plan, guests, rng
        self._between_s, self._at_most = 60.0 / per_minute, at_most
        self._steps, self._next_id = 0, 0
        self._next_party_s = rng.exponential(self._between_s)
        self._queue: list[Walker] = []
        self._left: list[Walker] = []
        self.walkers: list[Walker] = []
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._at: Places = np.empty(0, np.complex128)
        self._before: Places = self._at
        self._velocity: Places = self._at
        self._goal: Places = self._at
        self._pace, self._tall, self._until_s, self._patience_s = (np.empty(0) for _ in range(4))
        blocks = plan.blocks
        self._low = np.array([(block.left, block.near) for block in blocks])[:, None]
        self._high = np.array([(block.right, block.far) for block in blocks])[:, None]

    @property
    def now_s(self) -> float:
        """Time since the doors opened."""
        return self._steps * STEP_S

    def take_left(self) -> list[Walker]:
        """Those who went away since the last call, in that order."""
        left, self._left = self._left, []
        return left

    def at(self, mono_s: float) -> Here:
        """Where everybody is at an instant of the last step."""
        share = 1.0 - (self.now_s - mono_s) / STEP_S
        return Here(self._ids, self._before + share * (self._at - self._before), self._tall)

    def step(self) -> None:
        """Everybody walks on by `STEP_S`; who has arrived goes, who is due comes."""
        self._leave()
        self._steps += 1
        self._come()
        self._before = self._at
        if not len(self._at):
            return
        force = self._drive() + self._walls() + self._others()
        force += UNSTEADY / STEP_S**0.5 * self._rng.normal(size=(len(self._at), 2)).view(np.complex128)[:, 0]
        self._velocity = self._velocity + STEP_S * force
        speed = np.abs(self._velocity)
        self._velocity *= np.minimum(1.0, FASTEST * self._pace / np.maximum(speed, 1e-9))
        self._at = self._at + STEP_S * self._velocity
        for walker, place in zip(self.walkers, self._at.tolist(), strict=True):
            walker.path.append(place)
        self._decide()

    # The forces, as accelerations (P,).

    def _drive(self) -> Places:
        way = self._aim() - self._at
        distance = np.maximum(np.abs(way), 1e-9)
        there = (self._until_s < np.inf) | (distance < AT_M)
        wanted = np.where(there, np.minimum(distance / HOLD_S, self._pace), self._pace)
        self._direction = way / distance
        drive: Places = (wanted * self._direction - self._velocity) / RELAXATION_S
        return drive

    def _aim(self) -> Places:
        """The goal, or the door for somebody whom others have pushed to the wrong side of it."""
        at, goal, door_y = self._at, self._goal, self._plan.door_y
        apart = (at.imag > door_y) != (goal.imag > door_y)
        if not np.count_nonzero(apart):  # nearly always: all these calls for a dozen numbers cost more than the numbers
            return goal
        apart &= np.abs(goal - at) > NEAR_M
        reach = self._plan.door_width_m / 2.0 - 0.5
        gate = np.clip(at.real, -reach, reach) + 1j * (door_y + 0.5 * np.sign(goal.imag - door_y))
        return np.where(apart, gate, goal)

    def _walls(self) -> Places:
        # Clipping to each block: columns are x and y, so that both take one call.
        place = self._at.view(np.float64).reshape(-1, 2)
        off = place - np.minimum(np.maximum(place, self._low), self._high)  # (blocks, P, 2)
        away = off.view(np.complex128)[..., 0]
        distance = np.maximum(np.abs(away), _NEAREST_M)
        push: Places = (WALL / WALL_RANGE_M * np.exp(-distance / WALL_RANGE_M) / distance * away).sum(axis=0)
        return push

    def _others(self) -> Places:
        """Equations 3 and 4 of the paper: lines of equal potential are ellipses along the way of the other."""
        at, stride = self._at, STRIDE_S * self._velocity
        off = at[:, None] - at  # [i, j]: from j to i
        distance = np.maximum(np.abs(off), _NEAREST_M)
        later_distance = np.maximum(np.abs(off - stride), _NEAREST_M)
        round_trip = distance + later_distance
        axis = 0.5 * np.sqrt(np.maximum(round_trip * round_trip - np.abs(stride) ** 2, 4 * _NEAREST_M**2))
        strength = np.minimum(SHY / SHY_RANGE_M * np.exp(axis / -SHY_RANGE_M) * round_trip / (4.0 * axis), _SHY_MOST)
        ahead = (self._direction.conj()[:, None] * off).real <= -SIGHT * distance
        strength = np.where(ahead, strength, UNSEEN * strength)
        np.fill_diagonal(strength, 0.0)
        # strength * (off / distance + later / later_distance) + touch * off / distance, summed over j.
        to_later = strength / later_distance
        to_now = (strength + BODY_PUSH * np.maximum(BODY_M - distance, 0.0)) / distance + to_later
        total: Places = to_now.sum(axis=1) * at - to_now @ at - to_later @ stride
        return total

    # What people decide: few do at any step, so this is plain Python.

    def _decide(self) -> None:
        now, distance = self.now_s, np.abs(self._goal - self._at)
        standing = np.isfinite(self._until_s)
        near = ~standing & ((distance < AT_M) | (now > self._patience_s))
        for i in np.flatnonzero((~standing & (distance < NEAR_M)) | near | (self._until_s <= now)).tolist():
            walker = self.walkers[i]
            waits = walker in self._queue and walker is not self._queue[0]
            if standing[i] and not waits:
                self._go_on(i)
            elif not standing[i] and (near[i] or not walker.stop.stay_s) and not waits:
                self._arrive(i)

    def _arrive(self, i: int) -> None:
        """Stays where he came to, or goes on at once; the last stop is the end."""
        stop = self.walkers[i].stop
        if stop.stay_s:
            self._until_s[i] = self.now_s + stop.stay_s
            self._goal[i] = self._at[i]
        else:
            self._go_on(i)

    def _go_on(self, i: int) -> None:
        walker = self.walkers[i]
        if walker in self._queue:
            self._queue.remove(walker)
            for place, other in enumerate(self._queue):
                self._send(self.walkers.index(other), self._plan.till + place * self._plan.queue)
        walker.next_stop += 1
        if walker.next_stop == len(walker.visitor.stops):
            return  # _leave finds him
        goal = walker.stop.at
        if walker.stop.queue:
            if len(self._queue) >= self._plan.queue_length:
                self._go_on(i)
                return
            goal = self._plan.till + len(self._queue) * self._plan.queue
            self._queue.append(walker)
        self._send(i, goal)

    def _send(self, i: int, goal: complex) -> None:
        """Somebody who cannot get there in three times the time that it should take does as if he had.

        Not so at the door and on the street: from beside the door the way would lead through the wall.
        """
        self._goal[i], self._until_s[i] = goal, np.inf
        in_the_shop = goal.imag < self._plan.door_y - THRESHOLD_M - 1e-6
        patience_s = 3.0 + 3.0 * abs(goal - self._at[i]) / self._pace[i] if in_the_shop else np.inf
        self._patience_s[i] = self.now_s + patience_s

    # Who comes and goes.

    def _come(self) -> None:
        if self.now_s < self._next_party_s:
            return
        self._next_party_s += self._rng.exponential(self._between_s)
        party = self._guests.party()
        starts = np.array([visitor.stops[0].at for visitor in party])
        crowded = len(self._at) + len(party) > self._at_most
        if crowded or (len(self._at) and np.abs(self._at[:, None] - starts).min() < 2 * BODY_M):
            return
        count = len(party)
        self._ids = np.append(self._ids, np.arange(self._next_id, self._next_id + count))
        newcomers = [Walker(self._next_id + k, visitor, self.now_s - STEP_S) for k, visitor in enumerate(party)]
        self._next_id += count
        first = np.array([visitor.stops[1].at for visitor in party])
        pace = np.array([visitor.pace for visitor in party])
        self._at, self._goal = np.append(self._at, starts), np.append(self._goal, first)
        self._velocity = np.append(self._velocity, pace * (first - starts) / np.abs(first - starts))
        self._pace = np.append(self._pace, pace)
        self._tall = np.append(self._tall, [visitor.tall_m for visitor in party])
        self._until_s = np.append(self._until_s, np.full(count, np.inf))
        self._patience_s = np.append(self._patience_s, np.full(count, np.inf))
        for walker in newcomers:
            walker.path.append(walker.visitor.stops[0].at)
        self.walkers += newcomers

    def _leave(self) -> None:
        gone = [walker.next_stop == len(walker.visitor.stops) for walker in self.walkers]
        if not any(gone):
            return
        self._left += [walker for walker, left in zip(self.walkers, gone, strict=True) if left]
        self.walkers = [walker for walker, left in zip(self.walkers, gone, strict=True) if not left]
        keep = ~np.array(gone)
        self._ids, self._at, self._before = self._ids[keep], self._at[keep], self._before[keep]
        self._velocity, self._goal = self._velocity[keep], self._goal[keep]
        self._pace, self._tall = self._pace[keep], self._tall[keep]
        self._until_s, self._patience_s = self._until_s[keep], self._patience_s[keep]
