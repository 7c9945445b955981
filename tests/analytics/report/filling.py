"""Rows of made-up shops, put straight into the tables: what a report has to add up again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from analytics.store import Store

BERLIN = ZoneInfo("Europe/Berlin")
LINE = ("in_count", "out_count", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line", "static",
        "staff_in", "staff_out", "shopper_units")  # fmt: skip
ZONE = ("entered", "pass", "stop", "engaged", "left_count", "lost", "capped", "peak", "stitched",
        *(f"h{number}" for number in range(8)), "left_s", "presence_s")  # fmt: skip
OCCUPANCY = ("business_day", "clamped", "births", "deaths")
_ROW = ("stream_id", "seq", "start_s", "end_s", "observed_s", "frames", "status", "clock", "run_id", "digest")


def at(zone: ZoneInfo, *parts: int) -> int:
    """UTC seconds of a local time."""
    return int(datetime(*parts, tzinfo=zone).timestamp())  # type: ignore[misc,arg-type]


@dataclass
class Filler:
    """Writes rows of one site.

    Attributes:
        store: An open database.
        site: Name.
        seqs: Last seq by stream.
    """

    store: Store
    site: str = "berlin-1"
    seqs: dict[int, int] = field(default_factory=dict)

    def site_settings(self, time_zone: str | None, day_start: str | None = "04:00", *, opening: str = "") -> None:
        """`opening`: HH:MM-HH:MM on every day."""
        self.store.execute("INSERT INTO sites VALUES (?, ?, ?)", (self.site, time_zone, day_start))
        if opening:
            opens, closes = opening.split("-")
            hours = [(self.site, day, opens, closes) for day in range(7)]
            self.store.execute_many("INSERT INTO opening_hours VALUES (?, ?, ?, ?)", hours)

    def stream(self, series: str, device: str = "box") -> int:
        """Id of a series."""
        kind, _, name = series.partition("/")
        self.store.execute("INSERT INTO runs (config_id, boot_id) VALUES ('aa', 'bb') ON CONFLICT DO NOTHING")
        key = (self.site, device, "ab" * 8, series)
        self.store.execute(
            "INSERT INTO streams (site, device, epoch, series, kind, name, first_seen_s) VALUES (?, ?, ?, ?, ?, ?, 0)",
            (*key, kind, name or series),
        )
        found = self.store.query(
            "SELECT stream_id FROM streams WHERE site = ? AND device = ? AND epoch = ? AND series = ?", key
        )
        return int(found[0][0])

    def rows(
        self, series: str, starts_s: Iterable[int], *, device: str = "box", step_s: int = 300, **more: Any
    ) -> None:
        """One row for each start; values may be functions of it. `observed_s` is the whole interval by default."""
        stream, kind = self.stream(series, device), series.partition("/")[0]
        columns = {"line": LINE, "zone": ZONE, "occupancy": OCCUPANCY}[kind]
        ((run,),) = self.store.query("SELECT max(run_id) FROM runs")
        starts = list(starts_s)
        observed = more.pop("observed_s", float(step_s))
        clock = more.pop("clock", "synced")
        default: dict[str, Any] = dict.fromkeys(columns, 0) | ({"business_day": "x"} if kind == "occupancy" else {})
        values = default | more
        assert values.keys() == default.keys(), values.keys() - default.keys()
        rows = []
        for seq, start_s in enumerate(starts, 1):
            own = [value(start_s) if callable(value) else value for value in (observed, *values.values())]
            rows.append((stream, seq, start_s, start_s + step_s, own[0], 9, "ok", clock, run, seq, *own[1:]))
        self.store.database.ensure_months([f"{kind}_rows"], starts)
        with self.store.transaction():
            self.store.database.copy(f"{kind}_rows", [*_ROW, *values], rows)

    def online(self, zone: str, day: str, *, scans: int, orders: int, as_of: str, lag: str = "0d") -> None:
        """One delivery of the online shop."""
        self.store.execute(
            "INSERT INTO online_days (site, zone, date, lag, scans, carts, orders, cancelled, as_of, source) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, 'csv')",
            (self.site, zone, day, lag, scans, orders, orders, as_of),
        )


def month(store: Store, days: int = 28) -> Filler:
    """A shop with everything: two doors, two zones, an outage, a staff door, deliveries of the online shop."""
    start_s, filler = at(BERLIN, 2026, 10, 5, 4), Filler(store)
    starts = range(start_s, start_s + days * 86400, 300)
    filler.site_settings("Europe/Berlin", opening="10:00-20:00")

    def busy(start_s: int, many: int) -> int:
        hour = datetime.fromtimestamp(start_s, BERLIN).hour
        return many if 10 <= hour < 19 else 0

    def out(start_s: int) -> int:
        return busy(start_s - 1800, 2)

    def seen(start_s: int) -> float:
        down = at(BERLIN, 2026, 10, 14, 12) <= start_s < at(BERLIN, 2026, 10, 14, 17)
        return 0.0 if down else 300.0

    door: dict[str, Any] = {name: lambda start_s: busy(start_s, 2) for name in ("in_count", "shopper_units")}
    door |= {"in_raw": lambda start_s: busy(start_s, 3), "uturns": lambda start_s: busy(start_s, 1)}
    door |= {"out_count": out, "out_raw": lambda start_s: out(start_s) + busy(start_s, 1), "observed_s": seen}
    filler.rows("line/door", starts, **door, born_past_line=lambda start_s: busy(start_s, 1))
    filler.rows("line/staff", starts, staff_in=lambda start_s: busy(start_s, 1), observed_s=seen)
    visits = {"entered": 5, "pass": 2, "stop": 2, "engaged": 1, "left_count": 5, "h0": 2, "h2": 2, "h4": 1, "peak": 3}
    for zone in ("shoes", "coats"):
        values: dict[str, Any] = {
            name: (lambda start_s, many=many: busy(start_s, many)) for name, many in visits.items()
        }
        filler.rows(f"zone/{zone}", starts, **values, left_s=60.0, presence_s=60.0)
    filler.rows("occupancy", starts, births=lambda start_s: busy(start_s, 1))
    for at_day in range(days):
        day = datetime.fromtimestamp(start_s + at_day * 86400 + 43200, BERLIN).date().isoformat()
        filler.online("shoes", day, scans=20, orders=4, as_of="2026-11-01")
    return filler
