"""`traffic experiment`: whether a display brings orders, by switching it on and off; planned first, read afterwards."""

from __future__ import annotations

import re
import secrets
import time
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from analytics.commands.options import DatabaseOption, PasswordFileOption, open_database
from analytics.estimate.design import MIN_REPLICATES, WEEK_DAYS, draw
from analytics.estimate.experiment import Effect, Panel, detectable, effect, placebo_spread
from analytics.estimate.plan import Plan, from_text, spans, to_text
from analytics.online_panel import books_through, read_lags, read_panel
from analytics.store import Store
from edge.errors import ConfigError, EdgeError

HISTORY_DAYS = 26 * WEEK_DAYS
OTHER_WEEKS = (4, 8, 12, 16, 26, 39, 52)
_DISPLAY = re.compile(r"[a-z0-9-]+/[a-z0-9-]+")

experiment_app = typer.Typer(help="Whether a display brings orders: designed on/off.", no_args_is_help=True)


class DesignChoice(str, Enum):
    """How displays are switched."""

    rotate = "rotate"
    matched = "matched"


@experiment_app.command("plan")
def plan_command(
    display: Annotated[
        list[str],
        typer.Option("--display", metavar="SITE/ZONE", help="Once for each; for pairs, one after the other."),
    ],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")],
    weeks: Annotated[int, typer.Option(min=2, max=104, help="Length; whole cycles of two blocks, or an even number.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The plan; keep it for `read`.")],
    design: Annotated[
        DesignChoice,
        typer.Option(help="rotate: each on and off by blocks. matched: pairs, of which one is on in the second half."),
    ] = DesignChoice.rotate,
    block_weeks: Annotated[int, typer.Option(min=1, max=8, help="Of rotate: weeks in a row that a display is on.")] = 1,
    history_from: Annotated[
        str | None, typer.Option(metavar="DATE", help="First day of the past to learn from.")
    ] = None,
    history_to: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last one; nothing may be switched in it.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the lot; by default drawn.")] = None,
    db: DatabaseOption = None,
    db_password_file: PasswordFileOption = None,
) -> None:
    """Draw when which display is on, and compute from the shop's own noise the smallest effect that can be seen."""
    displays = _displays(display, design)
    begin, days, block_days = _date("--from", first), weeks * WEEK_DAYS, block_weeks * WEEK_DAYS
    _check_length(design, displays, weeks, block_weeks)
    with open_database(db, db_password_file) as store:
        through = books_through(store, displays)
        if through is None:
            raise EdgeError("expected all orders of the displays' products by day (lag any), found none; see the guide")
        if begin <= through:
            raise ConfigError(f"--from: expected a day after {through}, whose orders are known: a plan comes first")
        last = _date("--history-to", history_to) if history_to else through
        start = _date("--history-from", history_from) if history_from else last - timedelta(days=HISTORY_DAYS - 1)
        history, start = _begun(read_panel(store, displays, start, last, int(time.time())), start)
        lags, tagged = read_lags(store, displays, last)
    lot = secrets.randbelow(2**32) if seed is None else seed
    try:
        spread = placebo_spread(history, lags, design.value, days=days, block_days=block_days, seed=lot)
    except ValueError as error:
        raise EdgeError(f"{start} to {last}: {error}") from None
    schedule = draw(design.value, len(displays), days, block_days, lot)
    smallest = detectable(spread, schedule.replicates)
    plan = Plan(
        design.value, displays, begin, days, block_days, lot, smallest, tuple(lags.tolist()), (start, last),
        spans(schedule, begin),
    )  # fmt: skip
    _write(out, to_text(plan))
    _print_plan(plan, history, spread, tagged)
    print(f"\nwritten: {out}")


@experiment_app.command("read")
def read_command(
    plan: Annotated[Path, typer.Argument(help="As `plan` wrote it.")],
    db: DatabaseOption = None,
    db_password_file: PasswordFileOption = None,
) -> None:
    """Read a finished experiment: extra orders per visitor with a 95 % interval, or why nothing can be said."""
    planned = _plan(plan)
    with open_database(db, db_password_file) as store:
        panel = _finished(store, planned)
    try:
        found = effect(panel, planned.schedule(), planned.lag_curve())
    except ValueError as error:
        raise EdgeError(f"{plan}: {error}") from None
    print("\n".join(finding(planned, found)))


def finding(plan: Plan, found: Effect) -> list[str]:
    """What a reading says, as lines."""
    verdict = plan.verdict(found)
    interval = f"{100 * found.low:+.2f} to {100 * found.high:+.2f}"
    lines = [
        f"{len(plan.displays)} displays, {plan.first} to {plan.last}, {plan.design}, {len(found.replicates)} "
        + ("pairs" if plan.design == "matched" else "cycles"),
        f"smallest effect that was to be seen: {100 * plan.smallest:.2f} extra orders per 100 visitors (planned)",
    ]
    if verdict == "refused":
        text = "refused: what was found is below it, and is not told from nothing"
        return [*lines, f"{text}; 95 % interval {interval} extra orders per 100 visitors"]
    lines += [
        f"extra orders per 100 visitors: {100 * found.value:+.2f} (95 % interval {interval})",
        f"{found.extra_per_day:+.1f} orders a day and display, {100 * found.lift:+.0f} % of those without it",
    ]
    return [*lines, "an effect is shown" if verdict == "shown" else "unclear: the interval holds 0"]


def _finished(store: Store, plan: Plan) -> Panel:
    """The days of a plan, when they are over and known.

    Raises:
        EdgeError: They are not: what is read too early, or in part, shows what one hopes to see.
    """
    through = books_through(store, plan.displays)
    if through is None or through < plan.last:
        raise EdgeError(
            f"refused: the experiment ends on {plan.last}, the online shop's books on {through or 'no day'}; who looks "
            "before the end sees effects that are none"
        )
    panel = read_panel(store, plan.displays, plan.first, plan.last, int(time.time()))
    missing, unseen = (float(np.isnan(values).mean()) for values in (panel.orders, panel.visitors))
    if missing > 0.1:
        raise EdgeError(f"refused: expected all orders (lag any) of every day, {missing:.0%} of the days have none")
    if unseen > 0.5:
        raise EdgeError(f"refused: expected cameras that watch, {unseen:.0%} of the days were not watched enough")
    return panel


def _print_plan(plan: Plan, history: Panel, spread: float, tagged: int) -> None:

    level, visitors = np.nanmean(history.orders), np.nanmean(history.visitors)
    print(f"learned from {plan.history[0]} to {plan.history[1]}: {level:.1f} orders and {visitors:.0f} visitors a day")
    print(
        f"how orders follow a visit: from {tagged} tagged orders"
        if plan.lags[0] < 1.0
        else "too few tagged orders to know how late orders come: taken as at once, so an effect will look smaller"
    )
    print("\nweeks  smallest effect: extra orders per 100 visitors, share of the orders today")
    own = plan.days // WEEK_DAYS
    cycle = 2 * plan.block_days // WEEK_DAYS
    for weeks in sorted({own, *OTHER_WEEKS}) if plan.design == "rotate" else [own]:
        replicates = weeks // cycle if plan.design == "rotate" else len(plan.displays) // 2
        if replicates >= 3:
            smallest = detectable(spread, replicates)
            mark = "  <- this plan" if weeks == own else ""
            print(f"{weeks:5d}  {100 * smallest:6.2f}  {smallest * visitors / level:6.1%}{mark}")
    print("\ndisplays are on:")
    for (site, zone), parts in zip(plan.displays, plan.on, strict=True):
        print(f"  {site}/{zone}: " + ", ".join(f"{start} to {end}" for start, end in parts))


def _begun(panel: Panel, first: date) -> tuple[Panel, date]:
    """Without the days before orders of all displays and visitors are known."""
    known = (np.isfinite(panel.orders) & np.isfinite(panel.visitors)).all(axis=0)
    if not known.any():
        raise EdgeError("expected a day with orders (lag any) of every display that its camera watched, found none")
    at = int(known.argmax())
    return panel.part(slice(at, None)), first + timedelta(days=at)


def _displays(names: list[str], design: DesignChoice) -> tuple[tuple[str, str], ...]:
    for name in names:
        if not _DISPLAY.fullmatch(name):
            raise ConfigError(f"--display: expected site/zone, got {name!r}")
    if len(set(names)) != len(names):
        raise ConfigError("--display: expected each once")
    if design is DesignChoice.matched and len(names) % 2:
        raise ConfigError(f"--display: expected pairs, got {len(names)} displays")
    return tuple((name.partition("/")[0], name.partition("/")[2]) for name in names)


def _check_length(design: DesignChoice, displays: tuple[object, ...], weeks: int, block_weeks: int) -> None:

    step = 2 if design is DesignChoice.matched else 2 * block_weeks
    if weeks % step:
        raise ConfigError(f"--weeks: expected a multiple of {step}, got {weeks}")
    replicates = len(displays) // 2 if design is DesignChoice.matched else weeks // step
    if replicates < MIN_REPLICATES[design.value]:
        what = "pairs" if design is DesignChoice.matched else f"cycles of {step} weeks"
        raise ConfigError(f"expected {MIN_REPLICATES[design.value]} {what} or more, got {replicates}")


def _plan(path: Path) -> Plan:

    try:
        return from_text(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable plan, got: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:  # a plan that can be replaced afterwards is none
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path}: expected a new file, there is one; a plan is not written twice") from None
    except OSError as error:
        raise ConfigError(f"{path}: expected a place to write, got: {error.strerror}") from None


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option}: expected a date such as 2026-11-23, got {text!r}") from None
