"""How often the intervals of the analytics hold the truth, on simulated shops; beside what a user might do instead.

    python -m benchmarks.estimators --write docs/conversion.md

Every line is so many runs with seeds 0, 1, 2 and so on. The share of runs that hold the truth is itself only known to
one point at 2000 runs (to two at 400), so 93 to 97 % is what an honest 95 % interval shows.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only wait for each other

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from analytics.estimate.cohort import CountedDay, TaggedDay, cohorts
from analytics.estimate.conversion import convert
from analytics.estimate.design import Kind, Schedule, draw
from analytics.estimate.experiment import Panel, detectable, effect, placebo_spread
from analytics.estimate.histogram import EDGES_S, merge, quantile
from analytics.estimate.wilson import CountError, share_interval
from analytics.online import LAG_DAYS
from analytics.simulate.orders import HORIZON_DAYS, base, lag_days, moved, tagged
from analytics.simulate.town import Ints, town, visits

FIRST = date(2026, 1, 5)
BEGIN, END = "<!-- estimators: begin -->", "<!-- estimators: end -->"
Line = tuple[str, ...]


@dataclass(frozen=True)
class Shop:
    """A shop with tagged displays: visitors of a mean day, days, crossings that an audit compared, cause of trouble."""

    name: str
    visitors: float
    days: int
    audited: int
    outage: bool = False


@dataclass(frozen=True)
class Trial:
    """An experiment."""

    name: str
    kind: Kind = "rotate"
    displays: int = 3
    weeks: int = 12
    weather: float = 0.2


SHOPS = (
    Shop("60 visitors a day, 30 days, 200 crossings audited", 60, 30, 200),
    Shop("450 a day, 30 days, 400 audited", 450, 30, 400),
    Shop("1500 a day, 90 days, 400 audited", 1500, 90, 400),
    Shop("450 a day, 90 days, 400 audited, the camera fails for 5 days", 450, 90, 400, outage=True),
)
TRIALS = (
    Trial("3 displays rotate, 12 weeks, weather"),
    Trial("3 displays rotate, 12 weeks, no weather", weather=0.0),
    Trial("6 displays rotate, 8 weeks, weather", displays=6, weeks=8),
    Trial("1 display rotates, 26 weeks, weather", displays=1, weeks=26),
    Trial("5 matched pairs, 12 weeks, weather", kind="matched", displays=10),
)
EFFECT = 0.05
SHARE, SCAN, ORDER, CANCELLED, RECALL = 0.4, 0.2, 0.25, 0.06, 0.95


def one_conversion(shop: Shop, seed: int) -> tuple[bool, bool, bool]:
    """Whether the truth is in our interval, in Wilson's of the counts as they are, and in that of both ends."""
    random = np.random.Generator(np.random.PCG64([seed, 1]))
    place = town(FIRST, shop.days, random)
    true = visits(shop.visitors, place, random)
    engaged = random.binomial(true, SHARE)
    code = tagged(engaged, SCAN, ORDER, CANCELLED, random)
    watched = np.ones(shop.days)
    if shop.outage:
        watched[20:25] = (0.4, 0.0, 0.0, 0.0, 0.7)
    seen = random.binomial(true, RECALL * watched)
    counted = [
        CountedDay("shop", FIRST + timedelta(days=day), int(seen[day]), {"zone": int(engaged[day])}, watched[day])
        for day in range(shop.days)
    ]
    days = [
        TaggedDay("shop", "zone", FIRST + timedelta(days=day), lag, int(code.scans[day]) if lag == "0d" else 0, 0,
                  int(code.orders[day, bucket]), int(code.cancelled[day, bucket]))
        for day in range(shop.days) for bucket, lag in enumerate(LAG_DAYS)
    ]  # fmt: skip
    missed = int(random.binomial(shop.audited, 1.0 - RECALL))
    low, high = share_interval(missed, shop.audited)
    error = CountError(-missed / shop.audited, -high, -low)
    as_of = FIRST + timedelta(days=shop.days - 1)
    found = convert(cohorts(counted, days, as_of).cohorts, as_of, visitors_error=error).conversion_7d.ratio
    truth = SHARE * SCAN * ORDER * (1.0 - CANCELLED) * float(lag_days()[:8].sum())
    if found is None:
        raise RuntimeError(f"{shop.name}: too few orders to show anything; a larger shop is needed")
    plain = share_interval(found.hits, found.of)
    ends = plain[0] * (1.0 + error.low), plain[1] * (1.0 + error.high)
    return found.low <= truth <= found.high, plain[0] <= truth <= plain[1], ends[0] <= truth <= ends[1]


def happen(trial: Trial, schedule: Schedule, share: float, random: np.random.Generator) -> Panel:
    """What happens in shops of different size while displays are switched, after a month in which none is."""
    days = HORIZON_DAYS + schedule.on.shape[1]
    place = town(FIRST, days, random, weather_effect=trial.weather)
    orders: list[Ints] = []
    visitors: list[Ints] = []
    for row in schedule.on:
        size = float(np.exp(random.normal(0.0, 0.4)))
        came = visits(400.0 * size, place, random)
        on = np.concatenate([np.zeros(HORIZON_DAYS), row])
        own = base(40.0 * size * float(np.exp(random.normal(0.0, 0.3))), place, random)
        orders.append(own + moved(came, share * on, random))
        visitors.append(random.binomial(came, RECALL))
    whole = Panel(np.array(orders, float), np.array(visitors, float), place.weekday.tolist())
    return whole.part(slice(HORIZON_DAYS, None))


def one_trial(trial: Trial, share: float, seed: int) -> tuple[bool, bool, bool]:
    """Whether the truth is in the interval, whether 0 is outside, and whether a test over single days finds something.

    The truth is per counted visitor, as the estimate is.
    """
    random = np.random.Generator(np.random.PCG64([seed, 2]))
    schedule = draw(trial.kind, trial.displays, 7 * trial.weeks, 7, seed)
    panel = happen(trial, schedule, share, random)
    found = effect(panel, schedule, lag_days())
    return found.low <= share / RECALL <= found.high, not found.low <= 0.0 <= found.high, by_days(panel, schedule)


def by_days(panel: Panel, schedule: Schedule) -> bool:
    """What many would do: orders of days with the display against days without, as if days were independent."""
    level = panel.orders / panel.orders.mean(axis=1, keepdims=True)
    on, off = level[schedule.on], level[~schedule.on]
    error = np.sqrt(on.var(ddof=1) / on.size + off.var(ddof=1) / off.size)
    return bool(abs(on.mean() - off.mean()) > 1.96 * error)


def smallest(trial: Trial, seeds: range) -> float:
    """The minimum detectable effect, mean over the pasts of some shops, each as long as the experiment."""
    found = []
    for seed in seeds:
        off = draw(trial.kind, trial.displays, 7 * trial.weeks, 7, seed)
        still = Schedule(np.zeros_like(off.on), off.replicate)
        past = happen(trial, still, 0.0, np.random.Generator(np.random.PCG64([seed, 3])))
        spread = placebo_spread(past, lag_days(), trial.kind, days=7 * trial.weeks, block_days=7, seed=seed)
        found.append(detectable(spread, off.replicates))
    return float(np.mean(found))


def one_histogram(seed: int) -> tuple[bool, bool, float, float]:
    """Whether the exact median and p90 lie in their bins, and how far off the guesses are, s; inf in the open bin."""
    random = np.random.Generator(np.random.PCG64([seed, 4]))
    stays = int(random.integers(1, 5000))
    length = random.lognormal(np.log(random.uniform(2.0, 120.0)), random.uniform(0.3, 1.8), stays)
    length[random.random(stays) < random.uniform(0.0, 0.5)] *= random.uniform(0.1, 5.0)
    interval = random.integers(0, int(random.integers(1, 200)), stays)
    parts = [np.histogram(length[interval == part], [*EDGES_S, np.inf])[0].tolist() for part in np.unique(interval)]
    bins = merge(parts)
    inside, off = [], []
    for share in (0.5, 0.9):
        guess = quantile(bins, share)
        exact = float(np.quantile(length, share, method="inverted_cdf"))
        if guess is None:
            raise RuntimeError("expected visits")
        inside.append(guess.low_s <= exact <= guess.high_s and abs(exact - guess.value_s) <= guess.error_s)
        off.append(abs(exact - guess.value_s) / exact if np.isfinite(guess.high_s) else np.nan)
    return inside[0], inside[1], off[0], off[1]


def shares(name: str, runs: int, one: Callable[[int], tuple[bool, ...]]) -> tuple[float, ...]:
    """Share of the runs in which each answer is yes."""
    start = time.monotonic()
    rows = []
    for run in range(runs):
        rows.append(one(run))
        if sys.stderr.isatty() or run == runs - 1:
            print(f"\r{name}: {run + 1}/{runs}, {time.monotonic() - start:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return tuple(float(share) for share in np.mean(np.array(rows, float), axis=0))


def conversion_lines(runs: int) -> list[Line]:
    """The table of tagged conversion."""
    head = ("tagged conversion, truth 1.77 %", "ours", "Wilson on the counts alone", "ends of both intervals")
    return [head, *((shop.name, *_percents(shares(shop.name, runs, partial(one_conversion, shop)))) for shop in SHOPS)]


def trial_lines(runs: int) -> list[Line]:
    """The table of experiments."""
    lines: list[Line] = [
        ("experiment", "holds an effect of 5", "holds none", "false positives", "same, days as independent",
         "smallest effect", "found at that size")
    ]  # fmt: skip
    for trial in TRIALS:
        held, _, _ = shares(f"{trial.name}, effect", runs, partial(one_trial, trial, EFFECT))
        null = shares(f"{trial.name}, none", runs, partial(one_trial, trial, 0.0))
        least = smallest(trial, range(10_000, 10_020))
        _, power, _ = shares(f"{trial.name}, smallest", runs, partial(one_trial, trial, least * RECALL))
        lines.append((trial.name, *_percents((held, *null)), f"{100 * least:.2f}", *_percents((power,))))
    return lines


def histogram_lines(shops: int) -> list[Line]:
    """The table of merged histograms."""
    rows = np.array([one_histogram(seed) for seed in range(shops)], float)
    table = np.stack([rows[:, :2].mean(axis=0), np.nanmedian(rows[:, 2:], axis=0), np.isnan(rows[:, 2:]).mean(axis=0)])
    head = (f"merged histograms, {shops} random shops", "within the bin error", "off by (median)", "in the open bin")
    return [head, *((name, *_percents(column)) for name, column in zip(("median", "p90"), table.T, strict=True))]


def _percents(parts: Iterable[float]) -> Iterator[str]:
    return (f"{100 * share:.1f} %" for share in parts)


def markdown(tables: list[list[Line]]) -> str:
    """Tables for a document."""
    parts = []
    for head, *body in tables:
        rule = ("---", *("---:" for _ in head[1:]))
        parts.append("\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *body)))
    return "\n\n".join(parts)


def main() -> None:
    """Runs all, prints the tables, and writes them into a document when asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=2000, help="of each line (default: 2000)")
    parser.add_argument("--shops", type=int, default=1000, help="for the histograms (default: 1000)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables between the marks of this document")
    arguments = parser.parse_args()
    tables = [conversion_lines(arguments.runs), trial_lines(arguments.runs), histogram_lines(arguments.shops)]
    made = f"{arguments.runs} runs a line; Python {platform.python_version()}, numpy {np.__version__}."
    text = f"{markdown(tables)}\n\n{made}"
    print(text)
    if arguments.write is not None:
        before, _, rest = arguments.write.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        arguments.write.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
