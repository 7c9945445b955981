"""Messages of a small shop, as its box would send them: rows of three series and the register of its line."""

from __future__ import annotations

from typing import Any

from analytics.validate import Accepted, Refused, validate
from edge.core.message import LineRow, OccupancyRow, Payload, TotalRow, ZoneRow, topic, utc_text

EPOCH = "0123456789abcdef"
START_S = 1_763_942_400  # 2025-11-24T00:00:00Z
NOW_S = START_S + 86_400
Sent = tuple[str, bytes]
"""Topic and payload."""


def line(seq: int, *, site: str = "berlin-1", epoch: str = EPOCH, **more: Any) -> LineRow:
    facts = {"in": seq, "out": 1, "in_raw": seq + 1, "out_raw": 2, "uturns": 1, "rejoined": 0, "born_past_line": 0,
             "died_at_line": 0, "static": 0, "staff_in": 2, "staff_out": 2, "shopper_units": seq}  # fmt: skip
    return LineRow.model_validate({**_head("line/door", seq, site, epoch), "line": "door", **facts, **_named(more)})


def zone(seq: int, *, site: str = "berlin-1", epoch: str = EPOCH, **more: Any) -> ZoneRow:
    facts = {"entered": 4, "pass": 1, "stop": 1, "engaged": 3, "left": 5, "lost": 0, "capped": 0, "left_s": 83.5,
             "histogram": [1, 0, 1, 2, 1, 0, 0, 0], "presence_s": 63.5, "peak": 3, "stitched": 0}  # fmt: skip
    return ZoneRow.model_validate({**_head("zone/shoes", seq, site, epoch), "zone": "shoes", **facts, **_named(more)})


def occupancy(seq: int, *, site: str = "berlin-1", epoch: str = EPOCH, **more: Any) -> OccupancyRow:
    facts = {"business_day": "2025-11-24", "occ_raw": 5, "occ": 5, "clamped": False, "drift": None, "balance": None,
             "births": 0, "deaths": 0}  # fmt: skip
    return OccupancyRow.model_validate({**_head("occupancy", seq, site, epoch), **facts, **_named(more)})


def total(seq: int, *, site: str = "berlin-1", epoch: str = EPOCH, **more: Any) -> TotalRow:
    """The register after `line(1)` to `line(seq)`."""
    ins = seq * (seq + 1) // 2
    head = {key: value for key, value in _head("line/door", seq, site, epoch).items() if key in TotalRow.model_fields}
    facts = {"line": "door", "in": ins, "out": seq, "in_raw": ins + seq, "out_raw": 2 * seq, "uturns": seq}
    return TotalRow.model_validate({**head, **facts, **_named(more)})


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    """With the names of the wire: `in_` is what Python can write."""
    return {name.rstrip("_"): value for name, value in fields.items()}


def _head(series: str, seq: int, site: str, epoch: str) -> dict[str, Any]:
    start_s = START_S + 300 * (seq - 1)
    return {
        "site": site, "device": "box", "epoch": epoch, "series": series, "seq": seq, "start": utc_text(start_s),
        "end": utc_text(start_s + 300), "observed_s": 300.0, "frames": 3000, "fps": 10.0, "status": "ok",
        "clock": "synced", "config_id": "00112233445566ff", "boot_id": "ffeeddccbbaa9988",
    }  # fmt: skip


def sent(payload: Payload) -> Sent:
    """As the box publishes it."""
    place = getattr(payload, "series", None) or f"total/{getattr(payload, 'line', '')}"
    return topic(getattr(payload, "site", ""), getattr(payload, "device", ""), *place.split("/")), payload.wire()


def read(*payloads: Payload) -> list[Accepted]:
    """As the reader takes them."""
    found = [validate(*sent(payload), NOW_S) for payload in payloads]
    refused = [message for message in found if isinstance(message, Refused)]
    assert not refused, refused
    return [message for message in found if isinstance(message, Accepted)]
