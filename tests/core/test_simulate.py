"""The simulated shop: the same run for the same seed, human walks, errors as asked, a truth that holds."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest

from edge.core.pipeline import Pipeline
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from edge.core.simulate import Simulation
from edge.core.simulated_camera import SimulatedCamera
from edge.core.simulated_crowd import STEP_S, Here, Walker
from edge.core.simulated_detector import PERFECT, DetectorErrors, SimulatedDetector, View
from edge.core.simulated_shop import SHOP, Block, Stop, Visitor
from edge.core.simulated_truth import TrueVisitor, Truth
from edge.core.types import Detections, Tracks

CAMERA = SimulatedCamera()


def crowded(seed: int = 5, **options) -> Simulation:
    return Simulation(seed=seed, at_most=12, per_minute=20.0, **options)


@pytest.fixture(scope="module")
def run() -> tuple[Simulation, list[Walker]]:
    """Ten busy minutes, and everybody who was there."""
    simulation = crowded()
    while simulation.crowd.now_s < 600.0:
        simulation.crowd.step()
    return simulation, simulation.crowd.take_left() + simulation.crowd.walkers


def bytes_of(views: list[View]) -> list[bytes]:
    return [b"".join(array.tobytes() for array in (v.detections.boxes, v.detections.scores, v.people)) for v in views]


# The run


def test_the_same_seed_gives_the_same_run_and_another_one_another():
    first, again, other = (crowded(seed) for seed in (1, 1, 2))
    films = [list(simulation.film(seconds=60.0, fps=10.0, uneven=0.8)) for simulation in (first, again, other)]

    assert bytes_of(films[0]) == bytes_of(films[1])
    assert bytes_of(films[0]) != bytes_of(films[2])
    assert first.take_visitors(everybody=True) == again.take_visitors(everybody=True)


def test_what_the_camera_does_changes_nobodys_way():
    slow, fast = crowded(), crowded(errors=PERFECT)
    for _ in slow.film(seconds=90.0, fps=5.0):
        pass
    for _ in fast.film(seconds=90.0, fps=30.0):
        pass

    until = min(len(slow.crowd.walkers[0].path), len(fast.crowd.walkers[0].path))
    assert slow.crowd.walkers[0].path[:until] == fast.crowd.walkers[0].path[:until]
    assert abs(slow.crowd.now_s - fast.crowd.now_s) < 0.15


@pytest.mark.parametrize("uneven", [0.0, 0.9])
def test_pictures_come_at_the_rate_that_was_asked_for(uneven):
    times = np.array([view.detections.mono_s for view in crowded().film(seconds=30.0, fps=15.0, uneven=uneven)])

    assert len(times) == 450
    assert (np.diff(times) > 0.0).all()
    assert np.diff(times).mean() == pytest.approx(1 / 15, rel=0.01)
    assert np.diff(times).std() == pytest.approx(uneven / 15 / 6**0.5, abs=0.003)


def test_a_film_goes_on_where_the_last_one_ended():
    simulation = crowded()
    once = [view.detections.mono_s for view in simulation.film(seconds=10.0, fps=10.0)]
    more = [view.detections.mono_s for view in simulation.film(seconds=10.0, fps=10.0)]

    assert more[0] - once[-1] == pytest.approx(0.1, abs=STEP_S)


# How people walk


def test_there_are_never_more_people_than_allowed_and_as_many_come_as_asked(run):
    _, walkers = run
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


def test_people_walk_at_human_speed_and_not_through_each_other_or_the_shelves(run):
    _, walkers = run
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


def test_the_walls_are_passed_at_the_door_alone(run):
    _, walkers = run
    passed = 0
    for walker in walkers:
        path = np.array(walker.path)
        through = np.flatnonzero((path.imag[1:] > SHOP.door_y) != (path.imag[:-1] > SHOP.door_y))
        assert (np.abs(path.real[through]) < SHOP.door_width_m / 2.0).all()
        passed += len(through)
    assert passed > 100


def test_groups_walk_together(run):
    _, walkers = run
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


def test_all_errands_happen_and_the_queue_keeps_its_order(run):
    _, walkers = run
    assert any(w.visitor.staff for w in walkers)
    assert any(stop.queue for w in walkers for stop in w.visitor.stops)
    lives = [len(w.path) * STEP_S for w in walkers]
    assert max(lives) < 600.0
    payers = [w for w in walkers if any(stop.queue for stop in w.visitor.stops)]
    reached = sum(bool((np.abs(np.array(w.path) - SHOP.till) < 0.5).any()) for w in payers)
    assert reached > 0.6 * len(payers)


# What the camera makes of them


def test_the_projection_is_that_of_a_pinhole():
    level = SimulatedCamera(height_m=3.0, tilt=0.0, focal=1.0, aspect=2.0)
    assert level.project(0.0, 5.0, 3.0) == (0.5, 0.5)
    assert level.project(5.0, 5.0, 3.0) == (1.0, 0.5)
    assert level.project(0.0, 6.0, 0.0) == (0.5, 1.0)
    steep = SimulatedCamera(height_m=3.0, tilt=np.pi / 4)
    assert steep.project(0.0, 3.0, 0.0) == pytest.approx((0.5, 0.5))


def test_a_body_is_as_wide_and_tall_as_it_should_look():
    level = SimulatedCamera(height_m=3.0, tilt=0.0, focal=1.0, aspect=2.0)
    ((x0, y0, x1, y1),) = level.boxes(np.array([0.0 + 6.0j]), np.array([1.8])).tolist()
    assert (y0, y1) == pytest.approx((0.5 + 1.2 / 6.0, 1.0))
    assert x1 - x0 == pytest.approx(0.45 / 6.0 / 2.0)
    assert x0 + x1 == pytest.approx(1.0)


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


# The truth


def simulate_truth(path: list[complex], tall_m: float = 1.7) -> TrueVisitor:
    simulation = Simulation(seed=1, at_most=1, per_minute=1.0)
    walker = Walker(0, Visitor((Stop(path[0]),), 1.0, tall_m, staff=False), 10.0)
    walker.path = path
    return Truth(CAMERA, simulation.line, simulation.zones).of(walker)


def way(*corners: complex, pace: float = 1.0) -> list[complex]:
    """From corner to corner at a steady pace; the same corner twice is a stop of 1 s."""
    path = [corners[0]]
    for start, end in pairwise(corners):
        steps = max(round(abs(end - start) / pace / STEP_S), 1) if end != start else round(1.0 / STEP_S)
        path += [start + (end - start) * (k + 1) / steps for k in range(steps)]
    return path


def test_a_crossing_is_where_and_when_the_foot_passes_the_line():
    visitor = simulate_truth(way(0j + 8j, 0j + 4j))
    assert [(round(c.mono_s, 2), c.inward) for c in visitor.crossings] == [(12.0, True)]
    assert simulate_truth(way(0j + 4j, 0j + 8j)).crossings[0].inward is False
    assert simulate_truth(way(3.0 + 8j, 3.0 + 4j)).crossings == ()
    assert simulate_truth(way(0j + 8j, 0j + 5.8j, 0j + 8j)).crossings == ()


def test_back_within_ten_seconds_is_a_uturn():
    soon, late = ([0j + 8j, *[0j + 4j] * stops, 0j + 8j] for stops in (3, 10))
    assert [c.inward for c in simulate_truth(way(*soon)).crossings] == [True, False]
    assert [len(simulate_truth(way(*corners)).uturns) for corners in (soon, late)] == [1, 0]


def test_a_visit_is_from_the_first_to_the_last_instant_inside():
    outside, inside = 0.0 + 3.5j, -2.4 + 3.5j
    (visit,) = simulate_truth(way(outside, *[inside] * 6, outside)).visits
    # The zone's edge is at x = -1.5; a body off the camera's axis leans outwards: the middle of its box moves 0.2 m.
    assert visit.zone == "left"
    assert visit.left
    assert visit.seconds == pytest.approx(5.0 + 2 * (0.9 + 0.2), abs=0.1)
    assert visit.start_s == pytest.approx(10.0 + 1.5 - 0.2, abs=0.05)

    long_away = way(outside, *[inside] * 6, *[outside] * 40, *[inside] * 6, outside)
    assert [round(v.seconds) for v in simulate_truth(long_away).visits] == [7, 7]
    soon_back = way(outside, *[inside] * 6, *[outside] * 10, *[inside] * 6, outside)
    (visit,) = simulate_truth(soon_back).visits
    assert visit.seconds == pytest.approx(2 * 7.2, abs=0.2)
    assert visit.end_s - visit.start_s > 20.0
    (still_there,) = simulate_truth(way(outside, *[inside] * 6)).visits
    assert not still_there.left
    assert simulate_truth(way(-2.4 + 2.3j, -2.4 + 2.7j, -2.4 + 2.0j)).visits == ()


def test_in_less_out_are_the_people_inside(run):
    simulation, walkers = run
    # Who is in the door at the end is on neither side.
    decided = [w for w in walkers if abs(w.path[-1].imag - SHOP.door_y) > 0.7]
    judge = Truth(simulation.camera, simulation.line, simulation.zones)
    visitors = [judge.of(w) for w in decided]
    net = sum(1 if c.inward else -1 for v in visitors for c in v.crossings)

    assert net == sum(w.path[-1].imag < SHOP.door_y for w in decided) > 0
    assert sum(len(v.uturns) for v in visitors) > 3
    for visitor in visitors:
        assert [c.inward for c in visitor.crossings] == [k % 2 == 0 for k in range(len(visitor.crossings))]
        for visit in visitor.visits:
            assert visitor.start_s < visit.start_s < visit.end_s <= visitor.end_s
            assert 1.0 <= visit.seconds <= visit.end_s - visit.start_s + 1e-9


def test_visitors_are_given_out_once():
    simulation = crowded()
    for _ in simulation.film(seconds=120.0, fps=5.0):
        pass
    left = simulation.take_visitors()
    rest = simulation.take_visitors(everybody=True)
    people = [visitor.person for visitor in left + rest]
    assert left
    assert rest
    assert sorted(people) == list(range(len(people)))


# Truth and counting were written apart from each other: what one says the other has to find.


def counted(
    simulation: Simulation, seconds: float, *, ids: bool
) -> tuple[list[tuple[float, bool]], list[tuple[str, float, float]], int]:
    pipeline = Pipeline((simulation.line,), simulation.zones, TrackerRule())
    steps = []
    for view in simulation.film(seconds=seconds, fps=10.0):
        seen: Detections | Tracks = view.detections
        if ids:
            everybody = np.ones(len(view.people), np.bool_)
            seen = Tracks(view.people, view.detections.boxes, everybody, view.detections.mono_s, CAMERA.aspect)
        steps.append(pipeline.step(seen))
    steps.append(pipeline.finish())
    events = [event for step in steps for event in step.events]
    crossings = sorted((e.mono_s, e.kind == "in_raw") for e in events if e.kind in {"in_raw", "out_raw"})
    dwells = sorted((d.zone, d.start_s, d.seconds) for s in steps for zone in s.zones.values() for d in zone.dwells)
    return crossings, dwells, sum(event.kind == "uturns" for event in events)


@pytest.mark.parametrize(("at_most", "ids"), [(1, False), (6, True)])
def test_boxes_without_errors_give_the_truth_exactly(at_most, ids):
    simulation = Simulation(seed=11, at_most=at_most, per_minute=8.0, errors=PERFECT)
    crossings, dwells, uturns = counted(simulation, 900.0, ids=ids)
    visitors = simulation.take_visitors(everybody=True)
    true_crossings = sorted((c.mono_s, c.inward) for v in visitors for c in v.crossings)
    true_visits = sorted((v.zone, v.start_s, v.seconds) for visitor in visitors for v in visitor.visits)

    assert len(true_crossings) >= 10
    assert [inward for _, inward in crossings] == [inward for _, inward in true_crossings]
    assert [t for t, _ in crossings] == pytest.approx([t for t, _ in true_crossings], abs=0.3)
    assert uturns == sum(len(visitor.uturns) for visitor in visitors)
    assert [zone for zone, _, _ in dwells] == [zone for zone, _, _ in true_visits]
    assert [start_s for _, start_s, _ in dwells] == pytest.approx([start_s for _, start_s, _ in true_visits], abs=0.3)
    errors = np.abs(np.subtract([s for _, _, s in dwells], [s for _, _, s in true_visits]))
    assert np.median(errors) <= 0.02
    if at_most == 1:
        assert errors.max() <= 0.2


def test_the_rules_are_where_the_plan_has_them():
    simulation = Simulation(seed=1, at_most=1, per_minute=1.0)
    assert isinstance(simulation.line, LineRule)
    assert simulation.line.points == CAMERA.on_floor(*SHOP.line)
    assert [type(zone) for zone in simulation.zones] == [ZoneRule] * len(SHOP.displays)
    for zone in simulation.zones:
        assert all(0.0 < x < 1.0 and 0.0 < y < 1.0 for x, y in zone.polygon)
