"""Sensors of the kernel as files, and the firmware's tool as a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.adapters.thermal import temperature_c, throttling


def test_the_hottest_sensor_counts_and_a_broken_one_does_not(tmp_path: Path) -> None:
    for zone, text in (("thermal_zone0", "48312\n"), ("thermal_zone1", "61500\n"), ("thermal_zone2", "off")):
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "temp").write_text(text)
    assert temperature_c(tmp_path) == pytest.approx(61.5)
    assert temperature_c(tmp_path / "none") is None


@pytest.mark.parametrize(("said", "now"), [("throttled=0x50005", ("too little voltage", "throttled")), ("error", None)])
def test_the_firmware_is_asked(tmp_path: Path, said: str, now: tuple[str, ...] | None) -> None:
    tool = tmp_path / "vcgencmd"
    tool.write_text(f'#!/bin/sh\n[ "$1" = get_throttled ] && echo {said}\n')
    tool.chmod(0o755)
    found = throttling(str(tool))
    assert (found.now if found else None) == now


def test_no_firmware_says_nothing(tmp_path: Path) -> None:
    assert throttling(str(tmp_path / "none")) is None
