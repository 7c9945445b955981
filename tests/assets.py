"""Where the optional development assets lie: a real clip with its truth, a pretrained YOLO. Users do not have them."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EDGE_TEST_ASSETS", Path(__file__).parents[2] / "shared" / "assets"))


def asset(relative: str) -> Path:
    """The path of an asset; skips the test when the assets are not on this machine."""
    path = ROOT / relative
    if not path.exists():
        pytest.skip(f"development asset {relative} is not here (EDGE_TEST_ASSETS names its folder)")
    return path
