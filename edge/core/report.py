"""What one interval says: the facts per line, per zone and for the site, before they become messages.

Everything is additive over intervals except `peak`, so that an analyst may sum rows to hours, days and stores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

CameraState = Literal[
    "connecting", "streaming", "stalled", "frozen", "dark", "covered", "moved", "unauthorised", "not_found", "gone"
]
Status = Literal[
    "ok", "no_frames",
    "connecting", "stalled", "frozen", "dark", "covered", "moved", "unauthorised", "not_found", "gone",
]  # fmt: skip
"""`ok`, or the trouble of the camera that took most of an interval; `no_frames`: nobody looked."""
Clock = Literal["synced", "unsynced"]

HISTOGRAM_EDGES_S = (0.0, 3.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Lower edges of the dwell bins; the last bin is open. Fixed, so that histograms merge over intervals and stores."""


@dataclass(frozen=True)
class LineFacts:
    """Counts of one line in one interval; `in_`/`out` are settled, the raw ones count every crossing."""

    in_: int = 0
    out: int = 0
    in_raw: int = 0
    out_raw: int = 0
    uturns: int = 0
    rejoined: int = 0
    born_past_line: int = 0
    died_at_line: int = 0
    static: int = 0
    staff_in: int = 0
    staff_out: int = 0
    shopper_units: int = 0


@dataclass(frozen=True)
class ZoneFacts:
    """Visits of one zone in one interval; a visit counts where it ended, presence where it happened.

    Attributes:
        entered: Visits opened.
        pass_, stop, engaged: Visits ended, by class of duration.
        left, lost, capped: The same visits, by how they ended.
        left_s: Sum of the durations of those that left; the mean dwell is left_s / left.
        histogram: Ended visits per bin of `HISTOGRAM_EDGES_S`.
        presence_s: Person-seconds inside.
        peak: Most people inside at once.
        stitched: Visits continued over a change of track.
    """

    entered: int = 0
    pass_: int = 0
    stop: int = 0
    engaged: int = 0
    left: int = 0
    lost: int = 0
    capped: int = 0
    left_s: float = 0.0
    histogram: tuple[int, ...] = (0,) * len(HISTOGRAM_EDGES_S)
    presence_s: float = 0.0
    peak: int = 0
    stitched: int = 0


@dataclass(frozen=True)
class IntervalReport:
    """One closed interval, [start_utc_s, end_utc_s) aligned to the UTC epoch.

    Attributes:
        start_utc_s, end_utc_s: Seconds since the UTC epoch.
        lines, zones: Facts by name, ALSO when nothing happened.
        observed_s: Seconds really watched: "no visitors" and "camera down" are different rows.
        frames: Pictures that were looked at.
        dropped: Pictures that a live source delivered while the service was busy.
        status: What kept the camera from watching as it should, if anything did.
        clock: Whether UTC was known to be right.
        config_id: Hash of the configuration that counted.
        births, deaths: Tracks that began or ended in the interior, where nobody comes from nowhere.
        end_mono_s: The end on the camera's clock, which tells when it was once UTC is known to be right.
    """

    start_utc_s: int
    end_utc_s: int
    lines: dict[str, LineFacts] = field(default_factory=dict)
    zones: dict[str, ZoneFacts] = field(default_factory=dict)
    observed_s: float = 0.0
    frames: int = 0
    dropped: int = 0
    status: Status = "ok"
    clock: Clock = "synced"
    config_id: str = ""
    births: int = 0
    deaths: int = 0
    end_mono_s: float = 0.0
