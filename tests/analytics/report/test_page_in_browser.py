"""The page in a real browser: no request, no error, nothing cut off on a phone, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analytics.report.page import page
from analytics.report.query import Request, report
from analytics.store import open_store
from tests.analytics.report.filling import BERLIN, at, month
from tests.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytest.importorskip("playwright.sync_api", reason="playwright is in the extra [dev]")

TINY_TEXT = """() => {
    const small = [];
    for (const text of document.querySelectorAll("svg text")) {
        const box = text.getBoundingClientRect();
        const size = text.getCTM().a * parseFloat(getComputedStyle(text).fontSize);
        if (box.width > 0 && size < 10.5) small.push(text.textContent);
    }
    return small;
}"""
CUT_OFF = """() => {
    const cut = [];
    for (const text of document.querySelectorAll("svg text, h1, h2, dd b, p")) {
        const box = text.getBoundingClientRect();
        if (box.width > 0 && (box.left < -1 || box.right > window.innerWidth + 1)) cut.push(text.textContent);
    }
    return cut;
}"""
SHOWN = "() => [...document.querySelectorAll('svg[role=img]')].filter(each => each.checkVisibility()).length"
OVERLAPPING = """() => {
    const found = [];
    for (const svg of document.querySelectorAll("svg[role=img]")) {
        const boxes = [...svg.querySelectorAll("text")].map(text => [text.textContent, text.getBoundingClientRect()]);
        boxes.forEach(([name, box], at) => boxes.slice(at + 1).forEach(([other, its]) => {
            const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
            const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
            if (box.width > 0 && across > 1 && down > 3) found.push(`${name} / ${other}`);
        }));
    }
    return found;
}"""


@dataclass
class Seen:
    """A page that is open, and what it did."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def look(self, script: str) -> Any:
        return self.page.evaluate(script)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=["day", "week", "hour"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    with open_store(f"sqlite:///{folder}/traffic.db") as store:
        month(store)
        first = date(2026, 10, 30) if request.param == "hour" else date(2026, 10, 5)
        found = report(store, Request(at(BERLIN, 2027, 1, 1), first=first, last=date(2026, 11, 1), by=request.param))
    (folder / "page.html").write_text(page(found), encoding="utf-8")
    return folder / "page.html"


def see(browser: Browser, file: Path, width: int, scheme: Any) -> Seen:
    seen = Seen(browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme))

    def intercept(route: Route) -> None:
        seen.requests.append(route.request.url)
        route.continue_()

    seen.page.route("**/*", intercept)
    seen.page.on("console", lambda message: seen.complaints.append(message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.goto(file.as_uri(), wait_until="networkidle")
    return seen


@pytest.mark.parametrize("width", [360, 700, 1010, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_asks_for_nothing_and_fits_every_window(browser: Browser, file: Path, width: int, scheme: str) -> None:
    seen = see(browser, file, width, scheme)
    try:
        seen.look("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert seen.requests == [file.as_uri()]
        assert seen.complaints == []
        assert seen.look("() => document.documentElement.scrollWidth") <= width
        assert seen.look(CUT_OFF) == []
        assert seen.look(TINY_TEXT) == []
        assert seen.look(OVERLAPPING) == []
        assert seen.look(SHOWN) == seen.look("() => document.querySelectorAll('svg.wide').length") > 0
    finally:
        seen.page.close()


def test_light_and_dark_are_two_grounds(browser: Browser, file: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        seen = see(browser, file, 1200, scheme)
        grounds.append(seen.look("() => getComputedStyle(document.body).backgroundColor"))
        seen.page.close()
    assert grounds == ["rgb(246, 247, 248)", "rgb(15, 21, 26)"]


def test_the_browser_would_refuse_a_request(browser: Browser, file: Path, tmp_path: Path) -> None:
    """The test above can fail: with a picture from outside the policy complains."""
    leaky = tmp_path / "leaky.html"
    text = file.read_text(encoding="utf-8")
    leaky.write_text(text.replace("<main>", '<main><img src="http://127.0.0.1:9/x.png" alt="">'), encoding="utf-8")
    seen = see(browser, leaky, 1200, "light")
    assert any("Content Security Policy" in complaint for complaint in seen.complaints)
    seen.page.close()
