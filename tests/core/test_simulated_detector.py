"""The simulated detector errs as asked, and does not see through people and shelves."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from edge.core.simulated_camera import SimulatedCamera
from edge.core.simulated_crowd import Here
from edge.core.simulated_detector import PERFECT, DetectorErrors, SimulatedDetector, View
from edge.core.simulated_shop import SHOP, Block
from tests.core.busy_shop import bytes_of, crowded

CAMERA = SimulatedCamera()


def look(*people: tuple[complex, float], blocks: tuple[Block, ...] = (), errors: DetectorErrors = PERFECT) -> View:
    here = Here(np.arange(len(people)), np.array([at for at, _ in people]), np.array([tall for _, tall in people]))
    return next(SimulatedDetector(CAMERA, blocks, errors, np.random.default_rng(1)).watch([(0.0, here)]))


def test_who_is_hidden_by_somebody_nearer_scores_less_and_is_lost_at_last():
    errors = DetectorErrors(recall=1.0, false_per_picture=0.0, noise=0.0)
    alone = look((0j + 5j, 1.7), errors=errors)
    beside = look((0j + 5j, 1.7), (1.0 + 4.0j, 1.7), errors=errors)
    half = look((0j + 5j, 1.7), (0.18 + 4.2j, 1.7), errors=errors)
    behind = look((0j + 5j, 1.6), (0.0 + 4.8j, 1.9), errors=errors)

    assert alone.hidden.tolist() == [0.0]
    assert beside.hidden.tolist() == [0.0, 0.0]
    assert 0.4 < half.hidden[0] < 0.75
    assert half.hidden[1] == 0.0
    assert half.people.tolist() == [0, 1]
    assert half.detections.scores[0] < half.detections.scores[1] - 0.1
    assert behind.people.tolist() == [1]


def test_a_shelf_hides_the_lower_body_up_to_its_edge():
    shelf = Block(-2.0, 3.0, 2.0, 3.4, height_m=1.2)
    seen = look((0j + 5j, 1.7), blocks=(shelf,))
    # The box ends where the shelf's far upper edge is seen.
    edge = CAMERA.project(0.0, 3.4, 1.2)[1]
    assert seen.detections.boxes[0, 3] == pytest.approx(edge, abs=1e-6)
    assert seen.boxes[0, 3] == pytest.approx(CAMERA.project(0.0, 5.0, 0.0)[1])

    before = look((0j + 2.5j, 1.7), blocks=(shelf,))
    assert before.detections.boxes[0, 3] == pytest.approx(before.boxes[0, 3])
    wall = Block(-2.0, 3.0, 2.0, 3.4, height_m=2.9)
    assert look((0j + 5j, 1.7), blocks=(wall,)).people.tolist() == []


def test_boxes_end_at_the_frame_and_who_is_outside_of_it_is_not_in_the_truth():
    seen = look((0j + 1.2j, 1.7), (30.0 + 8.0j, 1.7))
    assert seen.ids.tolist() == [0]
    assert seen.detections.boxes[0, 3] == 1.0
    assert seen.boxes[0, 3] > 1.0


@cache
def errors_of(fps: float, frames: int = 20_000) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
    """One body in plain sight: found or not in each picture, false boxes, shifts of the edges (box heights), scores."""
    here = Here(np.array([7]), np.array([0.0 + 5.0j]), np.array([1.7]))
    detector = SimulatedDetector(CAMERA, (), DetectorErrors(), np.random.default_rng(6))
    true = CAMERA.boxes(here.at, here.tall_m)[0]
    found, false, shifts, scores = [], 0, [], []
    for view in detector.watch([(k / fps, here) for k in range(frames)]):
        mine = view.people == 7
        found.append(bool(mine.any()))
        false += int((~mine).sum())
        shifts += ((view.detections.boxes[mine] - true) / (true[3] - true[1])).tolist()
        scores += view.detections.scores[mine].tolist()
    return np.array(found), false, np.array(shifts) * (CAMERA.aspect, 1.0, CAMERA.aspect, 1.0), np.array(scores)


@pytest.mark.parametrize("fps", [5.0, 30.0])
def test_misses_false_boxes_and_noise_are_as_many_as_asked_for_at_any_frame_rate(fps):
    found, false, shifts, scores = errors_of(fps)

    assert found.mean() == pytest.approx(0.95, abs=0.008)
    assert false == pytest.approx(400, abs=70)
    assert shifts.std(axis=0) == pytest.approx(np.full(4, 0.02), rel=0.05)
    assert np.abs(shifts.mean(axis=0)).max() < 0.001
    assert ((scores > 0.3) & (scores <= 1.0)).all()
    assert 0.02 < (scores < 0.5).mean() < 0.10


def test_who_was_missed_is_likely_to_be_missed_again_soon():
    found = errors_of(30.0)[0]
    missed = np.flatnonzero(~found[:-15])
    again_at_once, again_later = (~found[missed + 1]).mean(), (~found[missed + 15]).mean()
    assert again_at_once > 0.15
    assert again_later < again_at_once


def test_how_many_pictures_are_looked_at_together_changes_nothing():
    simulation, pictures = crowded(), []
    for number in range(200):
        while simulation.crowd.now_s < 0.1 * number + 60.0:
            simulation.crowd.step()
        pictures.append((simulation.crowd.now_s, simulation.crowd.at(simulation.crowd.now_s)))
    many_errors = DetectorErrors(recall=0.7, false_per_picture=0.5)
    together, one_by_one = (
        SimulatedDetector(CAMERA, SHOP.blocks, many_errors, np.random.default_rng(8)) for _ in range(2)
    )

    assert len({len(here.ids) for _, here in pictures}) > 2
    assert bytes_of(list(together.watch(pictures))) == bytes_of(
        [view for picture in pictures for view in one_by_one.watch([picture])]
    )


def test_people_hide_each_other_within_one_picture_alone():
    behind, before = (Here(np.array([k]), np.array([at]), np.array([1.7])) for k, at in enumerate((5j, 4.5j)))
    detector = SimulatedDetector(CAMERA, (), PERFECT, np.random.default_rng(1))
    assert [view.hidden.tolist() for view in detector.watch([(0.0, behind), (0.1, before), (0.2, behind)])] == [
        [0.0]
    ] * 3


def test_an_empty_shop_gives_empty_pictures():
    nobody = Here(np.empty(0, np.int64), np.empty(0, np.complex128), np.empty(0))
    detector = SimulatedDetector(CAMERA, SHOP.blocks, PERFECT, np.random.default_rng(1))
    views = list(detector.watch([(0.0, nobody), (0.1, nobody)]))
    assert [view.detections.boxes.shape for view in views] == [(0, 4)] * 2
    assert [view.detections.mono_s for view in views] == [0.0, 0.1]
