"""The contract: the AsyncAPI document is that of the models, and what was sent once can be read for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from analytics.asyncapi import CHANNELS, document
from analytics.commands.schema import schemas
from analytics.validate import Accepted, validate
from edge.core import message
from edge.core.message import Payload
from tests.analytics.shop import NOW_S

ROOT = Path(__file__).parents[2]
RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))
DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "schema" / "asyncapi.json").read_text())


def recorded() -> list[tuple[str, dict[str, Any]]]:
    """Every recorded message: where it was found, and topic and payload."""
    return [(path.name, entry) for path in RECORDED for entry in json.loads(path.read_text())]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_the_documents_are_those_of_the_models():
    for name, schema in schemas().items():
        committed = json.loads((ROOT / "docs" / "schema" / name).read_text())
        assert committed == schema, f"docs/schema/{name} is stale; write it again: traffic schema --write docs/schema"


def test_every_reference_leads_somewhere():
    found = set(references(DOCUMENT))
    assert len(found) > 30
    for reference in found:
        part: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def test_every_payload_of_the_wire_has_a_channel():
    models = {kind for kind in vars(message).values() if isinstance(kind, type) and issubclass(kind, Payload)}
    parts = {Payload, message.Row, message.LineInfo, message.ZoneInfo, message.SeqRange}
    assert models - parts <= {channel.model for channel in CHANNELS}


def test_all_payloads_are_closed():
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema["additionalProperties"] is False, name


@pytest.mark.parametrize(
    ("file", "entry"), recorded(), ids=lambda value: value if isinstance(value, str) else value["topic"]
)
def test_what_was_recorded_can_still_be_read(file, entry):
    payload = json.dumps(entry["payload"])
    kind = entry["kind"]
    model = next(channel.model for channel in CHANNELS if channel.name == kind)
    sent_now = json.loads(model.model_validate_json(payload).wire())
    assert {key: sent_now[key] for key in entry["payload"]} == entry["payload"]
    if kind not in {"health", "replay"}:  # these no reader stores
        assert isinstance(validate(entry["topic"], payload.encode(), NOW_S), Accepted)
    schema = {"$ref": f"#/components/schemas/{model.__name__}", "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(sent_now)


def test_there_is_a_recording_of_every_channel_and_version():
    versions = {f"v{version}" for version in range(1, message.SCHEMA_VERSION + 1)}
    assert {path.name.split("-")[0] for path in RECORDED} == versions
    for version in versions:
        kinds = {entry["kind"] for file, entry in recorded() if file.startswith(f"{version}-")}
        assert kinds >= {channel.name for channel in CHANNELS}


def test_another_version_is_another_document():
    assert document("9.9.9")["info"]["version"] == "9.9.9"
