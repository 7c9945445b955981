"""`edge schema`: what it prints, what docs/schema/ holds, and what its schemas refuse."""

from __future__ import annotations

import json

import jsonschema
import pytest

from edge.commands.schema import schemas
from edge.config import parse
from tests.commands import CONFIG, ROOT, edge
from tests.core.test_message import SAMPLES

FOLDER = ROOT / "docs" / "schema"
OF_TRAFFIC = {"asyncapi.json", "online.schema.json"}
"""`traffic schema` writes them, for edge knows nothing of the online shop."""
REMEDY = "write them again: edge schema --write docs/schema"
FILES = {"LineRow": "line", "ZoneRow": "zone", "OccupancyRow": "occupancy", "TotalRow": "total", "Info": "info",
         "Health": "health", "DeviceStatus": "status", "ReplayRequest": "replay", "ReplayAnswer": "answer"}  # fmt: skip


def test_the_documents_are_those_of_the_models(tmp_path, capsys):
    assert edge(capsys, "schema", "--write", tmp_path / "new").code == 0
    written = {path.name: path.read_text() for path in (tmp_path / "new").iterdir()}
    committed = {path.name: path.read_text() for path in FOLDER.iterdir() if path.name not in OF_TRAFFIC}
    assert committed.keys() == written.keys(), REMEDY
    for name, text in written.items():
        assert committed[name] == text, f"docs/schema/{name} is stale; {REMEDY}"


def test_printed_they_are_one_json_object(capsys):
    outcome = edge(capsys, "schema")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json() == schemas()


@pytest.mark.parametrize("name", schemas())
def test_each_is_a_json_schema(name):
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


@pytest.mark.parametrize(("model", "sample"), SAMPLES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_reader_in_another_language_can_tell_a_payload_from_anything_else(model, sample):
    validator = jsonschema.Draft202012Validator(schemas()[f"{FILES[model.__name__]}.schema.json"])
    payload = json.loads(model.model_validate(sample).wire())
    validator.validate(payload)
    for wrong in ({"track": 7}, {"boot_id": "Mrs. Miller"}, {"schema": 2}):
        assert not validator.is_valid({**payload, **wrong})
    for key in payload:
        assert not validator.is_valid({other: value for other, value in payload.items() if other != key}), key


def test_the_schema_of_the_configuration_accepts_what_the_service_accepts():
    validator = jsonschema.Draft202012Validator(schemas()["config.schema.json"])
    validator.validate(json.loads(parse(CONFIG).model_dump_json(exclude_defaults=True)))
    assert not validator.is_valid({"site": "shop"})


def test_a_folder_that_cannot_be_made_is_named(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    edge(capsys, "schema", "--write", tmp_path / "file" / "x").failed(1, "expected a folder to write into", "file")
