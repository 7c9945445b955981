"""One simulated shop, filmed once, counted at several frame rates and compared with what really happened there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from edge.core.pipeline import Pipeline, Step
from edge.core.rules import TrackerRule, ZoneRule
from edge.core.simulate import Simulation
from edge.core.simulated_detector import View
from edge.core.simulated_truth import TrueCrossing, TrueVisitor
from edge.evaluation.counts import Difference, LineScore, ZoneScore, compare_line, compare_zone
from edge.evaluation.truth import Event, Line, Visit

SHOP_S = 1800.0
"""How long each simulated shop is watched."""
FILM_FPS = (10.0, 30.0)
"""A rate looks at the slower film of which it can take every picture, every second one, ..."""
KINDS = {"raw": ("in_raw", "out_raw"), "settled": ("in_", "out"), "uturns": ("uturns", "uturns")}
"""What the service calls the crossings of each reading, inwards and outwards."""


class Crowding(NamedTuple):
    """How many are there at once, and how many parties come a minute: so many that the limit is often reached."""

    at_most: int
    per_minute: float


class Shop(NamedTuple):
    """What was counted in one shop at one rate, and what was wrong with it, by reading; and the visits."""

    readings: dict[str, LineScore]
    wrong: dict[str, Difference]
    zones: ZoneScore


def film_fps(fps: float) -> float:
    """The rate of the film that this rate looks at."""
    return next(film for film in FILM_FPS if film % fps == 0)


def film(seed: int, crowding: Crowding, fps: float) -> tuple[Simulation, Iterator[View]]:
    """One shop and its pictures at this rate."""
    simulation = Simulation(seed=seed, at_most=crowding.at_most, per_minute=crowding.per_minute)
    views = simulation.film(seconds=SHOP_S, fps=film_fps(fps))
    return simulation, islice(views, 0, None, round(film_fps(fps) / fps))


def count_shop(seed: int, crowding: Crowding, rates: Sequence[float]) -> dict[float, Shop]:
    """Counts one shop at all these rates, which look at one film, and compares."""
    fastest = max(rates)
    simulation, views = film(seed, crowding, fastest)
    pipelines = {fps: Pipeline((simulation.line,), simulation.zones, TrackerRule()) for fps in rates}
    steps: dict[float, list[Step]] = {fps: [] for fps in rates}
    for number, view in enumerate(views):
        for fps, pipeline in pipelines.items():
            if number % (fastest / fps) == 0:
                steps[fps].append(_without_boxes(pipeline.step(view.detections)))
    visitors = simulation.take_visitors(everybody=True)
    return {
        fps: compare(visitors, [*steps[fps], pipeline.finish()], simulation.zones)
        for fps, pipeline in pipelines.items()
    }


def compare(visitors: Sequence[TrueVisitor], steps: Sequence[Step], zones: Sequence[ZoneRule]) -> Shop:
    """What happened beside what was counted."""
    events = [event for step in steps for event in step.events]
    truth = {
        "raw": _line(crossing for visitor in visitors for crossing in visitor.crossings),
        "settled": _line(crossing for visitor in visitors for crossing in visitor.settled),
        # A U-turn has no direction that the service would tell.
        "uturns": _line(replace(crossing, inward=True) for visitor in visitors for crossing in visitor.uturns),
    }
    scores = {}
    for name, (inward, outward) in KINDS.items():
        counted = [Event(t_s=e.mono_s, inward=e.kind == inward) for e in events if e.kind in {inward, outward}]
        scores[name] = compare_line(truth[name], Line(events=tuple(counted)))
    visits = ZoneScore()
    for rule in zones:
        visits += compare_zone(_true_visits(visitors, rule.name), _counted_visits(steps, rule), rule.stop_s)[0]
    readings = {name: score for name, (score, _) in scores.items()}
    return Shop(readings, {name: wrong for name, (_, wrong) in scores.items()}, visits)


def _without_boxes(step: Step) -> Step:
    return Step(step.mono_s, None, step.events, step.zones)


def _line(crossings: Iterable[TrueCrossing]) -> Line:
    return Line(events=tuple(Event(t_s=crossing.mono_s, inward=crossing.inward) for crossing in crossings))


def _true_visits(visitors: Sequence[TrueVisitor], zone: str) -> list[Visit]:
    return [
        Visit(start_s=visit.start_s, end_s=visit.end_s, dwell_s=visit.seconds)
        for visitor in visitors
        for visit in visitor.visits
        if visit.zone == zone
    ]


def _counted_visits(steps: Sequence[Step], rule: ZoneRule) -> list[Visit]:
    dwells = [dwell for step in steps if rule.name in step.zones for dwell in step.zones[rule.name].dwells]
    return [
        Visit(start_s=dwell.start_s, end_s=dwell.mono_s, dwell_s=dwell.seconds, ended=dwell.ended)
        for dwell in dwells
        if dwell.seconds >= rule.stop_s
    ]
