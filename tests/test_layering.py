"""A folder name is an import rule: every import of the tree, lazy ones too, keeps to docs/architecture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("edge", "calibration", "models", "analytics")

RANKS = {
    "edge.errors": 0,
    "edge.core.types": 1,
    "edge.core": 2,
    "edge.core.pipeline": 3,
    "edge.core.interval": 4,  # adds up the steps of the pipeline
    "edge.config": 5,
    "edge.adapters": 6,
    "edge": 7,  # service.py and the modules that it, replay and the commands share
    "edge.demo": 8,
    "edge.commands": 9,
    "edge.cli": 10,
    "edge.__main__": 11,
}
"""Low to high; a module has the rank of its longest prefix and imports nothing higher."""

BESIDE = {
    "calibration": ("calibration", "edge.errors", "edge.core", "edge.config", "edge.adapters"),
    "models": ("models", "edge.errors", "edge.core"),
    "analytics": ("analytics", "edge.core.message", "edge.errors"),
}
"""What the packages beside edge may import of this tree."""

CORE_MAY_IMPORT = {
    "__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools", "itertools", "json", "math",
    "numpy", "re", "typing", "zoneinfo",
}  # fmt: skip
CONFIG_MAY_NOT_IMPORT = {"io", "logging", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "time"}
CLOCKS_AND_FILES = {"now", "open", "read_bytes", "read_text", "today", "utcnow", "write_bytes", "write_text"}
HEAVY = {"torch", "torchvision", "ultralytics"}
MAY_BE_HEAVY = ("edge.adapters.ultralytics_detector", "edge.evaluation.peers", "models.train")
MAY_PRINT = ("edge.cli", "edge.commands", "calibration", "analytics.cli", "analytics.commands")
MAY_IMPORT_THE_TOP = (
    "edge.service", "edge.commands", "edge.cli", "edge.__main__",
    "analytics.commands", "analytics.cli", "analytics.__main__",
)  # fmt: skip


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for package in PACKAGES for path in (ROOT / package).rglob("*.py")}


def top(module: str) -> str:
    return module.partition(".")[0]


def below(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def rank(module: str) -> int:
    return RANKS[max((prefix for prefix in RANKS if below(module, (prefix,))), key=len)]


def imports(tree: ast.AST) -> Iterator[str]:
    """Full names of the imported modules, wherever in the file the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
        elif isinstance(node, ast.Call) and called(node) in ("import_module", "__import__"):
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def called(node: ast.Call) -> str:
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def breaches(module: str, source: str) -> list[str]:
    """What in the source of `module` is against the rules."""
    tree = ast.parse(source)
    found = [f"{module} imports {target}: {why}" for target in imports(tree) if (why := objection(module, target))]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "print" and not below(module, MAY_PRINT):
            found.append(f"{module} prints on line {node.lineno}: only the command line does")
        if below(module, ("edge.core", "edge.config")) and called(node) in CLOCKS_AND_FILES:
            found.append(f"{module} calls {called(node)}() on line {node.lineno}: no clock and no file in here")
    return found


def objection(module: str, target: str) -> str:
    """Why `module` may not import `target`; empty if it may."""
    if target.startswith("."):
        return "imports are absolute"
    if top(target) not in PACKAGES:
        return objection_to_library(module, top(target))
    if target == "edge":
        return ""  # the version alone
    if top(module) in BESIDE:
        if below(target, ("analytics.cli", "analytics.commands")) and not below(module, MAY_IMPORT_THE_TOP):
            return "only the command line does"
        allowed = BESIDE[top(module)]
        return "" if below(target, allowed) else f"{top(module)} may import {', '.join(allowed)}"
    return objection_within_edge(module, target)


def objection_within_edge(module: str, target: str) -> str:
    if top(target) != "edge":
        return "edge stands on its own"
    if below(target, ("edge.service", "edge.cli")) and not below(module, MAY_IMPORT_THE_TOP):
        return "only the command line does"
    if rank(target) > rank(module):
        return "it stands higher"
    if below(module, ("edge.adapters",)) and below(target, ("edge.adapters",)):
        same = module.split(".")[2:3] == target.split(".")[2:3]
        return "" if same else "adapters never import each other"
    return ""


def objection_to_library(module: str, library: str) -> str:
    if library in HEAVY and not below(module, MAY_BE_HEAVY):
        return "the service does without it"
    if below(module, ("edge.core",)) and library not in CORE_MAY_IMPORT:
        return "" if (module, library) == ("edge.core.message", "pydantic") else "core is pure"
    if below(module, ("edge.config",)) and library in CONFIG_MAY_NOT_IMPORT:
        return "config reads no file"
    return ""


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_keeps_to_its_layer(module: str) -> None:
    assert breaches(module, MODULES[module].read_text(encoding="utf-8")) == []


def test_the_walk_sees_the_tree() -> None:
    assert {"edge.errors", "edge.core.message", "edge.config.parse", "edge.adapters.mqtt", "edge.cli"} <= set(MODULES)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("edge.errors", "import edge.core.types"),
        ("edge.core.types", "from edge.core import rules"),
        ("edge.core.tracker", "from edge.core.pipeline import Pipeline"),
        ("edge.core.tracker", "from edge.config import Config"),
        ("edge.core.tracker", "def f():\n    import time"),
        ("edge.core.tracker", "if TYPE_CHECKING:\n    from pathlib import Path"),
        ("edge.core.tracker", "import cv2"),
        ("edge.core.tracker", "from pydantic import BaseModel"),
        ("edge.core.tracker", "import importlib"),
        ("edge.core.tracker", "from datetime import datetime\ndatetime.now()"),
        ("edge.core.tracker", "from . import types"),
        ("edge.config.parse", "from edge.adapters import secrets"),
        ("edge.config.parse", "import os"),
        ("edge.config.parse", "open('config.yaml')"),
        ("edge.adapters.mqtt", "from edge.adapters.outbox import Outbox"),
        ("edge.adapters.mqtt", "def f():\n    from edge.adapters import outbox"),
        ("edge.adapters.camera.rtsp", "from edge.adapters import secrets"),
        ("edge.adapters.mqtt", "import edge.service"),
        ("edge.adapters.mqtt", "import torch"),
        ("edge.adapters.detector", "import importlib\nimportlib.import_module('ultralytics')"),
        ("edge.replay", "from edge.service import Service"),
        ("edge.replay", "from edge.commands.replay import replay_command"),
        ("edge.demo.scene", "import edge.cli"),
        ("edge.commands.run", "from edge.cli import main"),
        ("edge.service", "import calibration"),
        ("edge.service", "print('started')"),
        ("calibration.draw", "from edge.service import Service"),
        ("calibration.draw", "from edge.commands.options import load"),
        ("analytics.reader", "from edge.core.rules import LineRule"),
        ("analytics.reader", "from edge.core.report import HISTOGRAM_EDGES_S"),
        ("analytics.reader", "from edge.adapters.mqtt import Broker"),
        ("analytics.ingest", "print('stored')"),
        ("analytics.store", "from analytics.cli import main"),
        ("models.export", "import torch"),
    ],
)
def test_a_breach_is_found(module: str, source: str) -> None:
    assert len(breaches(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("edge.core.message", "from pydantic import BaseModel"),
        ("edge.core.interval", "from edge.core.pipeline import Step"),
        ("edge.adapters.camera.rtsp", "from edge.adapters.camera.live import Live"),
        ("edge.adapters.ultralytics_detector", "import importlib\nimportlib.import_module('ultralytics')"),
        ("edge.cli", "from edge import __version__\nprint(__version__)"),
        ("edge.commands.run", "from edge.service import Service"),
        ("analytics.reader", "from edge.core.message import LineRow\nfrom edge.errors import EdgeError"),
        ("analytics.commands.ingest", "from analytics.store import open_store\nprint('stored')"),
        ("calibration.draw", "from edge.adapters.camera import Camera\nfrom edge.errors import EdgeError"),
        ("models.train", "import torch"),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert breaches(module, source) == []
