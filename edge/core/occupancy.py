"""The site ledger: how many people are inside, from the settled counts of its lines, with its errors in plain sight.

One wrong count stays in the ledger until the business day ends; the drift that is left then is published, and the next
day starts at zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

UNKNOWN_AFTER_S = 7200
"""After a gap in the books of more than this the occupancy is unknown, not zero, until the next business day."""


@dataclass(frozen=True)
class Occupancy:
    """What one interval says of the ledger; `drift`, `balance` and `churn` are of the day that ended, if one did."""

    business_day: str
    occ_raw: int | None
    drift: int | None
    balance: float | None
    churn: float | None = None

    @property
    def occ(self) -> int | None:
        """Nobody can be inside less than zero times."""
        return None if self.occ_raw is None else max(0, self.occ_raw)

    @property
    def clamped(self) -> bool:
        """Whether `occ` hides a negative ledger."""
        return self.occ_raw is not None and self.occ_raw < 0


@dataclass(frozen=True)
class Ledger:
    """INs and OUTs since the business day began, and what of it tells how often the tracker lost somebody.

    >>> ledger, _ = Ledger().after("2026-11-23", 0, 300, in_=5, out=2)
    >>> ledger, now = ledger.after("2026-11-23", 300, 600, in_=0, out=4)
    >>> now.occ_raw, now.occ, now.clamped
    (-1, 0, True)
    >>> _, now = ledger.after("2026-11-24", 600, 900, in_=1, out=0)
    >>> now.occ_raw, now.drift, now.balance
    (1, -1, 1.2)
    """

    business_day: str = ""
    in_: int = 0
    out: int = 0
    end_utc_s: int = 0
    unknown: bool = False
    crossings: int = 0
    """Raw, of both directions."""
    births: int = 0
    """Tracks that began in the interior."""

    def after(
        self,
        business_day: str,
        start_utc_s: int,
        end_utc_s: int,
        *,
        in_: int,
        out: int,
        crossings: int = 0,
        births: int = 0,
    ) -> tuple[Ledger, Occupancy]:
        """The ledger after one interval, and what there is to publish of it."""
        before, drift, balance, churn = self, None, None, None
        if business_day != self.business_day:
            if self.business_day and not self.unknown:
                drift = self.in_ - self.out
                balance = round(self.out / self.in_, 4) if self.in_ else None
            churn = round(100.0 * self.births / self.crossings, 2) if self.crossings else None
            before = Ledger(business_day)
        elif start_utc_s - self.end_utc_s > UNKNOWN_AFTER_S:
            before = replace(self, unknown=True)
        ledger = replace(
            before,
            in_=before.in_ + in_,
            out=before.out + out,
            end_utc_s=end_utc_s,
            crossings=before.crossings + crossings,
            births=before.births + births,
        )
        occ_raw = None if ledger.unknown else ledger.in_ - ledger.out
        return ledger, Occupancy(business_day, occ_raw, drift, balance, churn)


def business_day(utc_s: float, timezone: str, starts_at: str) -> str:
    """The date of the business day in which an instant lies.

    Args:
        utc_s: Seconds since the UTC epoch.
        timezone: IANA name.
        starts_at: Local time at which a day begins, HH:MM.

    >>> business_day(1795392000 - 600, "Asia/Shanghai", "04:00")  # 07:50 local
    '2026-11-23'
    >>> business_day(1795392000 - 6 * 3600, "Asia/Shanghai", "04:00")  # 02:00 local
    '2026-11-22'
    """
    hours, minutes = starts_at.split(":")
    local = datetime.fromtimestamp(utc_s, ZoneInfo(timezone))
    began = (local.hour, local.minute) >= (int(hours), int(minutes))
    return (local.date() if began else local.date() - timedelta(days=1)).isoformat()
