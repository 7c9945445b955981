"""The days of the online shop in the database: one place that writes them, whichever way they came, and reads them.

Owns the SQL of `online_days`. It knows neither CSV nor MQTT, and opens no transaction: that is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from analytics.online import OnlineDay
from analytics.store import Store

Source = Literal["csv", "mqtt", "demo"]
_PUT = """
INSERT INTO online_days (site, zone, date, lag, scans, carts, orders, cancelled, as_of, source)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (site, zone, date, lag) DO UPDATE SET
    scans = excluded.scans, carts = excluded.carts, orders = excluded.orders, cancelled = excluded.cancelled,
    as_of = excluded.as_of, source = excluded.source
WHERE excluded.as_of >= online_days.as_of"""


@dataclass(frozen=True)
class Stored:
    """What became of a delivery.

    Attributes:
        taken: Days that the books now hold as delivered.
        older: Days left as they were, because the books hold a delivery with a later `as_of`.
    """

    taken: int
    older: int


def put_online(store: Store, days: Iterable[OnlineDay], source: Source) -> Stored:
    """Stores days, each in the place of what was there for its key; within the caller's transaction.

    Raises:
        StoreError: The database fails.
    """
    taken = older = 0
    for day in days:
        values = (day.scans, day.carts, day.orders, day.cancelled, day.as_of, source)
        changed = store.execute(_PUT, (day.site, day.zone, day.date, day.lag, *values))
        taken, older = taken + bool(changed), older + (not changed)
    return Stored(taken, older)


def read_online(store: Store, sites: Sequence[str], first: date, last: date) -> list[OnlineDay]:
    """What the books hold for some sites and days, both included; by key.

    Raises:
        StoreError: The database fails.
    """
    rows = store.query(
        "SELECT site, zone, date, lag, scans, carts, orders, cancelled, as_of FROM online_days "
        "WHERE date >= ? AND date <= ? ORDER BY site, zone, date, lag",
        (first.isoformat(), last.isoformat()),
    )
    names = ("site", "zone", "date", "lag", "scans", "carts", "orders", "cancelled", "as_of")
    return [OnlineDay(**dict(zip(names, row, strict=True))) for row in rows if row[0] in sites]


def closed_through(store: Store, site: str) -> date | None:
    """The last day that the online shop's books cover for a site; None before the first delivery.

    Raises:
        StoreError: The database fails.
    """
    ((as_of,),) = store.query("SELECT max(as_of) FROM online_days WHERE site = ?", (site,))
    return None if as_of is None else date.fromisoformat(as_of)
