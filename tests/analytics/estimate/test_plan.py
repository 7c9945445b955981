"""Plans: what is written is what is read, and what was changed by hand does not pass."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from analytics.estimate.design import draw
from analytics.estimate.experiment import Effect
from analytics.estimate.plan import Plan, from_text, spans, to_text

FIRST = date(2026, 12, 7)
ROTATE = Plan(
    "rotate", (("north", "window"), ("south", "window")), FIRST, 42, 7, 5, 0.02, (0.6, 0.4),
    (date(2026, 6, 1), date(2026, 12, 6)), spans(draw("rotate", 2, 42, 7, 5), FIRST),
)  # fmt: skip
MATCHED = replace(ROTATE, design="matched", on=spans(draw("matched", 2, 42, 7, 5), FIRST))


@pytest.mark.parametrize("plan", [ROTATE, MATCHED])
def test_a_plan_comes_back_as_it_was_written(plan: Plan) -> None:
    assert from_text(to_text(plan)) == plan
    drawn, read = draw(plan.design, 2, 42, 7, 5), plan.schedule()
    assert (read.on == drawn.on).all()
    assert (read.replicate == drawn.replicate).all()


@pytest.mark.parametrize(
    "change",
    [{"smallest_effect": 0}, {"on": [[]]}, {"design": "as I like"}, {"lags": [0.5]}, {"version": 2},
     {"displays": ["a"]}, {"first": "07.12.2026"}, {"history": []}, {"on": [[["2026-12-01", "2026-12-08"]], []]}],
)  # fmt: skip
def test_a_plan_that_does_not_hold_together_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        from_text(json.dumps(json.loads(to_text(ROTATE)) | change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "plan"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a plan"):
        from_text(text)


@pytest.mark.parametrize(
    ("value", "half", "verdict"),
    [(0.03, 0.01, "shown"), (-0.03, 0.01, "shown"), (0.019, 0.001, "refused"), (-0.01, 0.001, "refused"),
     (0.03, 0.04, "unclear")],
)  # fmt: skip
def test_below_the_smallest_effect_nothing_is_claimed(value: float, half: float, verdict: str) -> None:
    found = Effect(value, value - half, value + half, half / 2, (value,) * 3, 0.1, 1.0)

    assert ROTATE.verdict(found) == verdict
