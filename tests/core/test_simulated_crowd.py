"""Simulated people walk like people, and where they may."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from edge.core.simulate import Simulation
from edge.core.simulated_crowd import STEP_S, Walker
from edge.core.simulated_shop import SHOP
from tests.core.busy_shop import ten_minutes


def test_there_are_never_more_people_than_allowed_and_as_many_come_as_asked():
    _, walkers = ten_minutes()
    there = Counter(
        step for w in walkers for step in range(round(w.start_s / STEP_S), round(w.start_s / STEP_S) + len(w.path))
    )
    assert 10 <= max(there.values()) <= 12

    alone = Simulation(seed=3, at_most=1000, per_minute=4.0)
    while alone.crowd.now_s < 1500.0:
        alone.crowd.step()
    everybody = alone.crowd.take_left() + alone.crowd.walkers
    parties = len({w.start_s for w in everybody})
    assert parties == pytest.approx(100, abs=30)  # three standard deviations of a Poisson number
    assert len(everybody) > parties


def test_people_walk_at_human_speed_and_not_through_each_other_or_the_shelves():
    _, walkers = ten_minutes()
    speeds = np.concatenate([np.abs(np.diff(w.path)) / STEP_S for w in walkers])
    walking = speeds[speeds > 0.5]
    assert speeds.max() < 2.5
    assert 0.9 < np.median(walking) < 1.5

    for block in SHOP.blocks:
        for walker in walkers:
            path = np.array(walker.path)
            inside_x = (path.real > block.left) & (path.real < block.right)
            assert not (inside_x & (path.imag > block.near) & (path.imag < block.far)).any()
    assert longest_overlap_s(walkers, 0.3) <= 0.5


def longest_overlap_s(walkers: list[Walker], closer_m: float) -> float:
    longest = 0
    for one, other in combinations(walkers, 2):
        starts = [round(w.start_s / STEP_S) for w in (one, other)]
        first = max(starts)
        end = min(start + len(w.path) for start, w in zip(starts, (one, other), strict=True))
        if first >= end:
            continue
        paths = [np.array(w.path[first - start : end - start]) for start, w in zip(starts, (one, other), strict=True)]
        close = np.abs(paths[0] - paths[1]) < closer_m
        edges = np.flatnonzero(np.diff(np.pad(close.astype(int), 1)))
        longest = max([longest, *(edges[1::2] - edges[::2]).tolist()])
    return longest * STEP_S


def test_the_walls_are_passed_at_the_door_alone():
    _, walkers = ten_minutes()
    passed = 0
    for walker in walkers:
        path = np.array(walker.path)
        through = np.flatnonzero((path.imag[1:] > SHOP.door_y) != (path.imag[:-1] > SHOP.door_y))
        assert (np.abs(path.real[through]) < SHOP.door_width_m / 2.0).all()
        passed += len(through)
    assert passed > 100


def test_groups_walk_together():
    _, walkers = ten_minutes()
    parties = [[w for w in walkers if w.start_s == start_s] for start_s in {w.start_s for w in walkers}]
    groups = [party for party in parties if len(party) > 1]
    assert len(groups) >= 5
    assert {len(group) for group in groups} <= {2, 3, 4}
    # A stop at the till parts them, so it is the way in that counts.
    apart = [
        np.median(np.abs(np.subtract(*(np.array(w.path[:200]) for w in group[:2]))))
        for group in groups
        if min(len(w.path) for w in group) >= 200
    ]
    assert np.median(apart) < 1.5


def test_all_errands_happen_and_the_queue_keeps_its_order():
    _, walkers = ten_minutes()
    assert any(w.visitor.staff for w in walkers)
    assert any(stop.queue for w in walkers for stop in w.visitor.stops)
    lives = [len(w.path) * STEP_S for w in walkers]
    assert max(lives) < 600.0
    payers = [w for w in walkers if any(stop.queue for stop in w.visitor.stops)]
    reached = sum(bool((np.abs(np.array(w.path) - SHOP.till) < 0.5).any()) for w in payers)
    assert reached > 0.6 * len(payers)
