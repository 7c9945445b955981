"""A drawing in SVG, as text to stand in a page. It knows shapes and labels, no figure of a report.

Colours are classes, so that the page's style sheet decides on light and dark. Everything that comes from outside is
escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import ceil, floor, log10

Point = tuple[float, float]


class Drawing:
    """An SVG picture; lengths are CSS pixels at its natural size.

    Args:
        key: Unique in the page.
        width: Of the whole.
        height: Of the whole.
        title: What it is, for those who cannot see it.
        desc: What it shows, in a sentence.
        fit: Class of the windows in which it stands.
    """

    def __init__(self, key: str, width: float, height: float, *, title: str, desc: str, fit: str) -> None:
        self.width, self.height = width, height
        head = (
            f'<svg class="{fit}" viewBox="0 0 {width:g} {height:g}" style="max-width:{width * 1.25:g}px" role="img" '
            f'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{escape(title)}</title>'
            f'<desc id="{key}-d">{escape(desc)}</desc>'
        )
        self._parts = [head]

    def rect(
        self, x: float, y: float, width: float, height: float, kind: str, *, hint: str = "", strength: float = 1.0
    ) -> None:
        """A filled rectangle; `hint` shows under the pointer."""
        if width <= 0 or height <= 0:
            return
        faded = f' fill-opacity="{strength:.2g}"' if strength < 1.0 else ""
        shape = f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{faded}'
        self._parts.append(f"{shape}><title>{escape(hint)}</title></rect>" if hint else f"{shape}/>")

    def line(self, start: Point, end: Point, kind: str) -> None:
        """A straight line."""
        self._parts.append(f'<path class="{kind}" d="M{_p(start)}L{_p(end)}"/>')

    def path(self, points: Iterable[Point], kind: str, *, closed: bool = False) -> None:
        """A line through points, or the area inside."""
        self._parts.append(f'<path class="{kind}" d="M{"L".join(map(_p, points))}{"Z" if closed else ""}"/>')

    def dot(self, x: float, y: float, radius: float, kind: str, hint: str = "") -> None:
        """A round mark."""
        self._parts.append(
            f'<circle class="{kind}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"><title>{escape(hint)}</title></circle>'
        )

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """A label; `anchor` start, middle or end."""
        at = "" if anchor == "start" else f' text-anchor="{anchor}"'
        named = f' class="{kind}"' if kind else ""
        self._parts.append(f'<text{named} x="{_n(x)}" y="{_n(y)}"{at}>{escape(text)}</text>')

    def svg(self) -> str:
        """The whole."""
        return "".join(self._parts) + "</svg>"


def ticks(most: float, wanted: int) -> list[float]:
    """Round numbers from 0 to `most` or just over it, about so many.

    >>> ticks(87, 4), ticks(0, 4)
    ([0.0, 20.0, 40.0, 60.0, 80.0, 100.0], [0.0, 1.0])
    """
    if most <= 0:
        return [0.0, 1.0]
    rough = most / wanted
    power = 10.0 ** floor(log10(rough))
    step = min((factor * power for factor in (1, 2, 5, 10)), key=lambda size: abs(size - rough))
    return [step * index for index in range(ceil(most / step - 1e-9) + 1)]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _p(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"
