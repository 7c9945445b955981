"""What the database says of one site: its settings, and sums by quarter of an hour, day or hour. All SQL of reports.

Values come back as numpy arrays over the quarters of a report, or as plain numbers by zone and period.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sized
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analytics.estimate.cohort import TaggedDay
from analytics.report.facts import Visits
from analytics.report.periods import QUARTER_S, Int64, Period, Quarters
from analytics.report.settings import Settings, kept
from analytics.store import Store
from edge.errors import ConfigError

Float64 = npt.NDArray[np.float64]

LINE = ("in_count", "out_count", "in_raw", "out_raw", "uturns", "staff_in", "staff_out", "shopper_units", "rejoined",
        "born_past_line", "died_at_line", "static", "unsynced_s", "observed_s")  # fmt: skip
WATCHED = ("observed_s", "unsynced_s")
BOX = ("births", "deaths")
_ZONE = ("entered", "pass", "stop", "engaged", "left_count", "lost", "capped", "stitched", "left_s", "presence_s",
         "h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7")  # fmt: skip


Ends = dict[tuple[str, str], tuple[int, int]]
"""From when to when each (device, line or zone) has rows, UTC seconds of quarters."""


@dataclass(frozen=True)
class Site:
    """What is known of a site before a period of it is read; it has lines, or zones, or both."""

    name: str
    settings: Settings
    lines: Ends
    zones: Ends

    @property
    def from_s(self) -> int:
        """When its first row begins."""
        return min(from_s for from_s, _ in [*self.lines.values(), *self.zones.values()])

    @property
    def to_s(self) -> int:
        """When the quarter of its last row ends."""
        return max(to_s for _, to_s in [*self.lines.values(), *self.zones.values()])


def find_site(store: Store, name: str | None) -> Site:
    """The site of that name, or the only one.

    Raises:
        ConfigError: There is none of that name or none at all, or several and no name was given.
    """
    names = [row[0] for row in store.query("SELECT DISTINCT site FROM streams ORDER BY site")]
    if not names:
        raise ConfigError(f"{store.name}: expected rows of a site, found none yet; `traffic ingest` brings them")
    if name is None:
        if len(names) > 1:
            raise ConfigError(f"{store.name}: expected --site with one of {', '.join(names)}")
        name = names[0]
    if name not in names:
        near = "".join(f"; did you mean {like!r}?" for like in difflib.get_close_matches(name, names, 1))
        raise ConfigError(f"{store.name}: expected one of the sites {', '.join(names)}, got {name!r}{near}")
    site = Site(name, kept(store)[name], _ends(store, name, "line"), _ends(store, name, "zone"))
    if not site.lines and not site.zones:
        raise ConfigError(f"{name}: expected rows of lines or zones, found none")
    return site


def _ends(store: Store, site: str, kind: str) -> Ends:
    found: Ends = {}
    own = f"FROM {_table(store, kind)} q WHERE q.stream_id = s.stream_id"
    edges = f"(SELECT min(q.start_s) {own}), (SELECT max(q.start_s) {own})"
    rows = store.query(
        f"SELECT s.device, s.name, {edges} FROM streams s WHERE s.site = ? AND s.kind = ?",  # noqa: S608
        (site, kind),
    )
    for device, name, first_s, last_s in rows:
        if first_s is not None:
            from_s, to_s = first_s // QUARTER_S * QUARTER_S, (last_s // QUARTER_S + 1) * QUARTER_S
            before = found.get((device, name), (from_s, to_s))
            found[device, name] = min(before[0], from_s), max(before[1], to_s)
    return found


def _table(store: Store, kind: str) -> str:
    """What to sum: the sums that SQLite keeps by quarter, or the rows themselves.

    PostgreSQL keeps none, because the readers of a fleet would wait for each other at them.
    """
    if store.database.dialect.name == "sqlite":
        return f"{kind}_quarters"
    unsynced_s = "CASE WHEN r.clock = 'synced' THEN 0 ELSE r.end_s - r.start_s END"
    return f"(SELECT r.*, {unsynced_s} AS unsynced_s FROM {kind}_rows r)"  # noqa: S608 - names from this file


def _streams(store: Store, site: str, kind: str) -> dict[int, str]:
    """Names of lines or zones by stream. Told apart from the rows, so that a database reads those of one site alone."""
    return dict(store.query("SELECT stream_id, name FROM streams WHERE site = ? AND kind = ?", (site, kind)))


def expected(site: Site, quarters: Quarters) -> Float64:
    """How many lines (of a site without lines: zones) should have been watched in each quarter, float (Q,).

    A line is expected from its first row on. It was taken down when its device went on with others for a day without
    it; a device that fell silent is expected still.
    """
    ends = site.lines or site.zones
    heard: dict[str, int] = {}
    for (device, _), (_, to_s) in ends.items():
        heard[device] = max(to_s, heard.get(device, 0))
    count = np.zeros(quarters.start_s.shape)
    for (device, _), (from_s, to_s) in ends.items():
        gone = heard[device] - to_s > 86400
        count += (quarters.start_s >= from_s) & ((quarters.start_s < to_s) if gone else True)
    return count


def by_quarter(store: Store, site: str, kind: str, columns: tuple[str, ...], quarters: Quarters) -> dict[str, Float64]:
    """Sums over all streams of a kind, by column, float (Q,)."""
    sums = ", ".join(f"sum(q.{name})" for name in columns)
    streams = list(_streams(store, site, kind))
    rows = store.query(
        f"SELECT q.start_s / {QUARTER_S}, {sums} FROM {_table(store, kind)} q WHERE q.stream_id IN ({_marks(streams)}) "  # noqa: S608
        "AND q.start_s >= ? AND q.start_s < ? GROUP BY 1",
        (*streams, *_range(quarters)),
    )
    values = np.zeros((len(columns), quarters.start_s.size))
    if rows:
        table = np.array(rows, dtype=np.float64)
        at = (table[:, 0] - quarters.start_s[0] // QUARTER_S).astype(np.int64)
        values[:, at] = table[:, 1:].T
    return dict(zip(columns, values, strict=True))


def _marks(values: Sized) -> str:
    """For `IN (...)`; of nothing, what nothing is in."""
    return ", ".join("?" * len(values)) or "NULL"


def _range(quarters: Quarters) -> tuple[int, int]:
    return int(quarters.start_s[0]), int(quarters.start_s[-1]) + QUARTER_S


def visits(
    store: Store, site: str, quarters: Quarters, periods: tuple[Period, ...], day_start: time | None
) -> tuple[Visits, ...]:
    """What each zone counted, by period and zone, where it counted anything.

    Args:
        store: The database.
        site: Its name.
        quarters: Of the whole report.
        periods: All its days, or all its hours.
        day_start: Local time at which a day begins; None with hours.
    """
    step_s, late_s = (3600, 0) if day_start is None else (86400, day_start.hour * 3600 + day_start.minute * 60)
    sums = ", ".join([*(f"sum(q.{name})" for name in _ZONE), "max(q.peak)"])
    found: dict[tuple[int, str], Float64] = {}
    edges = np.array([period.start_s for period in periods])
    streams = _streams(store, site, "zone")
    for from_s, to_s, offset_s in _steady(quarters):
        shift_s = offset_s - late_s
        rows = store.query(
            f"SELECT q.stream_id, (q.start_s + {shift_s}) / {step_s}, {sums} FROM {_table(store, 'zone')} q "  # noqa: S608
            f"WHERE q.stream_id IN ({_marks(streams)}) AND q.start_s >= ? AND q.start_s < ? "
            "AND q.entered + q.pass + q.stop + q.engaged + q.presence_s > 0 GROUP BY 1, 2",  # the nights are empty
            (*streams, from_s, to_s),
        )
        for stream, key, *values in rows:
            zone = streams[stream]
            period = int(np.searchsorted(edges, max(from_s, int(key) * step_s - shift_s), side="right")) - 1
            row = np.array(values, dtype=np.float64)
            before = found.setdefault((period, zone), np.zeros_like(row))
            found[period, zone] = np.append(before[:-1] + row[:-1], max(before[-1], row[-1]))
    return tuple(_visits(zone, periods[index], values) for (index, zone), values in sorted(found.items()))


def _steady(quarters: Quarters) -> Iterator[tuple[int, int, int]]:
    """Spans (from_s, to_s, offset_s) in which the clock is not moved."""
    offsets: Int64 = quarters.local_s - quarters.start_s
    cuts = [0, *(int(cut) + 1 for cut in np.flatnonzero(np.diff(offsets))), offsets.size]
    for cut, after in pairwise(cuts):
        yield int(quarters.start_s[cut]), int(quarters.start_s[after - 1]) + QUARTER_S, int(offsets[cut])


def _visits(zone: str, period: Period, values: Float64) -> Visits:
    entered, passed, stopped, engaged, left, lost, capped, stitched, _, _, *histogram, peak = map(int, values)
    return Visits(
        zone, period, entered, passed, stopped, engaged, left, lost, capped, stitched,
        left_s=float(values[8]), presence_s=float(values[9]), peak=peak, histogram=tuple(histogram),
    )  # fmt: skip


def tagged(store: Store, site: str, last: date) -> tuple[list[TaggedDay], date | None]:
    """What the online shop ever delivered for days up to `last`, and the last day that its books cover."""
    rows = store.query(
        "SELECT zone, date, lag, scans, carts, orders, cancelled, as_of FROM online_days WHERE site = ? AND date <= ?",
        (site, last.isoformat()),
    )
    days = [TaggedDay(site, zone, date.fromisoformat(day), lag, *counts) for zone, day, lag, *counts, _ in rows]
    as_of = max((row[-1] for row in rows), default=None)
    return days, None if as_of is None else date.fromisoformat(as_of)


def rows_missing(store: Store, site: str) -> int:
    """How many rows of the site the books know to be missing."""
    ((missing,),) = store.query(
        "SELECT sum(g.to_seq - g.from_seq + 1) FROM gaps g JOIN streams s ON s.stream_id = g.stream_id "
        "WHERE s.site = ?",
        (site,),
    )
    return int(missing or 0)
