"""What `edge eval detector` prints: detectors side by side, and each by source of the pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from edge.evaluation.detector import Quality, Report
    from edge.evaluation.pictures import Pictures


def print_reports(reports: Sequence[Report], pictures: Pictures) -> None:
    """Prints tables of some reports over the same pictures."""
    from rich.console import Console  # noqa: PLC0415 - `edge --help` needs none of this
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    quality = reports[0].quality
    table = Table(title=f"{quality.people} people in {quality.pictures} pictures; shares in %", title_justify="left")
    table.caption = "recall and precision from the score below; empty: share of pictures of nobody with a box"
    for heading in ("model", "input", "ms", "AP50", "50-95", "recall", "prec.", "empty"):
        table.add_column(heading, justify="left" if heading == "model" else "right", no_wrap=heading == "model")
    heights = Table(title="Recall by height of the people, in heights of the picture", title_justify="left")
    for heading in ("model", "from score", *quality.recall_by_height):
        heights.add_column(heading, justify="left" if heading == "model" else "right", no_wrap=True)
    for report in reports:
        size = "{}x{}".format(*report.input) if report.input else "free"
        table.add_row(report.name, size, f"{report.ms:.1f}", *_numbers(report.quality))
        heights.add_row(
            report.name, f"{report.quality.threshold:g}", *map(_percent, report.quality.recall_by_height.values())
        )
    console.print(table)
    console.print(heights)
    if reports[0].by_source:
        console.print(_sources(reports))
    if pictures.left_out:
        left_out = ", ".join(f"{count} labelled {kind!r}" for kind, count in sorted(pictures.left_out.items()))
        console.print(f"left out: {left_out}", highlight=False)


def _sources(reports: Sequence[Report]) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="By source", title_justify="left")
    for heading in ("source", "pictures", "people", "model", "AP50", "recall", "empty"):
        table.add_column(heading, justify="left" if heading in ("source", "model") else "right", no_wrap=True)
    for name, first in reports[0].by_source.items():
        for report in reports:
            quality = report.by_source[name]
            ap50, _, recall, _, empty = _numbers(quality)
            about = (name, str(first.pictures), str(first.people)) if report is reports[0] else ("", "", "")
            table.add_row(*about, report.name, ap50, recall, empty)
    return table


def _numbers(quality: Quality) -> tuple[str, ...]:
    ap50, ap50_95 = quality.matched.ap50, quality.matched.ap50_95
    return (
        _percent(None if math.isnan(ap50) else ap50),
        _percent(None if math.isnan(ap50_95) else ap50_95),
        _percent(quality.recall),
        _percent(quality.precision),
        _percent(quality.empty_with_boxes),
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
