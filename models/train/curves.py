"""The curves of a training run as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.train.fit import Report
from models.train.plans import Plan

_SMOOTH = 5


def draw(reports: Sequence[Report], plan: Plan, path: Path) -> None:
    """Writes both losses over the pictures seen, and marks where the input grows and where the rates begin to fall."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - draws without a display and without pyplot's state

    seen = np.array([report.step * plan.batch / 1000 for report in reports])
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, colour in (("score", "tab:blue"), ("box", "tab:orange")):
        values = np.array([getattr(report, name) for report in reports])
        axes.plot(seen, values, color=colour, alpha=0.25)
        width = min(_SMOOTH, len(values))
        smooth = np.convolve(values, np.ones(width) / width, "valid")
        axes.plot(seen[width - 1 :], smooth, color=colour, label=f"loss of {name}")
    for share, text, side in ((plan.early, "larger input", "right"), (1 - plan.cooldown, "rates fall", "left")):
        turn = share * plan.steps * plan.batch / 1000
        axes.axvline(turn, color="grey", linestyle=":")
        axes.annotate(text, (turn, axes.get_ylim()[1]), rotation=90, va="top", ha=side)
    axes.set(xlabel="thousand pictures", ylabel="loss", title=plan.name)
    axes.legend()
    figure.savefig(path, dpi=100)
