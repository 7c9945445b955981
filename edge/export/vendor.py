"""Turns ultralytics' weights (.pt) into ONNX by their own exporter, in a process of its own.

That package is AGPL-3.0 and brings torch: it is never imported here, and needs the extra [ultralytics]. What comes out
is what `yolo export` writes; lean.py goes on from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from edge.core.model_facts import InputSize
from edge.errors import ModelError

_TIMEOUT_S = 900.0
_RUN = "from ultralytics.cfg import entrypoint; entrypoint()"


def export_weights(weights: Path, size: InputSize, folder: Path) -> Path:
    """The ONNX file that ultralytics makes of its weights.

    Args:
        weights: A .pt file; loading one runs what is in it, so take it from people you trust.
        size: Of the input.
        folder: Where files are written.

    Raises:
        ModelError: The package is missing, or cannot export this file.
    """
    copy = folder / weights.name
    try:
        shutil.copyfile(weights, copy)  # the exporter writes beside its source
    except OSError as error:
        raise ModelError(f"{weights}: expected a readable file, got: {error.strerror}") from None
    command = [sys.executable, "-c", _RUN, "export", f"model={copy.name}", "format=onnx"]
    command += [f"imgsz={size.height},{size.width}", "simplify=False"]
    # No reports home, no packages installed behind the user's back, no settings in the home folder.
    quiet = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(folder)}
    try:
        done = subprocess.run(
            command, cwd=folder, env=os.environ | quiet, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{weights}: expected an export within {_TIMEOUT_S:.0f} s, got none") from None
    made = copy.with_suffix(".onnx")
    if done.returncode or not made.is_file():
        last = ([line for line in (done.stderr + done.stdout).splitlines() if line.strip()] or ["no word"])[-1]
        raise ModelError(f"{weights}: expected `yolo export` of the extra [ultralytics] to write ONNX, got: {last}")
    return made
