"""`traffic demo`: three simulated shops over 90 days, through the wire and the database, and the truth beside them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from analytics.commands.experiment import finding
from analytics.commands.options import DatabaseOption, PasswordFileOption, open_database
from analytics.estimate.design import draw
from analytics.estimate.experiment import Effect, detectable, effect, placebo_spread
from analytics.estimate.plan import Plan, spans, to_text
from analytics.estimate.wilson import Ratio
from analytics.online import online_topic
from analytics.online_panel import read_lags, read_panel
from analytics.report import export, page
from analytics.report.facts import Report
from analytics.report.query import Request, report
from analytics.simulate import market as simulated
from analytics.simulate.market import Market, market
from analytics.simulate.people import CLOSES_H, OPENS_H
from analytics.store import Store
from analytics.store.books import Books
from analytics.validate import Accepted, Refused, validate
from edge.core.message import Payload, Row, topic
from edge.errors import ConfigError, EdgeError

BATCH = 5000
_Item = TypeVar("_Item")


def demo_command(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="For the database, the pages and the plan.")] = Path(
        "traffic-demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Of everything that happens.")] = 1,
    show: Annotated[bool, typer.Option("--open", help="Open the first page in the browser.")] = False,
    db: DatabaseOption = None,
    db_password_file: PasswordFileOption = None,
) -> None:
    """Fill an empty database with 90 days of three simulated shops, report them, and print the truth beside it."""
    _folder(out)
    now_s = int(time.time())
    first = simulated.CALENDAR.day_of(now_s) - timedelta(days=simulated.DAYS)
    sites = len(simulated.SITES)
    schedule = draw("rotate", sites, simulated.EXPERIMENT_DAYS, simulated.BLOCK_DAYS, seed)
    true = market(first, schedule, seed)
    with open_database(db or f"sqlite:///{out / 'traffic.db'}", db_password_file) as store:
        _expect_empty(store)
        _fill(store, true, seed, now_s)
        reports = [report(store, _request(true, site, now_s)) for site in simulated.SITES]
        plan, found = _experiment(store, true, seed, now_s)
    export.write_text(out / "plan.json", to_text(plan))
    pages = []
    for each in reports:
        pages.append(out / f"{each.site}.html")
        export.write_text(pages[-1], page.page(each))
    console = Console(highlight=False)
    for table in (_counted(true, reports), _converted(reports), _moved(true, reports, found)):
        console.print(table)
    print("\n" + "\n".join(finding(plan, found)))
    print(f"\n{simulated.OUTAGE[0]} was without its camera for days: its conversion is without them")
    print("written: " + ", ".join(str(path) for path in (*pages, out / "plan.json")))
    if show:
        typer.launch(pages[0].resolve().as_uri())


def _request(true: Market, site: str, now_s: int) -> Request:
    """The audit is taken for the zones too: it is the same camera."""
    audit = true.audit
    return Request(now_s=now_s, site=site, first=true.first, last=true.last, visitors_error=audit, engaged_error=audit)


def _folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {out}: expected a folder to write into, got: {error.strerror}") from error


def _expect_empty(store: Store) -> None:
    """Simulated shops among real ones would be taken for real."""
    for table in ("streams", "sites", "online_days"):
        ((rows,),) = store.query(f"SELECT count(*) FROM {table}")  # noqa: S608 - names from this line
        if rows:
            raise ConfigError(
                f"{store.name}: expected an empty database, found shops in it; name another with --out or --db"
            )


def _fill(store: Store, true: Market, seed: int, now_s: int) -> None:
    with store.transaction():
        hours = [f"{int(hour):02d}:00" for hour in (OPENS_H, CLOSES_H)]
        for site in simulated.SITES:
            settings = (site, simulated.CALENDAR.zone.key, f"{simulated.CALENDAR.day_start:%H:%M}")
            store.execute("INSERT INTO sites (site, time_zone, day_start) VALUES (?, ?, ?)", settings)
            store.execute_many(
                "INSERT INTO opening_hours (site, weekday, opens, closes) VALUES (?, ?, ?, ?)",
                [(site, weekday, *hours) for weekday in range(7)],
            )
    books = Books(store)
    stored = 0
    for batch in _batches(_messages(true, seed)):
        read = [validate(where, payload.wire(), now_s) for where, payload in batch]
        refused = [message for message in read if isinstance(message, Refused)]
        if refused:
            raise EdgeError(f"expected rows that keep the contract, got: {refused[0].reason}")
        books.post([message for message in read if isinstance(message, Accepted)], [], now_s)
        stored += len(batch)
        print(f"\r{stored} messages stored", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _messages(true: Market, seed: int) -> Iterator[tuple[str, Payload]]:
    for row in true.rows(seed):
        yield _topic(row), row
    for day in true.online():
        yield online_topic(day.site, day.zone), day


def _topic(row: Row) -> str:
    return topic(row.site, row.device, *row.series.split("/"))


def _batches(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _experiment(store: Store, true: Market, seed: int, now_s: int) -> tuple[Plan, Effect]:
    """Plans with what was known on the eve of the experiment, but for the lags of orders, and reads it."""
    displays = tuple((site, simulated.WINDOW) for site in simulated.SITES)
    begin, eve = true.experiment_first, true.experiment_first - timedelta(days=1)
    end = begin + timedelta(days=simulated.EXPERIMENT_DAYS - 1)
    schedule = draw("rotate", len(displays), simulated.EXPERIMENT_DAYS, simulated.BLOCK_DAYS, seed)
    lags, _ = read_lags(store, displays, true.last)
    past = read_panel(store, displays, true.first, eve, now_s)
    spread = placebo_spread(
        past, lags, "rotate", days=simulated.EXPERIMENT_DAYS, block_days=simulated.BLOCK_DAYS, seed=seed
    )
    plan = Plan(
        "rotate", displays, begin, simulated.EXPERIMENT_DAYS, simulated.BLOCK_DAYS, seed,
        detectable(spread, schedule.replicates), tuple(lags.tolist()), (true.first, eve), spans(schedule, begin),
    )  # fmt: skip
    return plan, effect(read_panel(store, displays, begin, end, now_s), plan.schedule(), lags)


def _counted(true: Market, reports: list[Report]) -> Table:
    table = _table("Visitors", "shop", "true", "counted", "watched", "corrected by the audit")
    for shop, found in zip(true.shops, reports, strict=True):
        corrected = found.total.visitors / (1.0 + true.audit.bias)
        watched = f"{100 * (found.total.coverage or 0.0):.1f} %"
        table.add_row(shop.site, str(shop.visitors.sum()), str(found.total.visitors), watched, f"{corrected:.0f}")
    return table


def _converted(reports: list[Report]) -> Table:
    table = _table("Tagged conversion, %: lower bounds", "shop", "zone", "what", "true", "estimate", "95 % interval")
    for found in reports:
        for each in found.online.conversions if found.online else ():
            if each.zone is None:
                figures = [("7-day orders / visitors", simulated.true_conversion(), each.conversion_7d)]
            else:
                (zone,) = (zone for zone in simulated.ZONES if zone.name == each.zone)
                figures = [
                    ("scans / engaged", zone.scan_share, each.scan_rate),
                    ("orders / engaged", simulated.true_zone_conversion(zone), each.zone_conversion),
                ]
            for what, truth, figure in figures:
                table.add_row(found.site, each.zone or "all", what, f"{100 * truth:.2f}", *_ratio(figure.ratio))
    return table


def _moved(true: Market, reports: list[Report], found: Effect) -> Table:
    table = _table("Extra orders per 100 visitors by the window", "how", "true", "estimate", "95 % interval")
    truth = f"{100 * simulated.EFFECT:.2f}"
    interval = f"{100 * found.low:.2f} to {100 * found.high:.2f}"
    table.add_row("experiment, difference in differences", truth, f"{100 * found.value:.2f}", interval)
    naive = sum(int(shop.orders.sum()) for shop in true.shops) / sum(each.total.visitors for each in reports)
    table.add_row("all orders / visitors, as others do", truth, f"{100 * naive:.2f}", "none")
    return table


def _ratio(ratio: Ratio | None) -> tuple[str, str]:
    if ratio is None or ratio.value is None:
        return "-", "too few"
    return f"{100 * ratio.value:.2f}", f"{100 * ratio.low:.2f} to {100 * ratio.high:.2f}"


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("shop", "zone", "what", "how") else "right")
    return table
