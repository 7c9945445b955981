"""`traffic schema`: the wire as an AsyncAPI document, and the JSON Schema of what the online shop sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from analytics.asyncapi import document
from analytics.online import OnlineDay
from edge import __version__
from edge.errors import ConfigError


def schemas() -> dict[str, dict[str, Any]]:
    """JSON by file name."""
    return {
        "asyncapi.json": document(__version__),
        "online.schema.json": OnlineDay.model_json_schema(mode="serialization"),
    }


def schema_command(
    write: Annotated[Path | None, typer.Option(help="Write the files into this folder.")] = None,
) -> None:
    """Print the AsyncAPI document of the wire; `edge schema` prints the JSON Schemas of what a box sends."""
    if write is None:
        print(json.dumps(schemas(), indent=2))
        return
    try:
        write.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas().items():
            (write / name).write_text(json.dumps(schema, indent=2) + "\n")
    except OSError as error:
        raise ConfigError(f"{write}: expected a folder to write into, got: {error.strerror}") from error
    print(f"{len(schemas())} files in {write}")
