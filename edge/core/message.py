"""The wire contract: topics, payload models and their schema version.

Every payload model is closed: no extra field, no free string, and no type that could carry a person's id, a box, a
picture or the time of an event. `Message` is what the outbox stores and the broker gets. Analysts' code imports this
module and nothing else of the service. (pydantic is the one library that core may use, and only here.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from edge.core.report import HISTOGRAM_EDGES_S, CameraState, Clock, Status

SCHEMA_VERSION: Literal[1] = 1
NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,64}$")]
Utc = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+([a-z0-9.+-]{0,20})$")]
ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Presence = Literal["online", "offline"]
BrokerState = Literal["off", "connecting", "ok", "no_subscribers", "not_authorised", "refused", "silent"]
BooksState = Literal["ok", "full", "replaced"]
Provider = Literal["cpu", "cuda", "tensorrt", "openvino"]
ReplayProblem = Literal["invalid", "other_epoch", "no_room"]
Series = Annotated[str, StringConstraints(pattern=r"^(line|zone)/[a-z0-9-]{1,63}$|^occupancy$")]
Seq = Annotated[int, Field(ge=1)]
REPLAY_ROWS = 5_000
"""Most rows that one request brings back; who wants more asks on from where the answer ends."""
MISSING_RANGES = 100
"""Most holes that one answer names."""
Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class Payload(BaseModel):
    """Base of every payload: frozen, closed, and written with the names of the wire."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,  # what is always sent may be relied on
        defer_build=True,  # a service counts before it has sent anything
    )

    def wire(self) -> bytes:
        """The payload as UTF-8 JSON, keys in the order of the model."""
        return self.model_dump_json(by_alias=True).encode()


class Row(Payload):
    """What every interval row carries; (device, epoch, series, seq) is its key."""

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    site: Name
    device: Name
    epoch: Hex = Field(description="Random id made with the state database; a new one starts a new run of seq.")
    series: Series
    seq: Annotated[int, Field(ge=1, description="Without gaps in (device, epoch, series).")]
    start: Utc
    end: Utc
    observed_s: Seconds = Field(description="Seconds of the interval that were really watched.")
    frames: Count
    fps: Seconds = Field(description="Pictures looked at per observed second.")
    status: Status
    clock: Clock
    config_id: Hex
    boot_id: Hex


class LineRow(Row):
    """One interval of one line."""

    line: Name
    in_: Count = Field(alias="in", description="Settled: U-turns cancelled. This is the number of visitors.")
    out: Count
    in_raw: Count = Field(description="Every crossing.")
    out_raw: Count
    uturns: Count = Field(description="Pairs of opposite crossings of one track that cancelled.")
    rejoined: Count = Field(description="Crossings counted over a loss of the track at the line.")
    born_past_line: Count = Field(description="Tracks first seen at or beyond the line: possibly missed crossings.")
    died_at_line: Count = Field(description="Tracks lost at the line: possibly missed crossings.")
    static: Count = Field(description="Things that never moved (mannequins, posters); not counted.")
    staff_in: Count = Field(description="Crossings of staff; they are in no other count.")
    staff_out: Count
    shopper_units: Count = Field(description="Settled INs with those who came together counted as one.")


class ZoneRow(Row):
    """One interval of one zone; visits count where they ended, presence where it happened."""

    zone: Name
    entered: Count
    pass_: Count = Field(alias="pass", description="Visits ended that were shorter than a stop.")
    stop: Count
    engaged: Count
    left: Count
    lost: Count = Field(description="Visits whose end was not seen: their duration is a lower bound.")
    capped: Count = Field(description="Longer than any shopper stays: staff or a mannequin.")
    left_s: Seconds = Field(description="Sum of durations of the visits that left; mean dwell = left_s / left.")
    histogram: Annotated[
        tuple[Count, ...], Field(min_length=len(HISTOGRAM_EDGES_S), max_length=len(HISTOGRAM_EDGES_S))
    ] = Field(
        description="Ended visits per bin 0-3-8-15-30-60-120-300-inf s. Visits of intervals with fewer than "
        "privacy.min_count are carried into a later row, so that the sum over a day stays exact."
    )
    presence_s: Seconds = Field(description="Person-seconds inside.")
    peak: Count
    stitched: Count


class OccupancyRow(Row):
    """The site ledger at the end of one interval: sum over the lines of settled in - out since the day began."""

    business_day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
    occ_raw: int | None = Field(description="May be negative; null: unknown after a long gap.")
    occ: Count | None = Field(description="max(0, occ_raw).")
    clamped: bool
    drift: int | None = Field(description="occ_raw of the day that ended, in the first row of a new day, else null.")
    balance: Ratio | None = Field(description="out / in of the day that ended, likewise.")
    churn: Ratio | None = Field(
        default=None,
        description="Births per 100 raw crossings of the day that ended, likewise: ids lost and given anew.",
    )
    births: Count = Field(description="Tracks that began away from every line and edge: people found again.")
    deaths: Count = Field(description="Tracks that ended there: people lost from sight.")


class TotalRow(Payload):
    """Cumulative registers of one line since `epoch`: a second proof of the same books."""

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    site: Name
    device: Name
    epoch: Hex
    line: Name
    seq: Annotated[int, Field(ge=1, description="The registers include rows up to this seq of line/{line}.")]
    end: Utc
    in_: Count = Field(alias="in")
    out: Count
    in_raw: Count
    out_raw: Count
    uturns: Count
    boot_id: Hex


class DeviceStatus(Payload):
    """Whether the device is there; the offline one is the last will, so it names the boot it speaks of."""

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    state: Presence
    boot_id: Hex


class LineInfo(Payload):
    """Name and geometry of a line, fractions of the frame."""

    name: Name
    points: tuple[tuple[Fraction, Fraction], ...]
    inside: tuple[Fraction, Fraction]


class ZoneInfo(Payload):
    """Name and geometry of a zone, fractions of the frame."""

    name: Name
    polygon: tuple[tuple[Fraction, Fraction], ...]


class Info(Payload):
    """What runs on the device."""

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    software: Version
    config_id: Hex
    boot_id: Hex
    camera: Name
    model: ModelName
    model_sha256: Hex | None
    provider: Provider | None = Field(
        default=None, description="What runs the model; null: a recording, or a model of the extra [ultralytics]."
    )
    provider_wanted: Provider | None = Field(default=None, description="What was configured to run it.")
    lines: tuple[LineInfo, ...]
    zones: tuple[ZoneInfo, ...]


class Health(Payload):
    """How the device is, every 30 s; not retained."""

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    boot_id: Hex
    camera: CameraState
    fps: Seconds
    gated: Fraction | None = Field(default=None, description="Share that the motion gate answered, without the model.")
    waited: Fraction | None = Field(default=None, description="Share that was left out: the people there could wait.")
    frame_age_s: Seconds | None
    detector_ms: Seconds | None
    provider: Provider | None = Field(default=None, description="What runs the model, as in info.")
    provider_fallback: bool = Field(
        default=False, description="The configured provider is not there or failed, and the CPU runs the model instead."
    )
    broker: BrokerState = Field(description="What the broker says to what we send.")
    books: BooksState = Field(description="full: no room; replaced: the database was damaged, the epoch is a new one.")
    outbox_depth: Count
    outbox_oldest_s: Seconds | None
    outbox_dropped: Count = Field(description="Rows given up before their time for want of room, in this epoch.")
    intervals_waiting: Count = Field(description="Closed intervals that wait for a right clock, or for room.")
    intervals_dropped: Count = Field(description="Closed intervals given up for want of room, in this run.")
    puback_age_s: Seconds | None
    clock: Clock
    temperature_c: float | None
    throttled: bool | None


class ReplayRequest(Payload):
    """Asks a device to send rows again; with the MQTT v5 response topic `answer_topic(...)` it also answers."""

    model_config = ConfigDict(strict=True)

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    epoch: Hex | None = Field(default=None, description="Of the rows that are missed; null: whatever it is now.")
    series: Series
    from_seq: Seq
    to_seq: Seq = Field(description="Inclusive.")

    @model_validator(mode="after")
    def _in_order(self) -> ReplayRequest:
        if self.to_seq < self.from_seq:
            raise ValueError(f"expected to_seq of at least {self.from_seq}, got {self.to_seq}")
        return self


class SeqRange(Payload):
    """Sequence numbers from first to last, both inclusive."""

    first: Seq
    last: Seq


class ReplayAnswer(Payload):
    """What becomes of a request; sent before the rows, with the correlation data of the request."""

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    epoch: Hex = Field(description="Of the device, now.")
    series: Series | None = Field(description="As asked; null when the request could not be read.")
    from_seq: Seq | None
    to_seq: Seq | None = Field(description=f"How far it went: at most {REPLAY_ROWS} rows; ask on from there.")
    sent: Count = Field(description="Rows that are on their way again, and stay so until the broker acknowledges them.")
    missing: Annotated[tuple[SeqRange, ...], Field(max_length=MISSING_RANGES)] = Field(
        description="What the device does not have any more, or not yet."
    )
    problem: ReplayProblem | None


@dataclass(frozen=True, slots=True)
class Message:
    """One publication.

    Attributes:
        topic: Full topic.
        payload: UTF-8 JSON.
        qos: 0 or 1.
        retain: Whether the broker keeps it for late subscribers.
        series: For rows: the series of the key (`line/door`); empty otherwise.
        seq: For rows: the seq of the key; 0 otherwise.
        expiry_s: MQTT v5 message expiry, or None.
    """

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    series: str = ""
    seq: int = 0
    expiry_s: int | None = None


def topic(site: str, device: str, *parts: str) -> str:
    """The topic of a device.

    >>> topic("hangzhou-1", "entrance-box", "line", "door")
    'traffic/v1/hangzhou-1/entrance-box/line/door'
    """
    return "/".join(("traffic", f"v{SCHEMA_VERSION}", site, device, *parts))


def answer_topic(site: str, device: str, reader: str) -> str:
    """Where a device answers the replay requests of one reader: the only response topics that it accepts.

    >>> answer_topic("hangzhou-1", "entrance-box", "reader-1")
    'traffic/v1/hangzhou-1/entrance-box/answer/reader-1'
    """
    return topic(site, device, "answer", reader)


def utc_text(utc_s: float) -> str:
    """RFC 3339 with Z, whole seconds.

    >>> utc_text(1795392000)
    '2026-11-23T00:00:00Z'
    """
    return datetime.fromtimestamp(int(utc_s), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
