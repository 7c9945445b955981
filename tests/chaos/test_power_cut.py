"""The power goes at any moment of a run of the real outbox; the disk tears what was not synced."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from edge.adapters.outbox import Outbox
from tests.chaos.counting import STEP_S, keeper, sums
from tests.powercut import Disk, Event, record


def cut_power(folder: Path, *, intervals: int, points: int, seed: int, honest: bool = True) -> list[int]:
    """Counts, cuts the power at some moments, and starts again after each; seconds that each cut cost.

    A disk that is not `honest` says that it has synced, and has not.
    """
    state = folder / "state"
    state.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.chaos.counting", str(state), str(intervals)]
    events = record(command, state, folder / "strace.log")
    assert sum(event.call == "sync" for event in events) > intervals, "strace saw the database"
    chance = random.Random(seed)
    moments = sorted(chance.choices(range(_first_said(events), len(events)), k=points))
    disk, lost, done = Disk(state), [], 0
    for number, moment in enumerate(moments):
        for event in events[done:moment]:
            if honest or event.call != "sync":
                disk.do(event)
        done = moment
        after = folder / f"cut-{number}"
        disk.cut(after, chance)
        lost.append(_start_again(after, safe_s=int(disk.said.split()[-1])))
    return lost


def _first_said(events: list[Event]) -> int:
    return next(index for index, event in enumerate(events) if event.call == "say") + 1


def _start_again(folder: Path, safe_s: int) -> int:
    """What a service finds after the cut: everything that was committed, and the books agree."""
    with Outbox(folder / "outbox.db") as outbox:
        assert not outbox.replaced, "the database is damaged"
        keeper(outbox, "0badcafe0badcafe")
        visitors, watched_s = sums(outbox)
    assert visitors == watched_s, "a visitor a second of what is said to have been watched"
    assert visitors >= safe_s, "what was committed is lost"
    assert visitors <= safe_s + STEP_S
    return max(0, safe_s + STEP_S - visitors)


def test_what_was_committed_survives_a_power_cut_at_any_moment(tmp_path: Path) -> None:
    lost = cut_power(tmp_path, intervals=12, points=60, seed=1)
    assert len(lost) == 60
    assert max(lost) <= STEP_S


def test_a_disk_that_lies_about_syncing_would_be_found_out(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"damaged|lost"):
        cut_power(tmp_path, intervals=3, points=20, seed=1, honest=False)
