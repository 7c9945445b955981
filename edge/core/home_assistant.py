"""What Home Assistant has to know to show a device by itself: one retained message, which names topics and templates.

The format is that of MQTT device discovery (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery, since
2024.11). It carries names and no count; the counts are read from the topics of message.py, which know nothing of this.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args

from edge.core.message import Health, Message, topic

_PREFIX = "homeassistant"
_LATE_S = 600
"""A row older than two intervals and this is one that was sent again: it does not say how things are now."""


def discovery(
    site: str, device: str, *, lines: Sequence[str], zones: Sequence[str], software: str, interval_s: int, health_s: int
) -> Message:
    """The message that makes a device of the box, with a sensor for each thing that it counts."""
    status, health = topic(site, device, "status"), topic(site, device, "health")
    state = {"state_topic": status, "value_template": "{{ value_json.state }}"}
    there = {"availability_topic": status, "availability_template": "{{ value_json.state }}"}
    recent = {"expire_after": 3 * interval_s + _LATE_S, "state_class": "measurement"}
    sensors: dict[str, dict[str, Any]] = {
        "connected": {"platform": "binary_sensor", "name": "Connected", "device_class": "connectivity",
                      "payload_on": "online", "payload_off": "offline", "entity_category": "diagnostic", **state},
        "camera": {"platform": "sensor", "name": "Camera", "device_class": "enum", "entity_category": "diagnostic",
                   "options": list(get_args(Health.model_fields["camera"].annotation)), "state_topic": health,
                   "value_template": "{{ value_json.camera }}", "expire_after": 3 * health_s, **there},
        "occupancy": {"platform": "sensor", "name": "Occupancy", "unit_of_measurement": "people",
                      "state_topic": topic(site, device, "occupancy"), "value_template": _now("occ", interval_s),
                      **recent, **there},
    }  # fmt: skip
    for line in lines:
        for way in ("in", "out"):
            sensors[f"{line}_{way}"] = {
                "platform": "sensor", "name": f"{line} {way}", "unit_of_measurement": "people",
                "state_topic": topic(site, device, "total", line), "value_template": f"{{{{ value_json['{way}'] }}}}",
                "state_class": "total_increasing", **there,
            }  # fmt: skip
    for zone in zones:
        sensors[f"{zone}_visits"] = {
            "platform": "sensor", "name": f"{zone} visits", "unit_of_measurement": "visits",
            "state_topic": topic(site, device, "zone", zone), "value_template": _now("entered", interval_s),
            **recent, **there,
        }  # fmt: skip
    own = f"{site}/{device}"
    payload = {
        "device": {"identifiers": [own], "name": f"{site} {device}", "sw_version": software, "model": "People counter"},
        "origin": {"name": "edge-people-counter", "sw_version": software},
        "components": {name: {"unique_id": f"{own}/{name}", **sensor} for name, sensor in sensors.items()},
    }
    return Message(f"{_PREFIX}/device/{own}/config", json.dumps(payload).encode(), retain=True)


def changes(wanted: Message | None, retained: Sequence[Message]) -> list[Message]:
    """What has to be published so that of all discovery messages the broker keeps the wanted one alone.

    Args:
        wanted: None: Home Assistant is to forget the device.
        retained: What the broker has been given to keep so far, the newest of each topic.

    >>> old, new = (Message(f"homeassistant/device/shop/{box}/config", b'{"components": {}}') for box in "ab")
    >>> [(change.topic, change.payload) for change in changes(new, [old])]
    [('homeassistant/device/shop/b/config', b'{"components": {}}'), ('homeassistant/device/shop/a/config', b'')]
    >>> changes(new, [new]), [change.payload for change in changes(None, [new])]
    ([], [b''])
    """
    known = {message.topic: message.payload for message in retained if message.topic.startswith(f"{_PREFIX}/")}
    stale = [where for where, payload in known.items() if payload and (wanted is None or where != wanted.topic)]
    forget = [Message(where, b"", retain=True) for where in stale]
    if wanted is None or known.get(wanted.topic) == wanted.payload:
        return forget
    return [*_without_gone(wanted, known.get(wanted.topic, b"")), wanted, *forget]


def _without_gone(wanted: Message, before: bytes) -> list[Message]:
    """A sensor is only gone for Home Assistant when a message has named it with nothing but its platform."""
    known = json.loads(before)["components"] if before else {}
    payload = json.loads(wanted.payload)
    gone = {name: {"platform": sensor["platform"]} for name, sensor in known.items()}
    if known.keys() <= payload["components"].keys():
        return []
    payload["components"] = gone | payload["components"]
    return [Message(wanted.topic, json.dumps(payload).encode(), retain=True)]


def _now(field: str, interval_s: int) -> str:
    """The field of a row that is not an old one sent again; of that one nothing, which leaves the sensor as it is."""
    since = f"as_timestamp(now()) - {2 * interval_s + _LATE_S}"
    return f"{{{{ value_json['{field}'] if as_timestamp(value_json['end']) > {since} else '' }}}}"
