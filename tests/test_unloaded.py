"""What stands in for a module of the standard library keeps it away, and is it as soon as somebody needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_MODEL = "import pydantic\nclass M(pydantic.BaseModel):\n    x: int\nM(x=1)\n"
_LOADED = "print(bool({'email', 'importlib.metadata._adapters'} & set(sys.modules)))\n"
_PLUGINS_OFF = "import os, sys; os.environ['PYDANTIC_DISABLE_PLUGINS'] = '__all__'\n"
_STAND_IN = "from edge import unloaded; unloaded.stand_in()\n"


def told(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_a_model_of_pydantic_does_without_it():
    assert told(_PLUGINS_OFF + _MODEL + _LOADED) == "True\n", "pydantic does without it now, and so can we"
    assert told(_PLUGINS_OFF + _STAND_IN + _MODEL + _LOADED) == "False\n"


@pytest.mark.parametrize(
    "use",
    [
        "from importlib.metadata import version; print(version('pydantic'))",
        "import importlib.metadata; print(importlib.metadata.version('pydantic'))",
        "import importlib.metadata as known; print(known.version('pydantic'))",
        "from importlib.metadata import PackageNotFoundError, version; print(version('pydantic'))",
        "from importlib.metadata import entry_points; print([e.name for e in entry_points(group='console_scripts')])",
        "import importlib.metadata._meta as part; print(part.__name__)",
    ],
)
def test_who_uses_it_finds_it(use):
    assert told(f"import sys\n{_STAND_IN}{_MODEL}{use}") == told(use) != ""


def test_what_is_loaded_stays():
    script = "import importlib.metadata as real\n" + _STAND_IN + "import importlib.metadata as f; print(f is real)"
    assert told(script) == "True\n"
