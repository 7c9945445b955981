"""What the rounds come to, as tables for a document: medians, spreads, and ratios where the counts are right."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.case import Case
from benchmarks.peers.contest import Contestant, Result

BEGIN, END = "<!-- begin of the side by side -->", "<!-- end of the side by side -->"
_HEADINGS = (
    "who", "setting", "CPU-s per video-s", "of it network", "network ran", "peak MB",
    "start to first counted picture (CPU)", "counted in / out", "times ours", "times our cheapest",
)  # fmt: skip


def table(case: Case, contestants: Sequence[Contestant], results: Sequence[Sequence[Result]]) -> list[str]:
    """One table of a case.

    Ratios are those of the medians of the costs, to the first contestant of the same weights and to the cheapest run of
    ours, with the least and the largest of the rounds in brackets. Without right counts on both sides there is none:
    what was not done is cheap.
    """
    true = case.counts
    clip = f"{case.clip.width} x {case.clip.height}, {case.clip.seconds:.0f} s at {case.clip.fps:g} pictures a second"
    lines = [
        f"{case.title}: {clip}; truth: {true['in']} in, {true['out']} out.",
        "",
        "| " + " | ".join(_HEADINGS) + " |",
        "| " + " | ".join("---" for _ in _HEADINGS) + " |",
    ]
    cheapest = _cheapest(case, contestants, results)
    for who, runs in zip(contestants, results, strict=True):
        same = _ratio(case, who, runs, _reference(who, contestants, results))
        least = "-" if cheapest is None else _ratio(case, who, runs, None if runs is cheapest else cheapest)
        lines.append("| " + " | ".join([*_cells(case, who, runs), same, least]) + " |")
    return [*lines, ""]


def machine() -> str:
    """What it was measured on, and when."""
    words = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    cpu = next((line.split(":")[1].strip() for line in words if line.startswith("model name")), platform.machine())
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    load = "/".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{platform.machine()}, {cpu}, {os.cpu_count()} CPUs, of which each contestant had one; load 1/5/15 min at the "
        f"end {load}; {platform.system()} {platform.release()}, Python {platform.python_version()}; {when} UTC."
    )


def versions(results: Sequence[Sequence[Result]]) -> str:
    """Of the peers, and how doubles were suppressed."""
    found = {f"{run.version} (doubles: {run.nms})" for runs in results for run in runs if run.version != "edge"}
    return "; ".join(sorted(found)) + "."


def write(document: Path, text: str) -> None:
    """Puts the text between its marks in a document.

    Raises:
        ValueError: The marks are not there.
    """
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{document}: expected the lines {BEGIN} and {END}")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def right(case: Case, runs: Sequence[Result]) -> bool:
    """Whether every round has counted what is true."""
    return all(run.counts == case.counts for run in runs)


def _reference(
    who: Contestant, contestants: Sequence[Contestant], results: Sequence[Sequence[Result]]
) -> Sequence[Result] | None:
    """The rounds of whoever `who` is compared with; None for the first of its weights."""
    for other, runs in zip(contestants, results, strict=True):
        if other.weights == who.weights:
            return None if other is who else runs
    return None


def _cheapest(
    case: Case, contestants: Sequence[Contestant], results: Sequence[Sequence[Result]]
) -> Sequence[Result] | None:
    """The rounds of ours that cost least of those that counted right; None where none did."""
    ours = [runs for who, runs in zip(contestants, results, strict=True) if who.is_ours and right(case, runs)]
    return min(ours, key=_cost, default=None)


def _cost(runs: Sequence[Result]) -> float:
    return statistics.median(run.cost for run in runs)


def _cells(case: Case, who: Contestant, runs: Sequence[Result]) -> list[str]:
    costs = [run.cost for run in runs]
    network = statistics.median(run.network_s / run.cpu_s for run in runs)
    ran = statistics.median(run.runs / run.offered for run in runs)
    start_cpu_s = statistics.median(run.start_cpu_s for run in runs)
    counted = sorted({f"{run.counts['in']} / {run.counts['out']}" for run in runs})
    mark = "" if right(case, runs) else " **wrong**"
    counts = ", ".join(counted) + mark if who.seconds is None else "not counted"
    return [
        who.name,
        who.setting,
        f"{_cost(runs):.3f} ({min(costs):.3f} to {max(costs):.3f})",
        f"{network:.0%}",
        f"{ran:.0%} of the pictures",
        f"{statistics.median(run.peak_mb for run in runs):.0f}",
        f"{statistics.median(run.start_s for run in runs):.2f} s ({start_cpu_s:.2f} s)",
        counts,
    ]


def _ratio(case: Case, who: Contestant, runs: Sequence[Result], reference: Sequence[Result] | None) -> str:
    if reference is None:
        return "1" if right(case, runs) else "-"
    if who.seconds is not None or not (right(case, runs) and right(case, reference)):
        return "-"
    ratio = _cost(runs) / _cost(reference)
    each = [run.cost / ours.cost for run, ours in zip(runs, reference, strict=True)]
    return f"{ratio:.1f} ({min(each):.1f} to {max(each):.1f})"
