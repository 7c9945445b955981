import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge.config import SecretRef, effective, json_schema, parse
from edge.config.counting import Line, Tracker, Zone
from edge.config.parse import _PATTERNS
from edge.config.section import Section
from edge.config.yaml import read
from edge.core.rules import LineRule, TrackerRule, ZoneRule

EXAMPLE = (Path(__file__).parent.parent / "config.yaml").read_text()
LINE = "{name: door, points: [[0.1, 0.6], [0.9, 0.6]], inside: [0.5, 0.9]}"
SMALL = f"""\
site: shop-1
device: box
cameras:
  - name: entrance
    source: /dev/video0
    model: person-n
    lines: [{LINE}]
    zones: [{{name: beauty, polygon: [[0.4, 0.7], [0.7, 0.7], [0.7, 1.0], [0.4, 1.0]]}}]
"""


def test_the_example_loads_and_says_what_its_comments_say() -> None:
    config = parse(EXAMPLE)
    assert (config.site, config.device, config.interval_s) == ("hangzhou-1", "entrance-box", 300)
    (camera,) = config.cameras
    assert (camera.name, camera.model, camera.detect_fps) == ("entrance", "person-n", 10.0)
    assert camera.line_rules() == (LineRule("door", ((0.1, 0.6), (0.9, 0.6)), (0.5, 0.9)),)
    assert camera.zone_rules() == (ZoneRule("beauty", ((0.4, 0.7), (0.7, 0.7), (0.7, 1.0), (0.4, 1.0))),)
    assert camera.tracker_rule() == TrackerRule()
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.protocol, config.mqtt.tls) == ("localhost", 1883, "5", None)


def test_the_commented_settings_of_the_example_are_the_defaults() -> None:
    """A reader may uncomment any key with a value in it and nothing changes."""
    keys = (
        "business_day_start detect_fps threads anchor uturn_s enter_s exit_s return_s stop_s engaged_s max_s protocol"
    )
    uncommented = EXAMPLE
    for key in keys.split():
        assert f"# {key}: " in uncommented
        uncommented = uncommented.replace(f"# {key}: ", f"{key}: ")
    for key in ("outbox", "  retain_h", "  max_mb", "privacy", "  min_count", "health_s", "log_level"):
        assert f"# {key}:" in uncommented
        uncommented = uncommented.replace(f"# {key}:", f"{key}:")
    assert parse(uncommented) == parse(EXAMPLE)


@pytest.mark.parametrize(("section", "rule"), [(Line, LineRule), (Zone, ZoneRule), (Tracker, TrackerRule)])
def test_sections_have_the_fields_and_defaults_of_the_rules(section: type[Section], rule: type) -> None:
    assert [field.name for field in fields(rule)] == list(section.model_fields)
    for field in fields(rule):
        ours = section.model_fields[field.name]
        assert ours.is_required() or ours.default == field.default


def test_every_rule_field_reaches_the_core() -> None:
    line = {"name": "a", "points": [[0, 0], [1, 0.5], [1, 1]], "inside": [0, 1], "anchor": "head", "band": 0.2}
    line |= {"settle_s": 1, "lost_s": 4, "rejoin_s": 5, "uturn_s": 6, "min_obs": 7}
    zone = {"name": "b", "polygon": [[0, 0], [1, 0], [0, 1]], "band": 0.3, "enter_s": 1, "exit_s": 4, "lost_s": 5}
    zone |= {"return_s": 6, "stitch_s": 7, "stop_s": 8, "engaged_s": 9, "max_s": 10}
    tracker = {"high_score": 0.6, "low_score": 0.2, "lost_s": 1.5}
    camera = {"name": "c", "source": "x", "model": "y", "lines": [line], "zones": [zone], "tracker": tracker}
    (parsed,) = parse(json.dumps({"site": "s", "device": "d", "cameras": [camera]})).cameras
    assert parsed.line_rules() == (
        LineRule("a", ((0, 0), (1, 0.5), (1, 1)), (0, 1), "head", 0.2, 1.0, 4.0, 5.0, 6.0, 7),
    )
    assert parsed.zone_rules() == (
        ZoneRule("b", ((0, 0), (1, 0), (0, 1)), 0.3, 1.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0),
    )
    assert parsed.tracker_rule() == TrackerRule(0.6, 0.2, 1.5)


def test_words_of_other_yaml_versions_stay_text() -> None:
    tree, _ = read("[NO, 22:22, 0x10, 1_000, 012, 1e3, 3.1.1, ~, 'true', True, -.inf]")
    assert tree.plain() == ("NO", "22:22", "0x10", "1_000", 12, 1000.0, "3.1.1", None, "true", True, float("-inf"))


@pytest.mark.parametrize("protocol", ["5", "'5'", '"5"'])
def test_protocol_5_may_stand_without_quotes(protocol: str) -> None:
    assert parse(SMALL + f"mqtt: {{protocol: {protocol}}}").mqtt.protocol == "5"


def test_tls_may_be_switched_on_or_described() -> None:
    on = parse(SMALL + "mqtt: {tls: true}").mqtt.tls
    assert on is not None
    assert on.ca_file is None
    assert parse(SMALL + "mqtt: {tls: false}").mqtt.tls is None
    described = parse(SMALL + "mqtt: {tls: {ca_file: /ca.pem}}").mqtt.tls
    assert described is not None
    assert described.ca_file == "/ca.pem"


def test_an_alias_repeats_a_value() -> None:
    text = SMALL.replace("model: person-n", "model: person-n\n    tracker: &t {lost_s: 1}")
    text += (
        text[text.index("  - name") :]
        .replace("entrance", "back\n    device: box-back")
        .replace("door", "gate")
        .replace("beauty", "toys")
        .replace("&t {lost_s: 1}", "*t")
    )
    config = parse(text)
    assert [camera.tracker.lost_s for camera in config.cameras] == [1.0, 1.0]
    assert [config.device_of(camera) for camera in config.cameras] == ["box", "box-back"]


def test_effective_marks_what_differs_from_the_defaults() -> None:
    config = parse(SMALL + "health_s: 30\nmqtt: {port: 8883, tls: true}\nprivacy: {min_count: 7}")
    settings_by_path = {setting.path: setting for setting in effective(config)}
    differing = [path for path, setting in settings_by_path.items() if not setting.is_default]
    assert differing == [
        "site", "device", "cameras[0].name", "cameras[0].source", "cameras[0].model", "cameras[0].lines[0].name",
        "cameras[0].lines[0].points", "cameras[0].lines[0].inside", "cameras[0].zones[0].name",
        "cameras[0].zones[0].polygon", "mqtt.port", "mqtt.tls", "privacy.min_count",
    ]  # fmt: skip
    assert settings_by_path["health_s"].value == 30
    assert settings_by_path["mqtt.tls"].value is True
    assert settings_by_path["cameras[0].lines[0].band"] == ("cameras[0].lines[0].band", LineRule.band, True, False)


def test_the_hash_follows_the_meaning_not_the_text() -> None:
    config = parse(SMALL)
    assert len(config.config_id) == 16
    assert int(config.config_id, 16) >= 0
    assert parse(SMALL + "interval_s: 300  # the default\n").config_id == config.config_id
    assert parse(SMALL.replace("1.0", "1")).config_id == config.config_id
    assert parse(SMALL + "interval_s: 600\n").config_id != config.config_id
    assert parse(SMALL.replace("[0.5, 0.9]", "[0.5, 0.3]")).config_id != config.config_id


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(SMALL).site = "other"  # type: ignore[misc]


def test_the_schema_describes_every_key_with_unit_range_and_default() -> None:
    schema = json_schema()
    sections = {"Config": schema, **schema["$defs"]}
    assert {"Camera", "Line", "Zone", "Tracker", "Mqtt", "Tls", "Outbox", "Privacy", "Metrics"} <= set(sections)
    for name, section in sections.items():
        assert section["additionalProperties"] is False, name
        for key, field in section["properties"].items():
            where = f"{name}.{key}"
            described = field if "description" in field else schema["$defs"][field["$ref"].split("/")[-1]]
            assert described["description"].endswith("."), where
            needed = key in section.get("required", ()) or where == "Camera.model"  # unless the profile gives it
            assert ("default" in field) != needed or "$ref" in field, where
            number = next((kind for kind in _kinds(field) if kind.get("type") in ("number", "integer")), None)
            if number:
                assert {"minimum", "maximum"} <= set(number), where
                assert "unit" in field or key == "port", where


def _kinds(field: dict[str, Any]) -> list[dict[str, Any]]:
    return [field, *field.get("anyOf", [])]


def test_every_pattern_has_words() -> None:
    schema = json_schema()
    patterns = {
        field["pattern"]
        for section in (schema, *(each for name, each in schema["$defs"].items() if name != "SecretRef"))
        for property_ in section["properties"].values()
        for field in _kinds(property_)
        if "pattern" in field
    }
    assert patterns == set(_PATTERNS)


def test_the_example_fits_the_schema() -> None:
    tree, _ = read(EXAMPLE)
    as_json = json.loads(json.dumps(tree.plain()))
    jsonschema.validate(as_json, json_schema())
    as_json["mqtt"] |= {"protocol": 5, "tls": True}
    jsonschema.validate(as_json, json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json | {"extra": 1}, json_schema())


def test_secret_places_are_exclusive() -> None:
    assert SecretRef(env="A").place() == {"env": "A"}
    with pytest.raises(ValueError, match="secrets never stand in the YAML text"):
        SecretRef()


@pytest.mark.parametrize("ref", ["{env: CAMERA_PW}", "{file: /run/secrets/x}", "{credential: camera.pw}"])
def test_a_reference_is_taken_and_shown_as_such(ref: str) -> None:
    config = parse(SMALL.replace("model: person-n", f"model: x\n    username: u\n    password: {ref}"))
    assert str(config.cameras[0].password) == ref
    assert {setting.path: setting.value for setting in effective(config)}["cameras[0].password"] == ref
