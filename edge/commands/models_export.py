"""`edge models export`: a lean network for the box out of somebody's weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from edge.core.model_facts import InputSize
from edge.errors import ModelError


def export_command(
    source: Annotated[Path, typer.Argument(help="Weights of ultralytics (.pt), or an ONNX file: v8 to v11, v26.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the new files; else that of the source.")] = None,
    size: Annotated[
        str | None, typer.Option("--input", help="HEIGHTxWIDTH of the input; else the source's width, at 16:9.")
    ] = None,
    clip: Annotated[
        str | None, typer.Option(help="Video or folder of pictures of your camera: to compare and to calibrate on.")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Make one of 8-bit integers too; needs --clip.")] = False,
    person_class: Annotated[
        int | None, typer.Option(help="Number of the class of people; else the one called so.", min=0)
    ] = None,
    pictures: Annotated[int, typer.Option(help="How many pictures of the clip are used.", min=1)] = 100,
) -> None:
    """Make a lean network: people only, rectangular, fed with bytes, decoded outside; and its twin in 8 bits."""
    if source.suffix not in (".pt", ".onnx"):
        raise ModelError(f"{source}: expected a file ending in .pt or .onnx, got {source.suffix!r}")
    try:
        from edge.export.recipe import Order, export  # noqa: PLC0415 - needs an extra
    except ImportError as error:
        if error.name != "onnx":
            raise
        raise ModelError(
            "edge models export: expected the package onnx, found none; install the extra [export]"
        ) from None
    order = Order(source, out or source.parent, _size(size), person_class, clip, int8, pictures)
    for made in export(order):
        print(made.path)
        if made.agreement is not None:
            print(f"  against {source.name}: {made.agreement}")
            print(f"  {made.ms:.1f} ms a picture on one thread, {made.source_ms:.1f} ms before")
    print("Use it: write the path behind `model:` in config.yaml. The .yaml beside each file belongs to it.")


def _size(text: str | None) -> InputSize | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if not found:
        raise typer.BadParameter(f"expected HEIGHTxWIDTH, as 384x640, got {text!r}")
    try:
        return InputSize(int(found[1]), int(found[2]))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
