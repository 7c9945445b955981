"""How hot the processor is, and whether that slowed it down: the kernel's sensors, and a Raspberry Pi's firmware."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SENSORS = Path("/sys/class/thermal")


@dataclass(frozen=True, slots=True)
class Throttling:
    """What the firmware of a Raspberry Pi says (`vcgencmd get_throttled`, documentation of Raspberry Pi OS).

    Attributes:
        now: In words, what slows it down now.
        before: What has since it was switched on.
    """

    now: tuple[str, ...]
    before: tuple[str, ...]


_BITS = ("too little voltage", "frequency capped", "throttled", "soft temperature limit")


def temperature_c(sensors: Path = SENSORS) -> float | None:
    """The hottest sensor, degrees Celsius; None without any."""
    found = []
    for sensor in sorted(sensors.glob("thermal_zone*/temp")):
        try:
            found.append(int(sensor.read_text(encoding="ascii")) / 1000.0)
        except (OSError, ValueError):  # a sensor that is switched off
            continue
    return max(found, default=None)


def throttling(command: str = "vcgencmd") -> Throttling | None:
    """What the firmware says; None where there is no such firmware, or it does not say."""
    import subprocess  # noqa: PLC0415 - a service asks the sensors alone

    try:
        done = subprocess.run([command, "get_throttled"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"throttled=0x([0-9a-fA-F]+)", done.stdout.strip())
    return decoded(int(found[1], 16)) if found else None


def decoded(bits: int) -> Throttling:
    """The words for the firmware's bits: 0 to 3 are now, 16 to 19 since the start.

    >>> decoded(0x50005)
    Throttling(now=('too little voltage', 'throttled'), before=('too little voltage', 'throttled'))
    """
    now, before = (tuple(word for at, word in enumerate(_BITS) if bits >> (at + shift) & 1) for shift in (0, 16))
    return Throttling(now, before)
