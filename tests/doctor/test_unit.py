"""The unit of this repository, installed in a folder, as systemd-analyze scores it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.doctor.unit import UNIT, examine_unit
from tests.commands import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here; install it with: sudo apt-get install systemd")
    shutil.copyfile(ROOT / "systemd" / UNIT, tmp_path / UNIT)
    return tmp_path


def test_the_unit_is_shut_in_and_a_drop_in_that_opens_it_is_seen(folder: Path) -> None:
    (shut,) = examine_unit("entrance", device=False, folders=[folder])
    if "cannot score" in shut.saw:
        pytest.skip(shut.saw)
    assert shut.verdict == "ok", shut
    (folder / "edge@entrance.service.d").mkdir()
    (folder / "edge@entrance.service.d" / "open.conf").write_text("[Service]\nPrivateUsers=no\nProtectSystem=no\n")
    (open_,) = examine_unit("entrance", device=False, folders=[folder])
    assert open_.verdict == "warning"
    assert float(open_.saw) > float(shut.saw)
    (other,) = examine_unit("back", device=False, folders=[folder])
    assert other.saw == shut.saw, "the drop-in of another camera"


def test_without_the_unit_there_is_nothing_to_score(tmp_path: Path) -> None:
    (finding,) = examine_unit("entrance", device=False, folders=[tmp_path])
    assert (finding.verdict, finding.saw) == ("skipped", "edge@.service is not installed")
