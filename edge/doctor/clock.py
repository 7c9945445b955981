"""Whether the clock can be believed."""

from __future__ import annotations

from edge.adapters import clock
from edge.doctor.finding import Finding, judged


def examine_clock() -> list[Finding]:
    """Asks the kernel."""
    right = clock.synchronised()
    return [
        judged(
            "clock",
            "ok" if right else "warning",
            "synchronised" if right else "not synchronised, or not to be asked",
            "synchronised with a time server",
            "timedatectl; let the box reach a time server (UDP 123): rows wait ten minutes for it, then go as unsynced",
        )
    ]
