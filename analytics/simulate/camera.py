"""What a simulated box sends of simulated visitors: rows of the wire; its camera misses some, and may fail for days.

Owns the rows. It draws no visitor and knows no database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.estimate.histogram import EDGES_S
from analytics.report.periods import QUARTER_S, Calendar, Period
from analytics.simulate.people import ENGAGED_S, Stays
from analytics.simulate.town import Floats, Ints
from edge.core.message import LineRow, OccupancyRow, Row, ZoneRow, utc_text

STOP_S = 3.0
FPS = 10.0


@dataclass(frozen=True)
class Box:
    """A camera box.

    Attributes:
        site, device: As on the wire.
        recall: Share of the comings, goings and stops that it counts.
        outage_s: From when to when it is without its camera, UTC seconds; None: never.
    """

    site: str
    device: str
    recall: float
    outage_s: tuple[int, int] | None = None


@dataclass(frozen=True)
class _Grid:
    """Quarters of an hour: UTC seconds of starts and the last end, int64 (Q + 1,); what is watched, float64 (Q,)."""

    edges_s: Ints
    observed_s: Floats

    def count(self, at_s: Floats) -> Ints:
        """How many instants lie in each quarter, int64 (Q,)."""
        return np.histogram(at_s, self.edges_s)[0]


def rows(
    box: Box, true: Stays, calendar: Calendar, days: Sequence[Period], random: np.random.Generator
) -> Iterator[Row]:
    """The rows of the box, a series after the other, each in the order of its seq."""
    grid = _grid(box, days)
    seen_in, seen_out = (_seen(grid, box, at_s, random) for at_s in (true.in_s, true.out_s))
    came, went = grid.count(true.in_s[seen_in]), grid.count(true.out_s[seen_out])
    heads = [_head(box, grid, quarter) for quarter in range(grid.observed_s.size)]
    yield from _line(heads, came, went, random)
    for name, end_s, stop_s in zip(true.zones, true.stop_end_s, true.stop_s, strict=True):
        seen = _seen(grid, box, end_s, random)
        yield from _zone(heads, name, grid, end_s[seen], stop_s[seen])
    yield from _occupancy(heads, came - went, came, went, [calendar.day_of(int(at)).isoformat() for at in grid.edges_s])


def _grid(box: Box, days: Sequence[Period]) -> _Grid:
    edges = np.arange(days[0].start_s, days[-1].end_s + 1, QUARTER_S, dtype=np.int64)
    observed = np.full(edges.size - 1, float(QUARTER_S))
    if box.outage_s is not None:
        start_s, end_s = box.outage_s
        observed -= np.clip(np.minimum(edges[1:], end_s) - np.maximum(edges[:-1], start_s), 0, None)
    return _Grid(edges, observed)


def _seen(grid: _Grid, box: Box, at_s: Floats, random: np.random.Generator) -> np.ndarray[Any, np.dtype[np.bool_]]:
    watched = np.ones(at_s.size, dtype=bool)
    if box.outage_s is not None:
        watched = (at_s < box.outage_s[0]) | (at_s >= box.outage_s[1])
    return watched & (random.random(at_s.size) < box.recall)


def _head(box: Box, grid: _Grid, quarter: int) -> dict[str, Any]:
    observed_s = float(grid.observed_s[quarter])
    return {
        "site": box.site,
        "device": box.device,
        "epoch": "5eed0000",
        "seq": quarter + 1,
        "start": utc_text(int(grid.edges_s[quarter])),
        "end": utc_text(int(grid.edges_s[quarter + 1])),
        "observed_s": observed_s,
        "frames": int(FPS * observed_s),
        "fps": FPS if observed_s else 0.0,
        "status": "ok" if observed_s else "no_frames",
        "clock": "synced",
        "config_id": "5eed0001",
        "boot_id": "5eed0002",
    }


def _line(heads: Sequence[dict[str, Any]], came: Ints, went: Ints, random: np.random.Generator) -> Iterator[Row]:
    turned = random.binomial(came, 0.05)
    units = random.binomial(came, 0.78)
    found = random.binomial(came, 0.01)
    for head, in_, out, uturns, shopper_units, rejoined in zip(heads, came, went, turned, units, found, strict=True):
        yield LineRow(
            **head, series="line/door", line="door",
            in_=int(in_), out=int(out), in_raw=int(in_ + uturns), out_raw=int(out + uturns), uturns=int(uturns),
            rejoined=int(rejoined), born_past_line=0, died_at_line=0, static=0, staff_in=0, staff_out=0,
            shopper_units=max(int(shopper_units), int(in_ > 0)),
        )  # fmt: skip


def _zone(heads: Sequence[dict[str, Any]], zone: str, grid: _Grid, end_s: Floats, stop_s: Floats) -> Iterator[Row]:
    classes = np.digitize(stop_s, (STOP_S, ENGAGED_S))
    by_class = [grid.count(end_s[classes == index]).tolist() for index in range(3)]
    bins = np.histogram2d(end_s, stop_s, [grid.edges_s, [*EDGES_S, np.inf]])[0].astype(int).tolist()
    sum_s = np.histogram(end_s, grid.edges_s, weights=stop_s)[0].tolist()
    for quarter, head in enumerate(heads):
        passed, stopped, engaged = (counts[quarter] for counts in by_class)
        visits = passed + stopped + engaged
        yield ZoneRow(
            **head, series=f"zone/{zone}", zone=zone,
            entered=visits, pass_=passed, stop=stopped, engaged=engaged, left=visits, lost=0, capped=0,
            left_s=sum_s[quarter], histogram=tuple(bins[quarter]), presence_s=sum_s[quarter], peak=min(visits, 4),
            stitched=0,
        )  # fmt: skip


def _occupancy(
    heads: Sequence[dict[str, Any]], net: Ints, came: Ints, went: Ints, business_days: Sequence[str]
) -> Iterator[Row]:
    inside = day_in = day_out = 0
    before = business_days[0]
    for quarter, head in enumerate(heads):
        drift = balance = None
        if business_days[quarter] != before:
            drift, balance = inside, (day_out / day_in if day_in else None)
            inside = day_in = day_out = 0
            before = business_days[quarter]
        inside, day_in, day_out = inside + int(net[quarter]), day_in + int(came[quarter]), day_out + int(went[quarter])
        yield OccupancyRow(
            **head, series="occupancy", business_day=before, occ_raw=inside, occ=max(0, inside), clamped=inside < 0,
            drift=drift, balance=balance, births=int(came[quarter] // 30), deaths=int(came[quarter] // 30),
        )  # fmt: skip
