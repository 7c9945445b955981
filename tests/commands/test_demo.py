"""`edge demo`: the whole path on a machine with nothing but the package."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.commands import ROOT, Outcome, process

DEMO = ROOT / "edge" / "demo"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run with an empty home, in an empty folder without a configuration."""
    home = tmp_path_factory.mktemp("home")
    outcome = process("demo", HOME=str(home), XDG_STATE_HOME="", COLUMNS="200")
    assert not [path for path in home.rglob("*") if path.is_file()], "the demo leaves nothing behind"
    return outcome


def test_it_ends_well_and_complains_of_nothing(demo):
    assert (demo.code, demo.err) == (0, "")


def test_every_count_beside_the_truth_is_right(demo):
    truth = json.loads((DEMO / "shop.truth.json").read_text())
    table = demo.out[demo.out.index("the truth of the script") :]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if line.startswith("│")]
    assert len(rows) == 3 * (len(truth["lines"]) + len(truth["zones"]))
    assert all(row[-1] == "ok" for row in rows)
    door = truth["lines"]["door"]
    assert ["line door", "in", str(door["in"]), str(door["in"]), "ok"] in rows
    assert sum(zone["passes"] for zone in truth["zones"].values()) > 0


def test_it_shows_the_messages_of_every_kind(demo):
    for part in ("status ", "info ", "line/door ", "total/door ", "zone/beauty ", "zone/shoes ", "occupancy "):
        assert f"traffic/v1/demo/demo-box/{part}" in demo.out
    assert demo.out.count("/line/door ") == 4
    assert "state=online" in demo.out
    assert "state=offline" in demo.out


def test_it_says_what_to_type_next(demo):
    for words in ("edge models pull", "config.yaml", "edge check", "edge replay", "edge run"):
        assert words in demo.out[demo.out.index("Next, with a real camera") :]


def test_without_its_extra_it_says_what_to_install():
    """As on a machine where the package was installed without [demo]."""
    script = "import sys; sys.modules['amqtt'] = None; from edge.cli import main; main()"
    arguments = [sys.executable, "-c", script, "demo"]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    Outcome(ended.returncode, ended.stdout, ended.stderr).failed(6, "expected the package amqtt", "pip install")
