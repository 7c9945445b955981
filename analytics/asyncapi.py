"""The whole wire as one AsyncAPI 3 document, from the models: channels, operations, payloads. It writes nothing.

The document speaks of the box: what it sends and receives; and of the online shop, which sends to the same readers.
Source: the AsyncAPI Specification 3.0.0 and the MQTT bindings 0.2.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from analytics.online import OnlineDay
from edge.core import message
from edge.core.message import NAME_PATTERN, SCHEMA_VERSION, Payload

_BINDING = "0.2.0"
_BOX = f"traffic/v{SCHEMA_VERSION}/{{site}}/{{device}}"
_PARAMETERS = {
    "site": "The shop.",
    "device": "The box.",
    "line": "A line that people cross.",
    "zone": "A zone where people stay.",
    "reader": "Who asked; a name of the reader's choice.",
}


@dataclass(frozen=True)
class Channel:
    """A topic of the wire.

    Attributes:
        name: Of the channel and its message.
        address: The topic, its parameters in braces.
        model: Of the payload.
        action: What the box does: `send` or `receive`.
        qos: Of MQTT.
        retain: Whether the broker keeps the newest.
        says: One line.
    """

    name: str
    address: str
    model: type[Payload]
    action: Literal["send", "receive"] = "send"
    qos: int = 1
    retain: bool = False
    says: str = ""


CHANNELS = (
    Channel("line", f"{_BOX}/line/{{line}}", message.LineRow, says="One row an interval, also when nobody came."),
    Channel("zone", f"{_BOX}/zone/{{zone}}", message.ZoneRow, says="One row an interval, also when nobody came."),
    Channel("occupancy", f"{_BOX}/occupancy", message.OccupancyRow, says="One row an interval."),
    Channel("total", f"{_BOX}/total/{{line}}", message.TotalRow, retain=True, says="With every row of the line."),
    Channel("status", f"{_BOX}/status", message.DeviceStatus, retain=True, says="At every connection; the last will."),
    Channel("info", f"{_BOX}/info", message.Info, retain=True, says="At every connection and change."),
    Channel("health", f"{_BOX}/health", message.Health, qos=0, says="Every 30 s; expires."),
    Channel("replay", f"{_BOX}/cmd/replay", message.ReplayRequest, "receive", says="Rows are asked for again."),
    Channel("answer", f"{_BOX}/answer/{{reader}}", message.ReplayAnswer, says="What became of a request."),
    Channel("online", f"traffic/v{SCHEMA_VERSION}/{{site}}/online/{{zone}}", OnlineDay, says="From the online shop."),
)


def document(version: str) -> dict[str, Any]:
    """The document, ready for JSON.

    Args:
        version: Of this software.
    """
    models = {channel.model for channel in CHANNELS}
    _, schemas = models_json_schema(
        [(model, "serialization") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "People counting: counts of visitors and their dwell",
            "version": version,
            "description": "Anonymous counts over intervals, over MQTT. Every row has a key (site, device, epoch, "
            "series, seq), may come more than once and never changes; seq has no gaps. Times are UTC.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {f"{channel.action}-{channel.name}": _operation(channel) for channel in CHANNELS},
        "components": {
            "messages": {channel.name: _message(channel) for channel in CHANNELS},
            "schemas": schemas["$defs"],
            "parameters": {name: {"description": f"{says} {NAME_PATTERN}"} for name, says in _PARAMETERS.items()},
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", channel.address)
    return {
        "address": channel.address,
        "description": channel.says,
        "messages": {channel.name: {"$ref": f"#/components/messages/{channel.name}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in names},
    }


def _operation(channel: Channel) -> dict[str, Any]:
    reply = {
        "address": {
            "description": "The response topic of MQTT 5; it has to be of this form.",
            "location": "$message.header#/responseTopic",
        },
        "channel": {"$ref": "#/channels/answer"},
        "messages": [{"$ref": "#/channels/answer/messages/answer"}],
    }
    return {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{channel.name}"}],
        "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retain, "bindingVersion": _BINDING}},
        **({"reply": reply} if channel.name == "replay" else {}),
    }


def _message(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{channel.model.__name__}"},
        "bindings": {"mqtt": {"bindingVersion": _BINDING}},
    }
