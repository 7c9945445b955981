"""The result of benchmarks.accuracy as tables for docs/accuracy.md, with where and when it was measured."""

from __future__ import annotations

import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

BEGIN, END = "<!-- benchmarks.accuracy: begin -->", "<!-- benchmarks.accuracy: end -->"
READINGS = {"settled": "settled", "raw": "raw", "uturns": "U-turns"}


def provenance() -> dict[str, Any]:
    """Where, when and what is measured."""
    return {
        "machine": f"{_processor()}, {platform.system()}",
        "versions": f"Python {platform.python_version()}, numpy {np.__version__}",
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "commit": _commit(),
    }


def tables(result: dict[str, Any]) -> str:
    """Both tables and their heading, in Markdown."""
    about = (
        f"At least {result['crossings']:,} true crossings in each cell, from seed {result['seed']} on; commit "
        f"{result['commit']}, {result['date']}. {result['machine']}; {result['versions']}; "
        f"{result['minutes']:g} minutes with {result['jobs']} at the same time."
    )
    return "\n\n".join([about, _lines(result["cells"]), _visits(result["cells"])])


def write(document: Path, result: dict[str, Any]) -> None:
    """Replaces what is between the two marks.

    Raises:
        ValueError: There are no such marks in it.
    """
    text = document.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document}: expected the marks {BEGIN} and {END}")
    document.write_text(f"{before}{BEGIN}\n\n{tables(result)}\n\n{END}{after}", encoding="utf-8")


def _lines(cells: list[dict[str, Any]]) -> str:
    rows = []
    for cell in cells:
        for key, name in READINGS.items():
            reading, goal = cell["readings"][key], cell["target"] if key == "settled" else {}
            both = reading["both"]
            rows.append(
                [
                    f"{cell['at_most']}",
                    f"{cell['fps']:g}",
                    name,
                    f"{both['true']}",
                    f"{both['counted']}",
                    f"{both['missed']}",
                    f"{both['invented']}",
                    _percent(reading["error"], "{:.2f}"),
                    _percent(reading["count_error"], "{:.2f}", goal.get("settled")),
                    _percent(reading["bias"], "{:+.2f}", goal.get("bias")),
                ]
            )
    head = "people | fps | reading | true | counted | missed | invented | error one by one | count error | bias"
    return _table(head, rows)


def _visits(cells: list[dict[str, Any]]) -> str:
    rows = []
    for cell in cells:
        visits, goal = cell["visits"], cell["target"]
        row = [f"{cell['at_most']}", f"{cell['fps']:g}"]
        row += [f"{visits[key]}" for key in ("true", "missed", "invented", "end_not_seen")]
        off_s = visits["left_dwell_error_s"]
        row += [_seconds(off_s["median"], "{:.2f}", goal["dwell_median_s"])]
        row += [_seconds(off_s["p95"], "{:.2f}", goal["dwell_p95_s"]), _seconds(off_s["mean"], "{:+.2f}")]
        off_s = visits["dwell_error_s"]
        row += [_seconds(off_s["p95"], "{:.2f}"), _seconds(off_s["mean"], "{:+.2f}")]
        rows.append(row)
    dwell = "dwell error: median | p95 | mean | of all: p95 | mean"
    return _table(f"people | fps | visits | missed | invented | end not seen | {dwell}", rows)


def _table(head: str, rows: list[list[str]]) -> str:
    rule = "|" + " --- |" * (head.count("|") + 1)
    return "\n".join([f"| {head} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def _percent(error: dict[str, Any] | None, form: str, most: float | None = None) -> str:
    """An error with its interval; a dash where there is nothing to take a share of."""
    if error is None:
        return "-"
    around = f" ({' to '.join(form.format(100.0 * edge) for edge in error['ci'])})" if error["ci"] else ""
    target = "" if most is None else _target(abs(error["share"]), most, f"{100.0 * most:g} %")
    return f"{form.format(100.0 * error['share'])} %{around}{target}"


def _seconds(value: float | None, form: str, most: float | None = None) -> str:
    if value is None:
        return "-"
    return f"{form.format(value)} s{'' if most is None else _target(value, most, f'{most:g} s')}"


def _target(value: float, most: float, text: str) -> str:
    """The largest error that is aimed at, and whether it is kept."""
    return f", target {text}{'' if value <= most else ': **missed**'}"


def _processor() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = models[0].partition(":")[2].strip() if models else platform.machine()
    return f"{name}, {len(models)} CPUs" if models else name


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
