"""Sheet B of the semantics: each row as the design states it, seen by every kind of camera."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from edge.core.dwell import Presence
from edge.core.pipeline import Pipeline
from edge.core.rules import TrackerRule, ZoneRule
from edge.core.types import Dwell
from tests.core.scene import VARIANTS, Camera, Person

STAND = (320.0, 380.0)
ASIDE = (60.0, 380.0)


@dataclass(frozen=True)
class Row:
    case: str
    person: Person
    dwells_s: tuple[float, ...]
    ended: str = "left"
    stitched: int = 0


def visit(*stays: tuple[float, float], **more: object) -> Person:
    """Jumps into the zone and out of it at the instants of `stays`: the times are exact."""
    path = [(0.0, *ASIDE)]
    for start, end in stays:
        path += [(start - 1e-4, *ASIDE), (start + 1e-4, *STAND), (end - 1e-4, *STAND), (end + 1e-4, *ASIDE)]
    return Person((*path, (stays[-1][1] + 4.0, *ASIDE)), **more)  # type: ignore[arg-type]


SHEET = [
    Row("20 s inside", visit((2, 22)), (20.0,)),
    Row("20 s with three 0.5 s flickers", visit((2, 6), (6.5, 11), (11.5, 16), (16.5, 22)), (20.0,)),
    Row("5 s, 60 s away, 5 s", visit((2, 7), (67, 72)), (5.0, 5.0)),
    Row("5 s, 20 s away, 5 s", visit((2, 7), (27, 32)), (10.0,)),
    Row("an id switch at 10 s of 20 with a 0.5 s hole",
        visit((2, 22), hidden=((12.0, 12.5),), switch_s=12.5), (20.0,), stitched=1),
    Row("a walk through of 1.2 s", visit((2, 3.2)), (1.2,)),
    Row("too short to be a visit", visit((2, 2.5)), ()),
    Row("hidden for 1.5 s under the same id", visit((2, 22), hidden=((10.0, 11.5),)), (20.0,)),
    Row("lost for good at 12 s", visit((2, 22), hidden=((14.0, 99.0),)), (12.0,), ended="lost"),
]  # fmt: skip


def play(row: Row, camera: Camera, ids: bool) -> tuple[list[Dwell], list[Presence], int]:
    corners = tuple(camera.point(*corner) for corner in ((200, 300), (440, 300), (440, 460), (200, 460)))
    pipeline = Pipeline((), (ZoneRule("beauty", corners),), TrackerRule())
    steps = [pipeline.step(seen) for seen in camera.film((row.person,), ids)]
    zones = [step.zones["beauty"] for step in (*steps, pipeline.finish()) if step.zones]
    return (
        [dwell for zone in zones for dwell in zone.dwells],
        [span for zone in zones for span in zone.presence],
        sum(len(zone.stitched) for zone in zones),
    )


@pytest.mark.parametrize("camera", VARIANTS.values(), ids=VARIANTS.keys())
@pytest.mark.parametrize("row", SHEET, ids=lambda row: row.case)
def test_row(row: Row, camera: Camera) -> None:
    dwells, presence, stitched = play(row, camera, ids=True)

    tolerance_s = (1.0 + camera.uneven) / camera.fps / (1.0 - 2.0 * camera.missing) + 0.1
    assert [dwell.seconds for dwell in dwells] == pytest.approx(list(row.dwells_s), abs=tolerance_s)
    assert [dwell.ended for dwell in dwells] == [row.ended] * len(row.dwells_s)
    assert stitched == row.stitched
    inside_s = sum(span.end_s - span.start_s for span in presence)
    assert inside_s == pytest.approx(sum(dwell.seconds for dwell in dwells), abs=1e-6)


def test_capped() -> None:
    """Who stays longer than any shopper is staff: one visit, ended as capped, and none until he has left."""
    rule = ZoneRule("beauty", ((0.3, 0.6), (0.7, 0.6), (0.7, 0.96), (0.3, 0.96)), max_s=30.0)
    pipeline = Pipeline((), (rule,), TrackerRule())
    sway = tuple((2.0 + i, 310.0 + 20.0 * (i % 2), 380.0) for i in range(60))
    steps = [pipeline.step(seen) for seen in Camera().film((Person(((0.0, *ASIDE), *sway, (63.0, *ASIDE))),))]

    dwells = [dwell for step in (*steps, pipeline.finish()) for dwell in step.zones["beauty"].dwells]
    assert [dwell.ended for dwell in dwells] == ["capped"]
    assert dwells[0].seconds == pytest.approx(30.0, abs=0.2)
