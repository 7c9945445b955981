"""Detectors side by side as an SVG: precision over recall, and average precision over what a picture costs.

Plain text with a few lines and words, so that it needs no drawing library and can be compared. Knows reports only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from edge.evaluation.average_precision import RECALLS
from edge.evaluation.detector import Report

_SVG = "http://www.w3.org/2000/svg"
_COLOURS = ("#0b6e4f", "#c0392b", "#2c5aa0", "#b7791f", "#6b4c9a", "#555555")
_SIDE, _LEFT, _TOP, _GAP = 300, 60, 40, 90
_WIDTH, _HEIGHT = 2 * (_LEFT + _SIDE) + _GAP - 30, _TOP + _SIDE + 60


def svg(reports: Sequence[Report]) -> str:
    """A picture of some reports."""
    costs = [report.ms for report in reports]
    most_ms = max(costs) * 1.25 or 1.0
    right = _LEFT + _SIDE + _GAP
    parts = [
        f'<svg xmlns="{_SVG}" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *_axes(_LEFT, "recall", "precision at IoU 0.5", 1.0),
        *_axes(right, "ms per picture, one thread", "AP50", most_ms),
    ]
    for index, report in enumerate(reports):
        colour = _COLOURS[index % len(_COLOURS)]
        curve = [
            (_LEFT + recall * _SIDE, _TOP + (1 - share) * _SIDE)
            for recall, share in zip(RECALLS, report.quality.matched.precision, strict=True)
            if share > 0
        ]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in curve)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        label_y = _TOP + _SIDE - 10 - 16 * (len(reports) - 1 - index)
        parts.append(f'<text x="{_LEFT + 8}" y="{label_y}" fill="{colour}">{escape(report.name)}</text>')
        ap50 = report.quality.matched.ap50
        if not math.isnan(ap50):
            x, y = right + report.ms / most_ms * _SIDE, _TOP + (1 - ap50) * _SIDE
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
            parts.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" fill="{colour}">{escape(report.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _axes(left: float, across: str, up: str, most: float) -> Iterable[str]:
    """A square with its two scales; `most` is the right end of the one across."""
    yield f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888"/>'
    for step in range(6):
        share = step / 5
        y, x = _TOP + (1 - share) * _SIDE, left + share * _SIDE
        yield f'<line x1="{left}" y1="{y}" x2="{left + _SIDE}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{share:.1f}</text>'
        yield f'<text x="{x}" y="{_TOP + _SIDE + 18}" text-anchor="middle">{share * most:.3g}</text>'
    yield f'<text x="{left + _SIDE / 2}" y="{_TOP + _SIDE + 40}" text-anchor="middle">{across}</text>'
    yield f'<text x="{left}" y="{_TOP - 12}">{up}</text>'
