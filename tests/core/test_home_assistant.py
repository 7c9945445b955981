"""Discovery: every topic and field that it names is one that the box publishes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from edge.core.home_assistant import changes, discovery
from edge.core.message import DeviceStatus, Health, Message, OccupancyRow, Payload, TotalRow, ZoneRow

MODELS: dict[str, type[Payload]] = {
    "status": DeviceStatus, "health": Health, "occupancy": OccupancyRow, "total": TotalRow, "zone": ZoneRow,
}  # fmt: skip


def box(lines: tuple[str, ...] = ("door", "gate"), zones: tuple[str, ...] = ("table",), device: str = "box") -> Message:
    return discovery(
        "shop", device, lines=lines, zones=zones, software="0.1.0", interval_s=300, health_s=30,
    )  # fmt: skip


def payload(message: Message) -> Any:
    return json.loads(message.payload)


def test_it_is_one_retained_message_of_a_device() -> None:
    message = box()
    assert (message.topic, message.retain, message.qos) == ("homeassistant/device/shop/box/config", True, 1)
    told = payload(message)
    assert told["device"]["identifiers"] == ["shop/box"]
    assert told["origin"] == {"name": "edge-people-counter", "sw_version": "0.1.0"}
    names = {"connected", "camera", "occupancy", "door_in", "door_out", "gate_in", "gate_out", "table_visits"}
    assert set(told["components"]) == names
    assert len({sensor["unique_id"] for sensor in told["components"].values()}) == len(names)


@pytest.mark.parametrize("name", list(payload(box())["components"]))
def test_topics_and_fields_are_those_of_the_wire(name: str) -> None:
    sensor = payload(box())["components"][name]
    for where, template in (("state_topic", "value_template"), ("availability_topic", "availability_template")):
        if where not in sensor:
            assert (name, where) == ("connected", "availability_topic")
            continue
        assert sensor[where].startswith("traffic/v1/shop/box/")
        fields = MODELS[sensor[where].split("/")[4]].model_fields
        known = {field.alias or key for key, field in fields.items()}
        used = {one or other for one, other in re.findall(r"value_json(?:\.(\w+)|\['(\w+)'\])", sensor[template])}
        assert used
        assert used <= known


def test_the_templates_are_closed() -> None:
    for sensor in payload(box())["components"].values():
        for key in sensor.keys() & {"value_template", "availability_template"}:
            assert re.fullmatch(r"\{\{ [^{}]+ \}\}", sensor[key])


def test_the_first_time_it_is_told_and_then_no_more() -> None:
    assert changes(box(), []) == [box()]
    assert changes(box(), [box()]) == []


def test_what_home_assistant_does_not_know_it_need_not_forget() -> None:
    other = Message("traffic/v1/shop/box/total/door", b"{}", retain=True)
    assert changes(None, [other]) == []
    assert changes(None, [other, Message(box().topic, b"", retain=True)]) == []
    assert changes(None, [other, box()]) == [Message(box().topic, b"", retain=True)]
    assert changes(box(), [Message(box().topic, b"", retain=True)]) == [box()]


def test_a_zone_that_goes_is_named_once_with_its_platform_alone() -> None:
    first, then = changes(box(zones=("sofa",)), [box()])
    assert payload(first)["components"]["table_visits"] == {"platform": "sensor"}
    assert payload(first)["components"]["sofa_visits"] == payload(then)["components"]["sofa_visits"]
    assert then == box(zones=("sofa",))
    assert changes(box(zones=("table", "sofa")), [box()]) == [box(zones=("table", "sofa"))], (
        "one that comes is one more"
    )


def test_a_box_that_is_renamed_leaves_nothing_behind() -> None:
    renamed = box(device="new")
    assert changes(renamed, [box()]) == [renamed, Message(box().topic, b"", retain=True)]
