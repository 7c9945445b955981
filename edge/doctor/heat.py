"""Whether the box is too hot, or was slowed down."""

from __future__ import annotations

from edge.adapters.thermal import Throttling, temperature_c, throttling
from edge.doctor.finding import Finding, Verdict, judged

HOT_C = 80.0


def examine_heat() -> list[Finding]:
    """Asks the sensors and the firmware."""
    return judge_heat(temperature_c(), throttling())


def judge_heat(celsius: float | None, slowed: Throttling | None) -> list[Finding]:
    """What a temperature and the firmware's words mean; None: not known."""
    found = []
    verdict: Verdict
    expected = f"below {HOT_C:.0f} °C"
    if celsius is None:
        found.append(Finding("heat.temperature", "skipped", "no sensor", expected))
    else:
        verdict = "warning" if celsius >= HOT_C else "ok"
        found.append(judged("heat.temperature", verdict, f"{celsius:.0f} °C", expected, "a heat sink, or more air"))
    expected = "never slowed down"
    if slowed is None:
        found.append(Finding("heat.throttled", "skipped", "no firmware that tells (vcgencmd)", expected))
        return found
    now, before = ", ".join(slowed.now), ", ".join(slowed.before)
    saw = f"now: {now}" if now else f"since it was switched on: {before}" if before else "never slowed down"
    advice = "a stronger power supply and a shorter cable against low voltage; a heat sink against heat"
    return [*found, judged("heat.throttled", "warning" if now or before else "ok", saw, expected, advice)]
