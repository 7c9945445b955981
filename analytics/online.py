"""What the online shop delivers, by MQTT or CSV: counts of one zone's code on one day, nothing finer.

Owns the payload of `traffic/v1/{site}/online/{zone}`, its key and the lag buckets. Knows no file, broker or database.
Site, zone and date are all that it has in common with what the cameras count, so that no order and no visitor can ever
be brought together.
"""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - the field is called date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from edge.core.message import SCHEMA_VERSION, Count, Name, Payload

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
Lag = Literal["0d", "1d", "2-3d", "4-7d", "8-30d", "any"]

LAG_DAYS: dict[str, tuple[int, int]] = {"0d": (0, 0), "1d": (1, 1), "2-3d": (2, 3), "4-7d": (4, 7), "8-30d": (8, 30)}
"""First and last day after the scan of each bucket of tagged orders."""
ANY: Literal["any"] = "any"
"""All orders of a day, tagged or not: what an on/off experiment compares. Never part of a conversion."""
WHOLE_SHOP = "all"
"""The zone of figures that belong to no single zone of the site; only for `any`."""


class OnlineDay(Payload):
    """What became of the scans of one code on one day, within one lag bucket; (site, zone, date, lag) is its key.

    The same key may come again: a later `as_of`, or the same one, replaces what was delivered before.
    """

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    site: Name
    zone: Name = Field(description="The zone whose display carries the code; `all` for the whole shop with lag `any`.")
    date: Day = Field(description="Local date of the scan; with lag `any`, of the order.")
    lag: Lag = Field(description="Whole days from the scan to the order; `any`: all orders of the day, tagged or not.")
    scans: Count = Field(default=0, description="Scans of the code on that day; with lag `0d` only.")
    carts: Count = 0
    orders: Count = Field(default=0, description="Orders placed, those that were cancelled later included.")
    cancelled: Count = Field(default=0, description="Of these orders, how many were cancelled since.")
    as_of: Day = Field(description="Last local day that the online shop's books cover in this delivery.")

    @field_validator("date", "as_of")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        Date.fromisoformat(value)
        return value

    @model_validator(mode="after")
    def _adds_up(self) -> OnlineDay:
        if self.cancelled > self.orders:
            raise ValueError(f"expected at most {self.orders} cancelled (all orders), got {self.cancelled}")
        if self.scans and self.lag != "0d":
            raise ValueError(f"expected scans with lag 0d only, got {self.scans} with {self.lag}")
        if self.zone == WHOLE_SHOP and self.lag != ANY:
            raise ValueError(f"expected the zone of a code, got {WHOLE_SHOP!r}, which goes with lag any only")
        if self.as_of < self.date:
            raise ValueError(f"expected as_of on or after {self.date}, got {self.as_of}")
        return self


def online_topic(site: str, zone: str) -> str:
    """Where the online shop publishes the days of a zone's code.

    >>> online_topic("hangzhou-1", "shoes")
    'traffic/v1/hangzhou-1/online/shoes'
    """
    return f"traffic/v{SCHEMA_VERSION}/{site}/online/{zone}"
