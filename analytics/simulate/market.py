"""The three shops of the demo with everything that happens to them in 90 days, and the truth about it.

Owns the numbers of the demo. One town: the shops share weather, season and promotions. In each a display in the window
is switched by an experiment in the last weeks; two more displays carry codes all the time; one camera fails for days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from analytics.estimate.design import Schedule
from analytics.estimate.wilson import CountError, share_interval
from analytics.online import ANY, LAG_DAYS, OnlineDay
from analytics.report.periods import Calendar, Period
from analytics.simulate.camera import Box, rows
from analytics.simulate.orders import Tagged, base, lag_days, moved, tagged
from analytics.simulate.people import ENGAGED_SHARE, Stays, Zone, stays
from analytics.simulate.town import Floats, Ints, Town, town, visits
from edge.core.message import Row

DAYS = 90
HISTORY_DAYS = 28
EXPERIMENT_DAYS = 56
BLOCK_DAYS = 7
CALENDAR = Calendar(ZoneInfo("Europe/Berlin"))
WINDOW = "window"
ZONES = (Zone("beauty", 0.5, 0.2, 0.3), Zone("shoes", 0.35, 0.15, 0.3), Zone(WINDOW, 0.6))
SITES = {"altstadt": (450.0, 60.0), "hafen": (300.0, 35.0), "nordring": (600.0, 90.0)}
"""Mean visitors of a day, and orders of the window's products by people who never came."""
EFFECT = 0.05
"""Share of the visitors whom the window moves to order, while it is on."""
RECALL = 0.96
CANCELLED = 0.06
OUTAGE = ("hafen", 40, 3)
"""Whose camera fails on which day from 0, for how many days."""
AUDITED = 900
"""True crossings that somebody compared with the counts."""


@dataclass(frozen=True)
class Shop:
    """One shop's days as they were.

    Attributes:
        visitors: True ones, int64 (days,).
        true: When they came and where they stopped.
        codes: By zone that has one, what its scans led to.
        orders: Of the window's products, all of them, by date, int64 (days,).
    """

    site: str
    visitors: Ints
    true: Stays
    codes: dict[str, Tagged]
    orders: Ints


@dataclass(frozen=True)
class Market:
    """All shops.

    Attributes:
        first: First business day.
        days: The business days.
        shops: As they were.
        audit: What comparing some crossings with the counts says of the counts.
    """

    first: date
    days: tuple[Period, ...]
    shops: tuple[Shop, ...]
    audit: CountError

    @property
    def last(self) -> date:
        """Last business day."""
        return self.first + timedelta(days=DAYS - 1)

    @property
    def experiment_first(self) -> date:
        """First day of the experiment; the days before are its history."""
        return self.first + timedelta(days=HISTORY_DAYS)

    def rows(self, seed: int) -> Iterator[Row]:
        """What the boxes send."""
        random = np.random.Generator(np.random.PCG64([seed, 2]))
        for shop in self.shops:
            site, day, length = OUTAGE
            outage = (self.days[day].start_s + 36_000, self.days[day + length].start_s + 39_600)
            box = Box(shop.site, "entrance", RECALL, outage if shop.site == site else None)
            yield from rows(box, shop.true, CALENDAR, self.days, random)

    def online(self) -> Iterator[OnlineDay]:
        """What the online shop delivers at the end; buckets in which nothing happened are left out."""
        for shop in self.shops:
            for index in range(DAYS):
                day = (self.first + timedelta(days=index)).isoformat()
                yield OnlineDay(
                    site=shop.site, zone=WINDOW, date=day, lag=ANY, orders=int(shop.orders[index]), as_of=str(self.last)
                )
                for zone, code in shop.codes.items():
                    key = {"site": shop.site, "zone": zone, "date": day, "as_of": str(self.last)}
                    yield from _delivered(key, code, index)


def market(first: date, schedule: Schedule, seed: int) -> Market:
    """Three shops over DAYS days.

    Args:
        first: First business day.
        schedule: Of the windows, in the order of SITES, for EXPERIMENT_DAYS days.
        seed: Of everything that happens.
    """
    random = np.random.Generator(np.random.PCG64([seed, 1]))
    days = CALENDAR.days(first, first + timedelta(days=DAYS - 1))
    place = town(first, DAYS, random)
    on = np.zeros((len(SITES), DAYS))
    on[:, HISTORY_DAYS : HISTORY_DAYS + EXPERIMENT_DAYS] = schedule.on
    shops = tuple(_shop(site, place, days, own, random) for site, own in zip(SITES, on, strict=True))
    missed = int(random.binomial(AUDITED, 1.0 - RECALL))
    low, high = share_interval(missed, AUDITED)
    return Market(first, days, shops, CountError(-missed / AUDITED, -high, -low))


def true_conversion(zones: Sequence[Zone] = ZONES) -> float:
    """Tagged orders within seven days, without those cancelled, per visitor."""
    within = float(lag_days()[:8].sum())
    return within * sum(zone.visit_share * ENGAGED_SHARE * true_zone_conversion(zone) for zone in zones)


def true_zone_conversion(zone: Zone) -> float:
    """Tagged orders of all lags, without those cancelled, per engaged visit."""
    return zone.scan_share * zone.order_share * (1.0 - CANCELLED)


def _shop(site: str, place: Town, days: tuple[Period, ...], on: Floats, random: np.random.Generator) -> Shop:
    mean, online = SITES[site]
    visitors = visits(mean, place, random)
    midnights = np.array([_midnight_s(place.first + timedelta(days=index)) for index in range(DAYS)])
    true = stays(visitors, midnights, ZONES, random)
    codes = {
        zone.name: tagged(engaged, zone.scan_share, zone.order_share, CANCELLED, random)
        for zone, engaged in zip(ZONES, true.engaged, strict=True)
        if zone.scan_share
    }
    orders = base(online, place, random) + moved(visitors, EFFECT * on, random)
    return Shop(site, visitors, true, codes, orders)


def _delivered(key: dict[str, str], code: Tagged, index: int) -> Iterator[OnlineDay]:
    for bucket, lag in enumerate(LAG_DAYS):
        scans = int(code.scans[index]) if lag == "0d" else 0
        carts = int(code.carts[index]) if lag == "0d" else 0
        orders, cancelled = int(code.orders[index, bucket]), int(code.cancelled[index, bucket])
        if scans or orders:
            counts = {"scans": scans, "carts": carts, "orders": orders, "cancelled": cancelled}
            yield OnlineDay.model_validate({**key, **counts, "lag": lag})


def _midnight_s(day: date) -> int:
    """UTC seconds of 0:00 by the clock as it goes at noon, so that opening hours are right on days that move it."""
    return int(datetime.combine(day, time(12), CALENDAR.zone).timestamp()) - 43_200
