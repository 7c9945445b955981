"""Drafts: intervals that are not rows yet, because they are still open or because nobody knows when they were.

As text they wait in the state database, so that a power cut loses only what was seen since they were last written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from edge.core.report import IntervalReport, LineFacts, ZoneFacts
from edge.core.stored import record


@dataclass(frozen=True)
class Draft:
    """A report, and on whose clocks it was made.

    Attributes:
        report: What was counted so far.
        boot_id: Run of the service that counted.
        machine_boot: Run of the machine, of whose monotonic clock `report.end_mono_s` is.
    """

    report: IntervalReport
    boot_id: str
    machine_boot: str

    @cached_property
    def text(self) -> str:
        """As JSON; made once, for a draft may be stored many times."""
        return json.dumps(asdict(self), separators=(",", ":"))


def to_json(drafts: Iterable[Draft]) -> str:
    """One JSON text that `from_json` reads back."""
    return f"[{','.join(draft.text for draft in drafts)}]"


def from_json(text: str) -> list[Draft]:
    """The drafts that `to_json` wrote.

    Raises:
        ValueError: The text is not of that form.
    """
    try:
        return [
            Draft(_report(data["report"]), str(data["boot_id"]), str(data["machine_boot"])) for data in json.loads(text)
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"expected drafts as JSON, got {text[:60]!r}") from error


def restamped(report: IntervalReport, offset_s: float) -> IntervalReport:
    """The report at the time that it really was of, now that UTC is known.

    Its ends move to the nearest boundaries, so that a row stays aligned and is off by half an interval at most.

    Args:
        report: Made while UTC was not known to be right.
        offset_s: UTC minus the clock of `report.end_mono_s`.

    >>> report = IntervalReport(0, 300, clock="unsynced", end_mono_s=400.0)
    >>> moved = restamped(report, 1_795_392_000.0)
    >>> moved.start_utc_s, moved.end_utc_s, moved.clock
    (1795392000, 1795392300, 'synced')
    """
    interval_s = report.end_utc_s - report.start_utc_s
    end_utc_s = round((report.end_mono_s + offset_s) / interval_s) * interval_s
    return replace(report, start_utc_s=end_utc_s - interval_s, end_utc_s=end_utc_s, clock="synced")


def missed(since_utc_s: int, report: IntervalReport, at_most: int) -> list[IntervalReport]:
    """Reports of the time between `since_utc_s` and `report`, in which nobody watched; the newest `at_most`.

    >>> first = IntervalReport(900, 1200, {"door": LineFacts(in_=3)}, observed_s=300.0, frames=3000)
    >>> [(gap.start_utc_s, gap.observed_s, gap.lines["door"].in_) for gap in missed(290, first, 10)]
    [(300, 0.0, 0), (600, 0.0, 0)]
    >>> [gap.start_utc_s for gap in missed(-10**9, first, 1)]
    [600]
    """
    interval_s = report.end_utc_s - report.start_utc_s
    first = max(-(-since_utc_s // interval_s) * interval_s, report.start_utc_s - at_most * interval_s)
    empty = IntervalReport(
        start_utc_s=0,
        end_utc_s=0,
        lines={name: LineFacts() for name in report.lines},
        zones={name: ZoneFacts() for name in report.zones},
        status="no_frames",
        config_id=report.config_id,
    )
    return [
        replace(empty, start_utc_s=start, end_utc_s=start + interval_s)
        for start in range(first, report.start_utc_s, interval_s)
    ]


def _report(data: dict[str, Any]) -> IntervalReport:
    lines = {name: record(LineFacts, facts) for name, facts in data["lines"].items()}
    zones = {
        name: record(ZoneFacts, {**facts, "histogram": tuple(facts["histogram"])})
        for name, facts in data["zones"].items()
    }
    return record(IntervalReport, {**data, "lines": lines, "zones": zones})
