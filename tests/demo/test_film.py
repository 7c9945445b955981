"""The film of the scripted shop: people are drawn where the script has them, and walk as they move."""

from __future__ import annotations

import numpy as np
import pytest

from edge.demo import scene
from edge.demo.film import Film, _actor
from edge.demo.look import random_look


@pytest.fixture(scope="module")
def crowd():
    return scene.people()


def test_figures_stand_where_the_truth_has_them_and_the_boxes_hold_all_that_is_drawn(crowd):
    empty, film = Film([], 180, 320), Film(crowd, 180, 320)
    for at_s in (8.0, 21.0, 52.0, 97.0):
        picture, boxes = film.labelled(at_s)
        drawn = (picture != empty.frame(at_s)).any(axis=2)
        standing = np.array([box for _, box in scene.standing(crowd, at_s)])
        feet = np.stack([(standing[:, 0] + standing[:, 2]) / 2, standing[:, 3]], axis=1)
        for x0, y0, x1, y1 in boxes:
            tall = y1 - y0
            near = (
                (feet[:, 0] > x0 - 0.1 * tall) & (feet[:, 0] < x1 + 0.1 * tall) & (np.abs(feet[:, 1] - y1) < 0.2 * tall)
            )
            assert near.any(), (at_s, x0, y0, x1, y1)
        left = drawn.copy()
        for x0, y0, x1, y1 in boxes:
            low, high = y0 - 0.02, y1 + 0.15 * (y1 - y0)  # shadows
            aside = 0.4 * (y1 - y0) * 180 / 320
            columns = slice(max(0, int((x0 - aside) * 320)), int((x1 + aside) * 320) + 2)
            left[max(0, int(low * 180)) : int(high * 180) + 2, columns] = False
        assert left.mean() < 0.003  # who is mostly hidden has no box
        inside = (feet[:, 1] > 0.47) & (standing[:, 0] > 0.02) & (standing[:, 2] < 0.98)
        assert len(boxes) >= inside.sum()


def test_who_walks_faces_the_way_and_moves_the_legs_and_who_stands_does_not(crowd):
    for person in crowd:
        actor = _actor(person, random_look(np.random.default_rng(1), person.tall_m))
        step = np.diff(person.floor, axis=0)
        fast = np.hypot(step[:, 0], step[:, 1]) / 0.02 > 0.8
        way = np.arctan2(step[:, 1], step[:, 0])
        off = np.abs(np.angle(np.exp(1j * (actor.heading[1:] - way))))[fast]
        assert np.median(off) < 0.2
        assert (np.diff(actor.phase)[fast] > 0).mean() > 0.95
        slow = actor.stride[1:] == 0
        assert (np.diff(actor.phase)[slow] == 0).all()


def test_nobody_is_there_before_and_after_their_walk(crowd):
    actor = _actor(crowd[0], random_look(np.random.default_rng(1)))
    assert actor.pose(crowd[0].times_s[0] - 0.1) is None
    assert actor.pose(crowd[0].times_s[-1] + 0.1) is None
    assert actor.pose(crowd[0].times_s[0] + 1.0) is not None


def test_the_film_is_always_the_same(crowd):
    first, second = (list(Film(crowd[:3], 90, 160).frames(2.0, 2)) for _ in range(2))
    assert [at_s for at_s, _ in first] == [0.0, 0.5, 1.0, 1.5]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(first, second, strict=True))
