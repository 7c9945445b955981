"""The plan of an on/off experiment: fixed before it begins, so that nothing can be chosen when the numbers are known.

Owns the plan as text (JSON) and what a finding may be called in its light. It reads no file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from analytics.estimate.design import Floats, Kind, Schedule, blocks_on
from analytics.estimate.experiment import Effect

Verdict = Literal["shown", "unclear", "refused"]
VERSION = 1


@dataclass(frozen=True)
class Plan:
    """What was decided beforehand.

    Attributes:
        design: Which one.
        displays: Site and zone of each; with `matched`, each pair one after the other.
        first: First day.
        days: Length.
        block_days: Of `rotate`: length of a block.
        seed: Of the lot that drew the schedule.
        smallest: The minimum detectable effect, extra orders per visitor: below it nothing is claimed.
        lags: Share of the orders that come so many days after the visit.
        history: First and last day of the past that `smallest` was computed from.
        on: By display, first and last days of the spans on which it is on.
    """

    design: Kind
    displays: tuple[tuple[str, str], ...]
    first: date
    days: int
    block_days: int
    seed: int
    smallest: float
    lags: tuple[float, ...]
    history: tuple[date, date]
    on: tuple[tuple[tuple[date, date], ...], ...]

    @property
    def last(self) -> date:
        """The last day."""
        return self.first + timedelta(days=self.days - 1)

    def schedule(self) -> Schedule:
        """Displays by day, as the plan says; not drawn again."""
        on = np.zeros((len(self.displays), self.days), dtype=bool)
        for unit, spans in enumerate(self.on):
            for start, end in spans:
                on[unit, (start - self.first).days : (end - self.first).days + 1] = True
        if self.design == "matched":
            replicate = np.tile(np.arange(len(self.displays))[:, None] // 2, (1, self.days))
        else:
            replicate = np.tile(np.arange(self.days) // (2 * self.block_days), (len(self.displays), 1))
        return Schedule(on, replicate)

    def lag_curve(self) -> Floats:
        """`lags` as an array."""
        return np.array(self.lags)

    def verdict(self, found: Effect) -> Verdict:
        """What may be said: `refused` below the minimum detectable effect, `unclear` when the interval holds 0."""
        if abs(found.value) < self.smallest:
            return "refused"
        return "unclear" if found.low <= 0.0 <= found.high else "shown"


def spans(schedule: Schedule, first: date) -> tuple[tuple[tuple[date, date], ...], ...]:
    """A schedule as a plan writes it."""
    return tuple(tuple(blocks_on(row.tolist(), first)) for row in schedule.on)


def to_text(plan: Plan) -> str:
    """The plan as JSON."""
    names = [f"{site}/{zone}" for site, zone in plan.displays]
    content: dict[str, Any] = {
        "version": VERSION,
        "design": plan.design,
        "displays": names,
        "first": plan.first.isoformat(),
        "days": plan.days,
        "block_days": plan.block_days,
        "seed": plan.seed,
        "smallest_effect": plan.smallest,
        "lags": list(plan.lags),
        "history": [day.isoformat() for day in plan.history],
        "on": [[[start.isoformat(), end.isoformat()] for start, end in each] for each in plan.on],
    }
    return json.dumps(content, indent=1) + "\n"


def from_text(text: str) -> Plan:
    """Reads a plan.

    Raises:
        ValueError: It is no plan, or was changed so that it does not hold together; the text says what was expected.
    """
    try:
        content = json.loads(text)
        version = content["version"]
        plan = Plan(
            design=content["design"],
            displays=tuple(_display(name) for name in content["displays"]),
            first=date.fromisoformat(content["first"]),
            days=int(content["days"]),
            block_days=int(content["block_days"]),
            seed=int(content["seed"]),
            smallest=float(content["smallest_effect"]),
            lags=tuple(float(share) for share in content["lags"]),
            history=(date.fromisoformat(content["history"][0]), date.fromisoformat(content["history"][1])),
            on=tuple(
                tuple((date.fromisoformat(start), date.fromisoformat(end)) for start, end in each)
                for each in content["on"]
            ),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"expected a plan as `traffic experiment plan` writes it, got: {error!r}") from None
    if version != VERSION or plan.design not in ("rotate", "matched"):
        raise ValueError(f"expected a plan of version {VERSION} with the design rotate or matched")
    _check(plan)
    return plan


def _check(plan: Plan) -> None:
    inside = all(plan.first <= start <= end <= plan.last for each in plan.on for start, end in each)
    if plan.days < 1 or plan.block_days < 1 or len(plan.on) != len(plan.displays) or not inside:
        raise ValueError("expected for each display the days on which it is on, within the days of the plan")
    if not plan.smallest > 0.0 or abs(sum(plan.lags) - 1.0) > 1e-6:
        raise ValueError("expected a smallest effect above 0, and lags that sum to 1")


def _display(name: str) -> tuple[str, str]:
    site, _, zone = name.partition("/")
    if not (site and zone):
        raise ValueError(f"{name!r} is not site/zone")
    return site, zone
