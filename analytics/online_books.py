"""The days of the online shop in the database: one place that writes them, whichever way they came, and reads them.

Owns the SQL of `online_days`. It knows neither CSV nor MQTT, and opens no transaction: that is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal

from analytics.online import OnlineDay
from analytics.store import Store

Source = Literal["csv", "mqtt", "demo"]
_EPOCH = date(1970, 1, 1)
_PUT = """
INSERT INTO online_days (site, zone, date, lag, scans, carts, orders, cancelled, as_of_s, source)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (site, zone, date, lag) DO UPDATE SET
    scans = excluded.scans, carts = excluded.carts, orders = excluded.orders, cancelled = excluded.cancelled,
    as_of_s = excluded.as_of_s, source = excluded.source
WHERE excluded.as_of_s >= online_days.as_of_s"""


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
        values = (day.scans, day.carts, day.orders, day.cancelled, to_utc_s(date.fromisoformat(day.as_of)), source)
        changed = store.execute(_PUT, (day.site, day.zone, day.date, day.lag, *values))
        taken, older = taken + bool(changed), older + (not changed)
    return Stored(taken, older)


def read_online(store: Store, sites: Sequence[str], first: date, last: date) -> list[OnlineDay]:
    """What the books hold for some sites and days, both included; by key.

    Raises:
        StoreError: The database fails.
    """
    rows = store.query(
        "SELECT site, zone, date, lag, scans, carts, orders, cancelled, as_of_s FROM online_days "
        "WHERE date >= ? AND date <= ? ORDER BY site, zone, date, lag",
        (first.isoformat(), last.isoformat()),
    )
    names = ("site", "zone", "date", "lag", "scans", "carts", "orders", "cancelled")
    return [
        OnlineDay(**dict(zip(names, row[:-1], strict=True)), as_of=to_date(row[-1]).isoformat())
        for row in rows
        if row[0] in sites
    ]


def closed_through(store: Store, site: str) -> date | None:
    """The last day that the online shop's books cover for a site; None before the first delivery.

    Raises:
        StoreError: The database fails.
    """
    ((as_of_s,),) = store.query("SELECT max(as_of_s) FROM online_days WHERE site = ?", (site,))
    return None if as_of_s is None else to_date(as_of_s)


def to_utc_s(day: date) -> int:
    """A date as the column `as_of_s` holds it: UTC seconds at which it begins in UTC.

    >>> to_utc_s(date(2026, 3, 1)), to_date(to_utc_s(date(2026, 3, 1)))
    (1772323200, datetime.date(2026, 3, 1))
    """
    return (day - _EPOCH) // timedelta(days=1) * 86400


def to_date(as_of_s: int) -> date:
    """The date in the column `as_of_s`."""
    return datetime.fromtimestamp(as_of_s, timezone.utc).date()
