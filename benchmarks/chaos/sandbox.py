"""The unit: what systemd thinks of it, and what the service can still do in it, on a systemd that is booted for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.chaos.parts import ROOT
from benchmarks.chaos.row import Row

UNITS = ROOT / "systemd"
MOST = {"RTSP only": (1.1, ()), "camera device": (1.3, ("camera-device.conf",))}


def exposure(folder: Path) -> Row:
    """`systemd-analyze security` on the unit, offline."""
    name, goal = "systemd-analyze security, offline", "at most 1.3 with a camera device, 1.1 RTSP only"
    if shutil.which("systemd-analyze") is None:
        return Row(name, goal, "not run: there is no systemd-analyze", reached=False)
    scores = {}
    for what, (_, drop_ins) in MOST.items():
        unit = folder / what.replace(" ", "-") / "edge@entrance.service"
        extra = unit.with_name(f"{unit.name}.d")
        extra.mkdir(parents=True)
        text = (UNITS / "edge@.service").read_text(encoding="utf-8")
        unit.write_text(text.replace("/opt/edge/bin/edge", "/bin/true"), encoding="utf-8")
        for drop_in in drop_ins:
            shutil.copyfile(UNITS / drop_in, extra / drop_in)
        command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"exposure level for \S+ (\d+\.\d)", done.stdout)
        scores[what] = float(found[1]) if found else float("nan")
    result = ", ".join(f"{score:g} {what}" for what, score in scores.items())
    return Row(name, goal, result, all(scores[what] <= most for what, (most, _) in MOST.items()))


def booted(folder: Path) -> Row:
    """tests/systemd/test_booted.py: installs, boots, counts, hangs, and tries to get out. As root; minutes; network."""
    name = "the service in its sandbox; sandbox escapes; a hung loop"
    goal = "it runs; all refused; restarted within WatchdogSec + 1 s, counts kept"
    if os.geteuid() != 0:
        return Row(name, goal, "not run: it needs root", reached=False)
    passed, said = _tested(folder, "tests/systemd/test_booted.py", "EDGE_TEST_SYSTEMD")
    tried = [line for found in folder.rglob("out/escape") for line in found.read_text().splitlines()]
    refused = sum(line.startswith("refused ") for line in tried)
    result = f"{refused} of {len(tried)} actions refused; tests of the booted unit: {said}"
    return Row(name, goal, result, passed and refused == len(tried) >= 10)


def installed(folder: Path) -> Row:
    """tests/systemd/test_install.py, with the real packages: network."""
    passed, said = _tested(folder, "tests/systemd/test_install.py", "EDGE_TEST_INSTALL")
    return Row("install.sh: install, update, uninstall", "books, configuration and secrets stay", said, passed)


def _tested(folder: Path, tests: str, variable: str) -> tuple[bool, str]:
    """Whether tests that are skipped by default all pass when they are asked for, and how pytest sums them up."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "pytest", "-q", tests, f"--basetemp={folder / 'pytest'}"]
    with (folder / "pytest.log").open("wb") as log:
        environment = {**os.environ, variable: "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)
    last = (folder / "pytest.log").read_text(encoding="utf-8").strip().splitlines()[-1]
    return done.returncode == 0 and "skipped" not in last, last
