"""`edge schema`: the contracts as JSON Schema, generated from the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from edge.config import json_schema
from edge.core import message
from edge.errors import EdgeError


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema by file name: one for every payload of the wire, one for config.yaml."""
    payloads: dict[str, type[message.Payload]] = {
        "line": message.LineRow,
        "zone": message.ZoneRow,
        "occupancy": message.OccupancyRow,
        "total": message.TotalRow,
        "status": message.DeviceStatus,
        "info": message.Info,
        "health": message.Health,
        "replay": message.ReplayRequest,
        "answer": message.ReplayAnswer,
    }
    found = {f"{name}.schema.json": model.model_json_schema(mode="serialization") for name, model in payloads.items()}
    return {**found, "config.schema.json": json_schema()}


def schema_command(
    write: Annotated[Path | None, typer.Option(help="Write a file for each into this folder.")] = None,
) -> None:
    """Print the JSON Schemas of the messages and of config.yaml."""
    if write is None:
        print(json.dumps(schemas(), indent=2))
        return
    try:
        write.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas().items():
            (write / name).write_text(json.dumps(schema, indent=2) + "\n")
    except OSError as error:
        raise EdgeError(f"{write}: expected a folder to write into, got: {error.strerror}") from error
    print(f"{len(schemas())} schemas in {write}")
