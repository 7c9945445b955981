"""The page: whole, small, self-contained, and with every number of a chart in a table beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from analytics.report.facts import Report
from analytics.report.page import page
from analytics.report.query import Request, report
from analytics.store import Store, open_store
from tests.analytics.report.filling import BERLIN, Filler, at, month

OCTOBER = Request(at(BERLIN, 2027, 1, 1), first=date(2026, 10, 5), last=date(2026, 11, 1))
ALONE = {"meta", "br", "hr", "img", "link", "input"}


class Outline(HTMLParser):
    """Fails on a tag that is closed wrongly; keeps tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('page')}/traffic.db") as store:
        month(store)
        yield store


@pytest.fixture(scope="module")
def found(store: Store) -> Report:
    return report(store, OCTOBER)


def test_it_is_well_formed_and_every_id_is_there_once(found: Report) -> None:
    outline = Outline(page(found))
    ids = [value for _, name, value in outline.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    named = {key for _, name, value in outline.attributes if name == "aria-labelledby" for key in value.split()}
    assert named <= set(ids)


def test_it_refers_to_nothing_outside(found: Report) -> None:
    text = page(found)
    outline = Outline(text)
    assert outline.tags.keys().isdisjoint({"script", "link", "img", "iframe", "object", "embed", "a", "form", "base"})
    assert {name for _, name, _ in outline.attributes}.isdisjoint(
        {"src", "href", "xlink:href", "srcset", "data", "action"}
    )
    assert not re.search(r"https?:|//[a-z]|@import|@font-face", text)
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#hatch"}
    assert "default-src 'none'" in text


def test_every_chart_tells_what_it_shows_and_has_a_table(found: Report) -> None:
    text = page(found)
    charts = re.findall(r'<svg class="(?:wide|middle|small|narrow)".*?</svg>', text)
    assert charts
    assert all('role="img"' in chart and "<title id=" in chart and "<desc id=" in chart for chart in charts)
    sections = [section for section in text.split("<section>") if 'class="wide"' in section]
    assert len(sections) == 7
    assert all("<table>" in section for section in sections)


def test_the_numbers_stand_in_it(found: Report) -> None:
    words = Outline(page(found)).text
    assert {"6,048", "33.3 %", "98.2 %", "30 min", "lower bound", "(all)"} - set(words) == {"(all)"}
    assert any("Watched 98.2 % of the opening hours" in word for word in words)
    assert any("2026-10-14" in word for word in words)
    assert any("Nobody has audited the counts" in word for word in words)


def test_what_was_not_watched_is_hatched_in_its_share(found: Report) -> None:
    text = page(found)
    assert text.count('<rect class="hatch"') == 3 + 1  # for three widths, and once in the key
    watched = replace(found, chart=tuple(replace(facts, watched_s=facts.open_s) for facts in found.chart))
    assert page(watched).count('<rect class="hatch"') == 1


def test_text_from_outside_is_escaped(found: Report) -> None:
    nasty = '<script>alert("1")</script>'
    zones = tuple(replace(visits, zone=nasty) for visits in found.zones)
    text = page(replace(found, site=nasty, zones=zones))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("by", ["hour", "day", "week"])
def test_a_year_is_under_a_megabyte(tmp_path: Path, by: str) -> None:
    with open_store(f"sqlite:///{tmp_path}/traffic.db") as store:
        filler, start_s = Filler(store), at(BERLIN, 2025, 11, 1, 4)
        filler.site_settings("Europe/Berlin", opening="09:00-20:00")
        starts = range(start_s, start_s + 366 * 86400, 3600)
        filler.rows("line/door", starts, step_s=3600, in_count=123, in_raw=130, out_count=123, out_raw=130, uturns=7)
        for zone in range(8):
            filler.rows(f"zone/zone-{zone}", starts, step_s=3600, entered=50, engaged=50, h3=50)
        days = {"hour": 14, "day": 365, "week": 365}[by]
        first = date.fromordinal(date(2026, 10, 31).toordinal() - days + 1)
        text = page(report(store, Request(OCTOBER.now_s, first=first, last=date(2026, 10, 31), by=by)))  # type: ignore[arg-type]
    assert len(text.encode()) < 1_000_000


def test_an_almost_empty_shop_has_a_page(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/traffic.db") as store:
        Filler(store).rows("line/door", [at(BERLIN, 2026, 10, 5, 12)], observed_s=0.0)
        Outline(page(report(store, Request(OCTOBER.now_s, time_zone=BERLIN))))
    with open_store(f"sqlite:///{tmp_path}/zones.db") as store:
        Filler(store).rows("zone/shoes", [at(BERLIN, 2026, 10, 5, 12)], entered=1)
        Outline(page(report(store, Request(OCTOBER.now_s, time_zone=BERLIN))))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [("ink", "card"), ("soft", "card"), ("soft", "ground"), ("ink", "warn-ground"), ("warn", "warn-ground"),
     ("on-bar", "bar"), ("on-stop", "stop"), ("ink", "pass")],
)  # fmt: skip
def test_text_can_be_read_in_light_and_dark(theme: int, ink: str, ground: str) -> None:
    css = files("analytics.report").joinpath("page.css").read_text(encoding="utf-8")
    colours = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[theme]
    values = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", colours))
    dark, light = sorted((luminance(values[ink]), luminance(values[ground])))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
