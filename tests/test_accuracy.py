"""The accuracy benchmark: what it calls an error, that its rates see one film, and the tables it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import simulated_shop
from benchmarks.accuracy import CROWDINGS, Cell, reading_json
from benchmarks.accuracy_table import BEGIN, END, provenance, tables, write
from benchmarks.simulated_shop import Shop, count_shop, film, film_fps
from edge.evaluation.counts import Difference, LineScore, Score, ZoneScore
from edge.evaluation.truth import Event

FEW = CROWDINGS[0]


def shop(inward: Score, outward: Score) -> Shop:
    score = LineScore(inward, outward)
    wrong = Difference((Event(t_s=3.5, inward=True),), ())
    readings = dict.fromkeys(("raw", "settled", "uturns"), score)
    return Shop(
        readings, dict.fromkeys(readings, wrong), ZoneScore(Score(4, 5, 4), (0.1, -0.2, 4.0, -9.0), (0.1, -0.2, 4.0), 1)
    )


def cell(fps: float, *shops: Shop) -> Cell:
    result = Cell(FEW, fps)
    for seed, each in enumerate(shops):
        result.add(seed, each)
    return result


def result_of(*cells: Cell) -> dict[str, object]:
    about = {**provenance(), "crossings": 1000, "seed": 1, "jobs": 2, "minutes": 1.5}
    return {**about, "cells": [each.to_json() for each in cells]}


def test_missed_and_invented_ones_cancel_in_the_counts_and_not_one_by_one() -> None:
    # IN: 2 missed, 2 invented. OUT: 4 missed, 1 invented.
    reading = reading_json(
        [LineScore(Score(50, 50, 48), Score(50, 47, 46)), LineScore(Score(50, 50, 50), Score(50, 50, 50))]
    )

    assert reading["error"]["share"] == pytest.approx(9 / 200)
    assert reading["count_error"]["share"] == pytest.approx(3 / 100)
    assert reading["bias"]["share"] == pytest.approx(-3 / 200)
    for error in (reading[name] for name in ("error", "count_error", "bias")):
        low, high = error["ci"]
        assert low < error["share"] < high


def test_one_shop_alone_says_nothing_of_the_next_one_and_none_nothing_at_all() -> None:
    assert reading_json([LineScore(Score(5, 5, 5))])["bias"] == {"share": 0.0, "ci": None}
    assert reading_json([])["bias"] is reading_json([])["count_error"] is None


def test_a_target_that_was_not_reached_says_so() -> None:
    right, wrong = shop(Score(100, 100, 100), Score(100, 100, 100)), shop(Score(100, 97, 97), Score(100, 98, 98))
    kept, broken = (tables(result_of(cell(10.0, *shops))) for shops in ((right, right), (wrong, right)))

    assert kept.count("**missed**") == 1  # the dwell
    assert "| 5 | 10 | settled | 400 | 400 | 0 | 0 |" in kept
    assert "0.00 % (0.00 to 0.00), target 1 % |" in kept
    assert "| 5 | 10 | settled | 400 | 395 | 5 | 0 | 1.25 % " in broken
    assert "target 1 %: **missed**" in broken
    assert "target 0.5 %: **missed**" in broken
    assert (
        "| 5 | 10 | 8 | 0 | 2 | 2 | 0.20 s, target 0.3 s | 4.00 s, target 1.5 s: **missed** | +1.30 s | 9.00 s | "
        in broken
    )


def test_the_tables_are_written_between_the_marks(tmp_path: Path) -> None:
    document = tmp_path / "accuracy.md"
    document.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n", encoding="utf-8")
    result = result_of(cell(5.0, shop(Score(9, 9, 9), Score())))
    for _ in range(2):
        write(document, result)
    assert document.read_text(encoding="utf-8") == f"before\n\n{BEGIN}\n\n{tables(result)}\n\n{END}\n\nafter\n"

    document.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="expected the marks"):
        write(document, result)
    assert document.read_text(encoding="utf-8") == "no marks"


def test_cases_name_the_shop_and_the_time() -> None:
    found = cell(5.0, shop(Score(1, 0, 0), Score())).to_json()["cases"]["settled"]
    assert found == [{"seed": 0, "what": "missed", "t_s": 3.5, "inward": True}]


def test_all_rates_look_at_one_film_and_its_truth_and_each_finds_most_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_shop, "SHOP_S", 240.0)
    assert [film_fps(fps) for fps in (5.0, 10.0, 15.0, 30.0)] == [10.0, 10.0, 30.0, 30.0]
    both, alone = count_shop(3, FEW, [10.0, 5.0]), count_shop(3, FEW, [5.0])

    assert both[5.0] == alone[5.0]
    for name in ("raw", "settled"):
        fast, slow = (both[fps].readings[name].directions["both"] for fps in (10.0, 5.0))
        assert fast.true == slow.true >= 10
        assert min(fast.matched, slow.matched) >= 0.8 * fast.true
    fast_views, slow_views = (list(film(3, FEW, fps)[1]) for fps in (10.0, 5.0))
    assert [view.detections.mono_s for view in fast_views[::2]] == [view.detections.mono_s for view in slow_views]
    assert (fast_views[40].detections.boxes == slow_views[20].detections.boxes).all()
