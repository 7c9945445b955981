"""The books: rows with numbers without gaps, registers that are their sums, histograms that wait but never vanish."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.books import Books, Sender
from edge.core.message import LineRow, Message, OccupancyRow, Payload, TotalRow, ZoneRow, utc_text
from edge.core.report import HISTOGRAM_EDGES_S, IntervalReport, LineFacts, ZoneFacts

EPOCH, BOOT = "00112233aabbccdd", "feedfacefeedface"
START = 1_795_392_000
COUNT = st.integers(0, 9)
BINS = st.lists(st.integers(0, 3), min_size=len(HISTOGRAM_EDGES_S), max_size=len(HISTOGRAM_EDGES_S)).map(tuple)
LINES = st.builds(LineFacts, *[COUNT] * 9)
ZONES = st.builds(
    ZoneFacts, entered=COUNT, stop=COUNT, left=COUNT, left_s=st.floats(0, 1e4), histogram=BINS, peak=COUNT
)
FACTS = st.tuples(
    st.dictionaries(st.sampled_from(["door", "gate"]), LINES),
    st.dictionaries(st.sampled_from(["table", "sofa"]), ZONES),
)


def sender(min_count: int = 5) -> Sender:
    return Sender("shop", "box", BOOT, min_count)


def report(
    number: int = 0, lines: dict[str, LineFacts] | None = None, zones: dict[str, ZoneFacts] | None = None, **more: Any
) -> IntervalReport:
    start = START + 60 * number
    facts: dict[str, Any] = {"observed_s": 60.0, "frames": 600, "config_id": "abcdef0123456789"}
    return IntervalReport(start, start + 60, lines or {}, zones or {}, **(facts | more))


def payload(message: Message) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(message.payload)
    return decoded


@given(st.lists(FACTS, max_size=12), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_rows_registers_and_histograms_are_one_set_of_books(intervals, min_count):
    books, messages = Books(EPOCH), list[Message]()
    for number, (lines, zones) in enumerate(intervals):
        books = Books.from_json(books.to_json())  # a restart between any two intervals changes nothing
        posted, books = books.post(report(number, lines, zones), sender(min_count), "2026-11-23")
        messages += posted

    seqs, rows = defaultdict(list), defaultdict(list)
    for message in messages:
        if message.series:
            assert not message.retain
            seqs[message.series].append(message.seq)
            rows[message.series].append(payload(message))
            assert (payload(message)["series"], payload(message)["seq"]) == (message.series, message.seq)
        else:
            assert message.retain
            assert message.topic.startswith("traffic/v1/shop/box/total/")
    assert all(seq == list(range(1, len(seq) + 1)) for seq in seqs.values())
    assert books.last_seq == {series: len(seq) for series, seq in seqs.items()}
    assert len(rows["occupancy"]) == len(intervals)
    for name, total in books.totals.items():
        table = rows[f"line/{name}"]
        wired = {"in_": "in"}
        assert asdict(total) == {key: sum(row[wired.get(key, key)] for row in table) for key in asdict(total)}
    for name in {name for _, zones in intervals for name in zones}:
        shown = [row["histogram"] for row in rows[f"zone/{name}"]]
        true = [zones[name].histogram for _, zones in intervals if name in zones]
        together = [sum(column) for column in zip(*shown, books.carried[name], strict=True)]
        assert together == [sum(column) for column in zip(*true, strict=True)]
        assert all(sum(bins) == 0 or sum(bins) >= min_count for bins in shown)
        assert sum(books.carried[name]) < min_count


RUNS = st.lists(st.tuples(FACTS, st.integers(1, 12), st.sampled_from(["2026-11-23", "2026-11-24"])), max_size=30)


@given(RUNS)
@settings(max_examples=200, deadline=None)
def test_no_histogram_of_a_few_is_shown_and_none_of_their_stays_is_lost(runs):
    """Whatever happens: another min_count by a reload, a new business day, a restart, zones that come and go."""
    books, ended, shown = Books(EPOCH), Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for number, ((lines, zones), min_count, day) in enumerate(runs):
        posted, books = Books.from_json(books.to_json()).post(report(number, lines, zones), sender(min_count), day)
        rows = [payload(message) for message in posted if message.series.startswith("zone/")]
        for row in rows:
            assert not 0 < sum(row["histogram"]) < min_count
            shown.update({(row["zone"], at): count for at, count in enumerate(row["histogram"])})
        ended.update({(name, at): count for name, zone in zones.items() for at, count in enumerate(zone.histogram)})
        waiting = Counter({(name, at): count for name, bins in books.carried.items() for at, count in enumerate(bins)})
        assert +ended == +(shown + waiting), "exact at every moment, not only in the end"
        assert all(sum(books.carried[row["zone"]]) < min_count for row in rows)


def test_what_waits_goes_out_with_the_first_company_on_a_later_day():
    few, more = (
        ZoneFacts(left=sum(bins), histogram=bins) for bins in ((0, 2, 1, 0, 0, 0, 0, 0), (0, 1, 0, 0, 1, 0, 0, 0))
    )
    messages, books = Books(EPOCH).post(report(0, zones={"table": few}), sender(), "2026-11-23")
    assert (payload(messages[0])["histogram"], payload(messages[0])["left"]) == ([0] * 8, 3), (
        "counted, but not by length"
    )
    messages, books = books.post(report(1, zones={"table": ZoneFacts()}), sender(), "2026-11-24")
    assert payload(messages[0])["histogram"] == [0] * 8, "a day's end shows nobody"
    messages, books = books.post(report(2, zones={"table": more}), sender(), "2026-11-24")
    assert payload(messages[0])["histogram"] == [0, 3, 1, 0, 1, 0, 0, 0]
    assert books.carried["table"] == (0,) * 8


def test_the_register_beside_a_row_includes_it():
    _, books = Books(EPOCH).post(report(0, {"door": LineFacts(in_=3, out=1, uturns=2)}), sender(), "2026-11-23")
    row, register, _ = books.post(report(1, {"door": LineFacts(in_=4, in_raw=6)}), sender(), "2026-11-23")[0]

    assert (row.topic, register.topic) == ("traffic/v1/shop/box/line/door", "traffic/v1/shop/box/total/door")
    assert payload(row)["in"] == 4
    told = payload(register)
    assert (told["in"], told["out"], told["in_raw"], told["uturns"], told["seq"]) == (7, 1, 6, 2, payload(row)["seq"])
    assert told["end"] == payload(row)["end"] == "2026-11-23T00:02:00Z"


def test_an_interval_in_which_nothing_happened_is_sent_too():
    nothing = report(0, {"door": LineFacts()}, {"table": ZoneFacts()}, observed_s=0.0, frames=0, status="no_frames")
    messages, _ = Books(EPOCH).post(nothing, sender(), "2026-11-23")

    line, _, zone, occupancy = (message.payload for message in messages)
    assert LineRow.model_validate_json(line).in_ == 0
    assert ZoneRow.model_validate_json(zone).histogram == (0,) * 8
    assert OccupancyRow.model_validate_json(occupancy).occ == 0
    for text in (line, zone, occupancy):
        row = json.loads(text)
        assert (row["status"], row["observed_s"], row["frames"], row["fps"]) == ("no_frames", 0.0, 0, 0.0)


def test_the_site_is_the_sum_of_its_lines():
    lines = {"door": LineFacts(in_=5, out=1), "gate": LineFacts(in_=0, out=3)}
    messages, books = Books(EPOCH).post(report(0, lines), sender(), "2026-11-23")
    assert payload(messages[-1])["occ_raw"] == 1
    messages, _ = books.post(report(1, {"gate": LineFacts(out=4)}), sender(), "2026-11-23")
    assert (payload(messages[-1])["occ_raw"], payload(messages[-1])["occ"], payload(messages[-1])["clamped"]) == (
        -3,
        0,
        True,
    )


def test_posting_leaves_the_books_as_they_were():
    """The outbox may have to roll back: a new page, not ink over the old one."""
    books = Books(EPOCH)
    before = books.to_json()
    lines, zones = {"door": LineFacts(in_=1)}, {"table": ZoneFacts(histogram=(1,) * 8)}
    first, after = books.post(report(0, lines, zones), sender(99), "2026-11-23")
    again, _ = books.post(report(0, lines, zones), sender(99), "2026-11-23")
    assert books.to_json() == before != after.to_json()
    assert first == again


def test_every_message_is_of_the_closed_models():
    lines, zones = {"door": LineFacts(in_=1)}, {"table": ZoneFacts(pass_=2, left_s=1.23456, presence_s=9.87654)}
    models: list[type[Payload]] = [LineRow, TotalRow, ZoneRow, OccupancyRow]
    messages, _ = Books(EPOCH).post(report(0, lines, zones), sender(), "2026-11-23")
    for model, message in zip(models, messages, strict=True):
        assert model.model_validate_json(message.payload).wire() == message.payload
    assert payload(messages[2])["left_s"] == 1.23
    assert payload(messages[0])["end"] == utc_text(START + 60)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", '"x"', "{}", '{"epoch": "00"}',
     Books(EPOCH).to_json().replace('"totals": {}', '"totals": []'),
     Books(EPOCH).to_json().replace('"carried": {}', '"carried": {"table": 5}'),
     Books(EPOCH).to_json().replace('"last_seq": {}', '"last_seq": {"line/door": "many"}'),
     Books(EPOCH).to_json().replace('"last_seq": {}', '"last_seq": []')],
)  # fmt: skip
def test_what_is_no_books_is_a_value_error(text):
    with pytest.raises(ValueError, match="expected books as JSON, got"):
        Books.from_json(text)


def test_books_of_another_release_go_on():
    """One field more than this release knows, and one less: an update is no damage."""
    books = Books(EPOCH).post(report(lines={"door": LineFacts(in_=3, uturns=1)}), sender(), "2026-11-23")[1]
    data = json.loads(books.to_json())
    data["of_a_newer_release"] = 1
    data["totals"]["door"]["of_a_newer_release"] = data["ledger"]["of_a_newer_release"] = 1
    del data["totals"]["door"]["uturns"], data["until_utc_s"]
    again = Books.from_json(json.dumps(data))
    assert again.totals["door"] == LineFacts(in_=3)
    assert (again.last_seq, again.ledger, again.until_utc_s) == (books.last_seq, books.ledger, 0)


def test_time_that_nobody_watched_does_not_end_a_gap():
    books = Books(EPOCH).post(report(0, {"door": LineFacts(in_=3)}), sender(), "2026-11-23")[1]
    for number in range(1, 150):
        rows, books = books.post(report(number, {"door": LineFacts()}, observed_s=0.0), sender(), "2026-11-23")
        occupancy = payload(rows[-1])
        assert occupancy["occ_raw"] == (3 if number <= 121 else None), number
    rows, books = books.post(report(200, observed_s=0.0), sender(), "2026-11-24")
    assert payload(rows[-1])["occ_raw"] == 0, "a new day"
    rows, _ = books.post(report(400, observed_s=0.0), sender(), "2026-11-24")
    assert payload(rows[-1])["occ_raw"] is None
    assert books.until_utc_s == START + 60 * 201
