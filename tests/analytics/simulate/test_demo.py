"""`traffic demo`, whole: through wire and database to pages, plan and truth; and experiments on what it leaves."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analytics.cli import app
from analytics.estimate.design import draw
from analytics.estimate.plan import from_text
from analytics.simulate.market import CALENDAR, DAYS, EFFECT, SITES, market, true_conversion
from analytics.store import open_store
from edge.core.message import LineRow
from edge.errors import ConfigError, EdgeError


class Demo:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = f"sqlite:///{folder / 'traffic.db'}"
        self.result = self.run("demo", "--out", str(folder))

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "120"})

    @property
    def last(self) -> date:
        with open_store(self.db) as store:
            ((last,),) = store.query("SELECT max(date) FROM online_days")
        return date.fromisoformat(last)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("traffic-demo"))


def test_the_truth_stands_beside_estimates_that_hold_it(demo: Demo) -> None:
    assert demo.result.exit_code == 0, demo.result.output
    truth = f"{100 * true_conversion():.2f}"
    found = re.findall(rf"7-day orders / visitors\D+{truth}\D+[\d.]+\D+([\d.]+) to ([\d.]+)", demo.result.output)
    assert len(found) == len(SITES)
    assert sum(float(low) <= 100 * true_conversion() <= float(high) for low, high in found) >= len(SITES) - 1
    ((low, high),) = re.findall(r"differences\D+5\.00\D+[\d.]+\D+([\d.]+) to ([\d.]+)", demo.result.output)
    assert float(low) <= 100 * EFFECT <= float(high)
    assert "an effect is shown" in demo.result.output


def test_pages_and_plan_are_written(demo: Demo) -> None:
    assert {path.name for path in demo.folder.iterdir()} >= {
        "traffic.db",
        "plan.json",
        *(f"{site}.html" for site in SITES),
    }
    assert from_text((demo.folder / "plan.json").read_text()).days == 56


def test_a_plan_can_be_read_again_and_says_the_same(demo: Demo) -> None:
    again = demo.run("experiment", "read", str(demo.folder / "plan.json"), "--db", demo.db)

    assert again.exit_code == 0, again.exception
    assert again.output.strip() in demo.result.output


def test_the_camera_that_failed_shows_as_rows_that_watched_nothing(demo: Demo) -> None:
    with open_store(demo.db) as store:
        blind = store.query(
            "SELECT site, count(*) FROM v_rows_line WHERE observed_s = 0 AND in_count = 0 GROUP BY site"
        )
        missing = store.query("SELECT count(*) FROM gaps")

    assert [site for site, _ in blind] == ["hafen"]
    assert blind[0][1] > 200
    assert missing == [(0,)]


def test_shops_are_never_mixed_with_others(demo: Demo, tmp_path: Path) -> None:
    found = demo.run("demo", "--out", str(tmp_path), "--db", demo.db)

    assert isinstance(found.exception, ConfigError)
    assert "expected an empty database" in str(found.exception)


def plan(demo: Demo, out: Path, *more: str, begin: date | None = None, weeks: int = 12) -> Result:
    displays = [option for site in SITES for option in ("--display", f"{site}/window")]
    first = str(begin or demo.last + timedelta(days=7))
    where = ["--from", first, "--weeks", str(weeks), "--out", str(out), "--db", demo.db]
    return demo.run("experiment", "plan", *displays, *where, *more)


def test_a_plan_names_the_smallest_effect_and_the_weeks(demo: Demo, tmp_path: Path) -> None:
    found = plan(demo, tmp_path / "plan.json", "--seed", "4", "--history-to", str(demo.last - timedelta(days=62)))

    assert found.exit_code == 0, found.exception
    assert "<- this plan" in found.output
    written = from_text((tmp_path / "plan.json").read_text())
    assert (written.days, written.seed, len(written.on)) == (84, 4, 3)
    assert 0.005 < written.smallest < 0.08
    sizes = [float(size) for size in re.findall(r"^ +\d+ +([\d.]+) +[\d.]+%", found.output, re.MULTILINE)]
    assert sizes == sorted(sizes, reverse=True), "longer experiments see smaller effects"


def test_an_experiment_is_not_read_before_its_end(demo: Demo, tmp_path: Path) -> None:
    plan(demo, tmp_path / "plan.json")

    found = demo.run("experiment", "read", str(tmp_path / "plan.json"), "--db", demo.db)

    assert isinstance(found.exception, EdgeError)
    assert "refused: the experiment ends on" in str(found.exception)


def test_a_plan_comes_first_and_is_written_once(demo: Demo, tmp_path: Path) -> None:
    late = plan(demo, tmp_path / "late.json", begin=demo.last)
    plan(demo, tmp_path / "plan.json")
    twice = plan(demo, tmp_path / "plan.json")

    assert "a plan comes first" in str(late.exception)
    assert "a plan is not written twice" in str(twice.exception)


@pytest.mark.parametrize(
    ("more", "weeks", "expected"),
    [
        ((), 5, "expected a multiple of 2, got 5"),
        ((), 4, "expected 3 cycles of 2 weeks or more, got 2"),
        (("--design", "matched"), 12, "expected pairs, got 3 displays"),
        (("--display", "window"), 12, "expected site/zone, got 'window'"),
        (("--display", "hafen/window"), 12, "expected each once"),
        (("--display", "hafen/shoes"), 12, "expected a day with orders"),
        (("--display", "porto/window"), 12, "found none"),
        (("--history-from", "2026"), 12, "expected a date such as"),
    ],
)
def test_a_plan_that_cannot_work_says_why(
    demo: Demo, tmp_path: Path, more: tuple[str, ...], weeks: int, expected: str
) -> None:
    found = plan(demo, tmp_path / "plan.json", *more, weeks=weeks)

    assert isinstance(found.exception, EdgeError)
    assert expected in str(found.exception)
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize(("change", "expected"), [("{", "expected a plan"), (None, "expected a readable plan")])
def test_what_is_no_plan_is_named(demo: Demo, tmp_path: Path, change: str | None, expected: str) -> None:
    if change is not None:
        (tmp_path / "plan.json").write_text(change)

    found = demo.run("experiment", "read", str(tmp_path / "plan.json"), "--db", demo.db)

    assert isinstance(found.exception, ConfigError)
    assert expected in str(found.exception)


def test_below_the_smallest_effect_nothing_is_named(demo: Demo, tmp_path: Path) -> None:
    text = (demo.folder / "plan.json").read_text()
    (tmp_path / "plan.json").write_text(re.sub(r'"smallest_effect": [\d.e-]+', '"smallest_effect": 0.5', text))

    found = demo.run("experiment", "read", str(tmp_path / "plan.json"), "--db", demo.db)

    assert "refused: what was found is below it" in found.output
    assert "an effect is shown" not in found.output


def test_the_rows_of_a_market_count_who_was_there() -> None:
    true = market(date(2026, 9, 7), draw("rotate", len(SITES), 56, 7, 2), 2)
    (shop, *_) = true.shops
    rows = [row for row in true.rows(2) if isinstance(row, LineRow) and row.site == shop.site]

    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) == sum(round(day.hours * 4) for day in true.days) == DAYS * 96 + 4, "a day with 25 hours"
    assert sum(row.in_ for row in rows) == pytest.approx(0.96 * shop.visitors.sum(), rel=0.01)
    assert sum(row.in_ for row in rows) == pytest.approx(sum(row.out for row in rows), rel=0.01)
    days = {CALENDAR.local(int(day.start_s)).hour for day in true.days}
    assert days == {4}
