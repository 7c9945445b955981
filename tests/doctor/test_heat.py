"""What temperatures and the firmware's bits come to."""

from __future__ import annotations

from edge.adapters.thermal import decoded
from edge.doctor.heat import judge_heat


def verdicts(celsius: float | None, bits: int | None) -> list[str]:
    return [finding.verdict for finding in judge_heat(celsius, None if bits is None else decoded(bits))]


def test_cool_and_never_slowed_down_is_fine() -> None:
    assert verdicts(55.0, 0) == ["ok", "ok"]


def test_hot_now_and_slowed_down_before_are_warnings() -> None:
    assert verdicts(84.0, 0x50000) == ["warning", "warning"]
    assert "too little voltage" in judge_heat(84.0, decoded(0x1))[1].saw


def test_what_is_not_known_is_not_judged() -> None:
    assert verdicts(None, None) == ["skipped", "skipped"]
