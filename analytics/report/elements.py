"""The pieces of which the page is put together. Text from outside is escaped here, markup of our own is passed on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from analytics.report.wording import LOWER_BOUND

CHIP = f'<span class="chip" title="{LOWER_BOUND}">lower bound</span>'


def section(title: str, text: str, *parts: str) -> str:
    """A card with a heading; title and text are markup."""
    return f"<section><h2>{title}</h2><p>{text}</p>{''.join(parts)}</section>"


def pair(*cards: str) -> str:
    """Cards side by side, where the window is wide enough."""
    return f'<div class="pair">{"".join(cards)}</div>'


def key(*marks: tuple[str, str]) -> str:
    """What the shapes mean."""
    shapes = {
        "curve": '<path class="curve" d="M0 6H18"/>',
        "whisker": '<path class="whisker" d="M9 0V12"/>',
        "range": '<path class="range" d="M3 6H15"/>',
        "dot": '<circle class="dot" cx="9" cy="6" r="5"/>',
        "hollow": '<circle class="hollow" cx="9" cy="6" r="4.5"/>',
    }
    items = []
    for kind, text in marks:
        shape = shapes.get(kind, f'<rect class="{kind}" width="18" height="12"/>')
        picture = f'<svg viewBox="0 0 18 12" aria-hidden="true" style="display:inline">{shape}</svg>'
        items.append(f"<li>{picture}{escape(text)}</li>")
    return f'<ul class="key">{"".join(items)}</ul>'


def details(summary: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that opens when it is asked for."""
    name = escape(summary)
    scroll = f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{table(heads, rows)}</div>'
    return f"<details><summary>{name}</summary>{scroll}</details>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what stands in a second line of a first cell explains it."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = []
    for first, *rest in rows:
        name, _, meaning = escape(first).partition("\n")
        small = f"<small>{meaning}</small>" if meaning else ""
        cells = "".join(f"<td>{escape(value)}</td>" for value in rest)
        body.append(f'<tr><th scope="row">{name}{small}</th>{cells}</tr>')
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
