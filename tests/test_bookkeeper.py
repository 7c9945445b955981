"""The bookkeeper against kills, clocks that are wrong, and disks that are full; with a real outbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.outbox import FullError, Outbox
from edge.bookkeeper import Bookkeeper
from edge.core.books import Sender
from edge.core.occupancy import business_day
from edge.core.report import IntervalReport, LineFacts, ZoneFacts

START = 1_795_392_000
RUN, NEXT_RUN = "feedfacefeedface", "0badcafe0badcafe"
MACHINE = {"boot": "the-machine's-first-boot", "synchronised": True, "mono_s": 1000.0, "utc_s": float(START)}


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The clocks of the machine, which a test moves."""
    state = dict(MACHINE)
    monkeypatch.setattr("edge.adapters.clock.synchronised", lambda: state["synchronised"])
    monkeypatch.setattr("edge.adapters.clock.machine_boot", lambda: state["boot"])
    monkeypatch.setattr("edge.bookkeeper.time.time", lambda: state["utc_s"])
    monkeypatch.setattr("edge.bookkeeper.time.monotonic", lambda: state["mono_s"])
    return state


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db", mono=lambda: 0.0) as outbox:
        yield outbox


def keeper(outbox: Outbox, boot_id: str = RUN, *, retain_s: float = 259_200.0, live: bool = True) -> Bookkeeper:
    def day(utc_s: float) -> str:
        return business_day(utc_s, "UTC", "04:00")

    return Bookkeeper(outbox, Sender("shop", "box", boot_id), day, retain_s=retain_s, live=live)


def report(number: int, in_: int = 1, **more: Any) -> IntervalReport:
    start = START + 300 * number
    known: dict[str, Any] = {"observed_s": 300.0, "frames": 3000, "config_id": "0123456789abcdef"}
    return IntervalReport(start, start + 300, {"door": LineFacts(in_=in_)}, {}, **(known | more))


def unsynced(number: int, machine_mono_s: float, **more: Any) -> IntervalReport:
    """Of a box that believes to be in 1970."""
    made = report(number, clock="unsynced", end_mono_s=machine_mono_s, **more)
    return replace(made, start_utc_s=made.start_utc_s - START, end_utc_s=made.end_utc_s - START)


def door(outbox: Outbox) -> list[dict[str, Any]]:
    rows = [row.message for row in outbox.pending(0, 100_000) if row.message.series == "line/door"]
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [json.loads(row.payload) for row in rows]


def starts(outbox: Outbox) -> list[str]:
    return [row["start"][11:16] for row in door(outbox)]


# Power.


def test_what_was_open_when_the_run_was_cut_off_is_booked_by_the_next(outbox: Outbox) -> None:
    first = keeper(outbox)
    first.book([], [report(0, 2, observed_s=10.0)])
    first.book([report(0, 5)], [report(1, 3, observed_s=15.0)])
    assert [row["in"] for row in door(outbox)] == [5], "what is open is no row"
    keeper(outbox, NEXT_RUN)
    assert [(row["in"], row["observed_s"], row["boot_id"]) for row in door(outbox)] == [
        (5, 300.0, RUN),
        (3, 15.0, RUN),
    ]
    keeper(outbox, "00000000")
    assert len(door(outbox)) == 2, "once"


@pytest.mark.parametrize("killed", [True, False])
def test_stays_that_wait_for_company_outlive_a_run(outbox: Outbox, killed: bool) -> None:
    """With the default min_count of 5: three in the first run, killed or stopped, and two in the next."""

    def zone(number: int, ended: int) -> IntervalReport:
        return replace(report(number), zones={"table": ZoneFacts(left=ended, histogram=(0, ended, 0, 0, 0, 0, 0, 0))})

    first = keeper(outbox)
    first.book([], [zone(0, 3)])
    if not killed:
        first.finish([zone(0, 3)])
    keeper(outbox, NEXT_RUN).finish([zone(1, 2)])
    rows = [json.loads(row.message.payload) for row in outbox.pending(0, 100) if row.message.series == "zone/table"]
    assert [(row["left"], sum(row["histogram"])) for row in rows] == [(3, 0), (2, 5)]


def test_after_a_clean_stop_there_is_nothing_to_book(outbox: Outbox) -> None:
    first = keeper(outbox)
    first.book([], [report(0, 2)])
    first.finish([report(0, 4, observed_s=100.0)])
    keeper(outbox, NEXT_RUN)
    assert [row["in"] for row in door(outbox)] == [4]


def test_a_note_that_cannot_be_read_is_no_reason_to_stop(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    outbox.keep({"tally": '[{"report": 7}]'})
    keeper(outbox).finish([report(0)])
    assert len(door(outbox)) == 1
    assert "what the last run left open is lost" in caplog.text


# Missed time.


def test_time_that_nobody_watched_has_rows(outbox: Outbox) -> None:
    first = keeper(outbox)
    first.book([report(0), report(1)], [report(2, 2, observed_s=20.0)])
    second = keeper(outbox, NEXT_RUN)
    second.book([report(6, 4)], [])
    second.book([report(7, 4)], [])
    assert [(row["start"][14:16], row["in"], row["observed_s"], row["status"]) for row in door(outbox)] == [
        ("00", 1, 300.0, "ok"),
        ("05", 1, 300.0, "ok"),
        ("10", 2, 20.0, "ok"),
        ("15", 0, 0.0, "no_frames"),
        ("20", 0, 0.0, "no_frames"),
        ("25", 0, 0.0, "no_frames"),
        ("30", 4, 300.0, "ok"),
        ("35", 4, 300.0, "ok"),
    ]
    assert {row["boot_id"] for row in door(outbox)[3:]} == {NEXT_RUN}


def test_missed_time_goes_back_as_far_as_rows_are_kept(outbox: Outbox) -> None:
    keeper(outbox).finish([report(0)])
    keeper(outbox, NEXT_RUN, retain_s=3600.0).book([report(2000)], [])
    rows = door(outbox)
    assert len(rows) == 1 + 12 + 1
    assert sum(row["observed_s"] == 0.0 for row in rows) == 12


def test_a_new_box_a_quick_restart_and_a_file_miss_nothing(outbox: Outbox) -> None:
    keeper(outbox).finish([report(0), report(1, observed_s=50.0)])
    keeper(outbox, NEXT_RUN).finish([report(1, observed_s=70.0), report(2)])
    keeper(outbox, "00000000", live=False).finish([report(90)])
    assert [row["observed_s"] for row in door(outbox)] == [300.0, 50.0, 70.0, 300.0, 300.0]


def test_after_two_hours_unwatched_nobody_knows_who_is_inside(outbox: Outbox) -> None:
    keeper(outbox).finish([report(48, 9)])  # four hours into the day, which begins with it
    keeper(outbox, NEXT_RUN).finish([report(80)])
    rows = [json.loads(row.message.payload) for row in outbox.pending(0, 1000) if row.message.series == "occupancy"]
    known = [row["occ_raw"] for row in rows]
    assert known[:25] == [9] * 25
    assert set(known[26:]) == {None}


# Clock.


def test_rows_of_a_boot_without_a_clock_get_their_real_time_before_they_are_sent(
    outbox: Outbox, machine: dict[str, Any]
) -> None:
    machine.update(synchronised=False, utc_s=300.0)
    keeper_ = keeper(outbox)
    keeper_.book([unsynced(0, 1300.0), unsynced(1, 1600.0)], [unsynced(2, 1900.0, observed_s=5.0)])
    assert not keeper_.attend(reachable=True)
    assert keeper_.waiting == 2
    assert outbox.pending(0, 10) == []
    machine.update(synchronised=True, mono_s=1610.0, utc_s=START + 3600.0 + 10.0)  # the second one ended at 01:00
    assert keeper_.attend(reachable=True)
    assert keeper_.waiting == 0
    assert [(row["start"], row["end"], row["clock"]) for row in door(outbox)] == [
        ("2026-11-23T00:50:00Z", "2026-11-23T00:55:00Z", "synced"),
        ("2026-11-23T00:55:00Z", "2026-11-23T01:00:00Z", "synced"),
    ]
    days = [json.loads(row.message.payload).get("business_day") for row in outbox.pending(0, 10)]
    assert set(days) == {None, "2026-11-22"}, "no day of 1970 came and went"
    keeper_.book([unsynced(2, 1900.0)], [])  # the one that ran when the clock came
    assert keeper_.waiting == 1
    machine["mono_s"], machine["utc_s"] = 1901.0, START + 3600.0 + 301.0
    assert keeper_.attend(reachable=True)
    assert door(outbox)[-1]["start"] == "2026-11-23T01:00:00Z"


def test_they_are_stamped_by_the_next_run_too_if_the_machine_ran_on(outbox: Outbox, machine: dict[str, Any]) -> None:
    machine["synchronised"] = False
    keeper(outbox).book([unsynced(0, 1300.0)], [unsynced(1, 1600.0, observed_s=7.0)])
    machine.update(synchronised=True, mono_s=2000.0, utc_s=START + 2000.0)
    keeper(outbox, NEXT_RUN)
    assert [(row["start"][11:16], row["clock"], row["boot_id"]) for row in door(outbox)] == [
        ("00:15", "synced", RUN),
        ("00:20", "synced", RUN),
    ]


def test_of_another_boot_of_the_machine_nobody_knows_when_it_was(outbox: Outbox, machine: dict[str, Any]) -> None:
    machine["synchronised"] = False
    keeper(outbox).book([unsynced(0, 1300.0)], [])
    machine.update(synchronised=True, boot="another boot", mono_s=50.0)
    keeper(outbox, NEXT_RUN)
    assert [(row["start"], row["clock"]) for row in door(outbox)] == [("1970-01-01T00:00:00Z", "unsynced")]


def test_patience_ends_only_while_somebody_could_read_the_rows(outbox: Outbox, machine: dict[str, Any]) -> None:
    machine["synchronised"] = False
    keeper_ = keeper(outbox)
    keeper_.book([unsynced(0, 1300.0)], [])
    for _ in range(100):
        machine["mono_s"] += 600.0
        assert not keeper_.attend(reachable=False)
    for wait_s, booked in ((1.0, False), (590.0, False), (11.0, True)):
        machine["mono_s"] += wait_s
        assert keeper_.attend(reachable=True) is booked
    assert door(outbox)[0]["clock"] == "unsynced"
    keeper_.book([unsynced(1, 1600.0)], [])
    assert len(door(outbox)) == 2, "from now on at once"


def test_the_end_of_a_run_waits_for_nothing(outbox: Outbox, machine: dict[str, Any]) -> None:
    machine["synchronised"] = False
    keeper_ = keeper(outbox)
    keeper_.book([unsynced(0, 1300.0)], [])
    keeper_.finish([unsynced(1, 1600.0)])
    assert [row["clock"] for row in door(outbox)] == ["unsynced"] * 2


def test_missed_time_is_told_once_the_clock_is_right(outbox: Outbox, machine: dict[str, Any]) -> None:
    keeper(outbox).finish([report(0)])
    machine["synchronised"] = False
    keeper_ = keeper(outbox, NEXT_RUN)
    keeper_.book([unsynced(0, 1300.0)], [])
    machine.update(synchronised=True, mono_s=1301.0, utc_s=START + 1501.0)
    keeper_.attend(reachable=True)
    assert starts(outbox) == ["00:00", "00:05", "00:10", "00:15", "00:20"]
    assert [row["observed_s"] for row in door(outbox)] == [300.0, 0.0, 0.0, 0.0, 300.0]


def test_a_clock_that_is_set_makes_no_negative_and_no_lost_interval(outbox: Outbox) -> None:
    keeper_ = keeper(outbox)
    for number in (0, 1, 13, 14, 14 - 288, 15 - 288, 16):  # an hour on, a day back, and right again
        keeper_.book([report(number, 2)], [])
    rows = door(outbox)
    assert sum(row["in"] for row in rows) == 14 == outbox.books.totals["door"].in_
    assert all(row["end"] > row["start"] for row in rows)


# Disk.


def test_what_finds_no_room_waits_and_is_stored_later(
    outbox: Outbox, machine: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise FullError("no room")

    keeper_ = keeper(outbox)
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "post", full)
        patch.setattr(Outbox, "keep", full)
        for number in range(1003):
            assert not keeper_.book([report(number)], [report(number + 1, observed_s=1.0)])
        assert (keeper_.state, keeper_.waiting, keeper_.dropped) == ("full", 1000, 3)
        machine["mono_s"] += 10.0
        assert not keeper_.attend(reachable=True)
    machine["mono_s"] += 0.6
    assert keeper_.attend(reachable=True)
    assert (keeper_.state, keeper_.waiting, keeper_.dropped) == ("ok", 0, 3)
    assert len(door(outbox)) == 1000
    keeper(outbox, NEXT_RUN)
    assert len(door(outbox)) == 1001, "and the tally is there"


def test_a_replaced_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_text("no database")
    with Outbox(tmp_path / "outbox.db") as outbox:
        assert keeper(outbox).state == "replaced"
