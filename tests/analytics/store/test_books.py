"""The books, in both databases: entered once, whatever comes twice, late, never, or with another content."""

from __future__ import annotations

import random
from typing import Any

import pytest

from analytics.errors import StoreError
from analytics.online import OnlineDay
from analytics.store import Store, open_store
from analytics.store.books import Books
from analytics.store.registers import Audit
from analytics.validate import Accepted, Refused, validate
from edge.core.message import DeviceStatus, Info
from tests.analytics.shop import NOW_S, START_S, line, occupancy, read, sent, total, zone

ROWS = ("line_rows", "zone_rows", "occupancy_rows")


def rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is kept of rows, but for ids, which depend on the order."""
    keys = "s.site, s.device, s.epoch, s.series"
    found = {}
    for table in ROWS:
        names = [name for name in _columns(store, table) if name not in {"stream_id", "run_id"}]
        columns = ", ".join(f"r.{name}" for name in names)
        found[table] = store.query(
            f"SELECT {keys}, {columns} FROM {table} r JOIN streams s ON s.stream_id = r.stream_id "
            f"ORDER BY {keys}, r.seq"
        )
    return found


def _columns(store: Store, table: str) -> list[str]:
    if store.database.dialect.name == "sqlite":
        return [row[1] for row in store.query(f"PRAGMA table_info({table})")]
    found = store.query(
        "SELECT column_name FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position", (table,)
    )
    return [row[0] for row in found]


def gaps(store: Store) -> list[tuple[int, int]]:
    return [(first, last) for first, last in store.query("SELECT from_seq, to_seq FROM gaps ORDER BY from_seq")]


def notices(store: Store) -> list[tuple[str, str]]:
    return [(level, kind) for level, kind in store.query("SELECT level, kind FROM notices ORDER BY notice_id")]


def test_a_row_is_kept_as_it_was_sent(store):
    Books(store).post(read(line(3), zone(4), occupancy(5, churn=2.5)), [], NOW_S)
    assert store.query(
        "SELECT line, start_s, end_s, observed_s, frames, status, clock, in_count, out_count, in_raw, out_raw, uturns, "
        "rejoined, born_past_line, died_at_line, static, staff_in, staff_out, shopper_units FROM v_rows_line"
    ) == [("door", START_S + 600, START_S + 900, 300.0, 3000, "ok", "synced", 3, 1, 4, 2, 1, 0, 0, 0, 0, 2, 2, 3)]
    assert store.query(
        "SELECT zone, entered, pass, stop, engaged, left_count, lost, capped, left_s, h0, h1, h2, h3, h4, h5, h6, h7, "
        "presence_s, peak, stitched FROM v_rows_zone"
    ) == [("shoes", 4, 1, 1, 3, 5, 0, 0, 83.5, 1, 0, 1, 2, 1, 0, 0, 0, 63.5, 3, 0)]
    assert store.query("SELECT business_day, occ_raw, occ, clamped, drift, balance, churn FROM v_rows_occupancy") == [
        ("2025-11-24", 5, 5, 0, None, None, 2.5)
    ]
    assert store.query("SELECT config_id, boot_id FROM runs") == [("00112233445566ff", "ffeeddccbbaa9988")]


def test_what_comes_twice_is_entered_once(store):
    books, batch = Books(store), read(line(1), line(2), line(1), zone(1))
    first, second = books.post(batch, [], NOW_S), books.post(batch, [], NOW_S)
    assert (first.stored, first.repeated, first.buried) == (3, 1, 0)
    assert (second.stored, second.repeated, second.buried) == (0, 4, 0)
    assert [len(found) for found in rows(store).values()] == [2, 1, 0]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_rows_come_makes_no_difference(store, tmp_path, seed):
    chance = random.Random(seed)
    payloads = [make(seq) for make in (line, zone, occupancy) for seq in range(1, 30)]
    with open_store(f"sqlite:///{tmp_path}/ordered.db") as other:
        Books(other).post(read(*payloads), [], NOW_S)
        expected = rows(other)
    twice = payloads + chance.sample(payloads, 20)
    chance.shuffle(twice)
    books = Books(store)
    while twice:
        books.post(read(*(twice.pop() for _ in range(min(len(twice), chance.randint(1, 20))))), [], NOW_S)
    assert rows(store) == expected
    assert gaps(store) == []
    assert store.query("SELECT count(*) FROM dead_letters") == [(0,)]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("change", [{"in": 9}, {"start": "2025-10-31T23:00:00Z", "end": "2025-10-31T23:05:00Z"}])
def test_the_same_key_with_another_content_keeps_the_first_and_raises_an_alarm(store, together, change):
    books = Books(store)
    first, second = read(line(1), line(1, **change))
    if together:
        posted = books.post([first, second], [], NOW_S)
    else:
        books.post([first], [], NOW_S)
        posted = books.post([second], [], NOW_S)
    assert (posted.repeated, posted.buried) == (0, 1)
    assert store.query("SELECT in_count, start_s FROM line_rows") == [(1, START_S)]
    assert notices(store) == [("alarm", "conflict")]
    ((code, reason, kept),) = store.query("SELECT code, reason, payload FROM dead_letters")
    assert (code, kept) == ("conflict", line(1, **change).wire().decode())
    assert "line/door, epoch 0123456789abcdef, seq 1: came again with another content" in reason


def test_a_dead_letter_is_kept_once_and_counted(store):
    books = Books(store)
    letter = validate("traffic/v1/berlin-1/box/line/door", b'{"track": 7}', NOW_S)
    assert isinstance(letter, Refused)
    books.post([], [letter, letter], NOW_S)
    books.post([], [letter], NOW_S + 5)
    ((code, topic, size, payload, first_s, last_s, times),) = store.query(
        "SELECT code, topic, bytes, payload, first_s, last_s, times FROM dead_letters"
    )
    assert (code, topic, size, payload) == ("fields", "traffic/v1/berlin-1/box/line/door", 12, None)
    assert (first_s, last_s, times) == (NOW_S, NOW_S + 5, 3)


def test_gaps_open_and_close(store):
    books = Books(store)
    books.post(read(line(1), line(5), line(9)), [], NOW_S)
    assert gaps(store) == [(2, 4), (6, 8)]
    books.post(read(line(7), line(3)), [], NOW_S)
    assert gaps(store) == [(2, 2), (4, 4), (6, 6), (8, 8)]
    books.post(read(line(2), line(4), line(6), line(8)), [], NOW_S)
    assert gaps(store) == []
    assert store.query("SELECT last_seq FROM streams") == [(9,)]


def test_a_reader_that_comes_late_knows_what_it_missed(store):
    Books(store).post(read(line(100)), [], NOW_S)
    assert gaps(store) == [(1, 99)]


def test_a_new_epoch_is_accepted_and_noted_once(store):
    books = Books(store)
    books.post(read(line(1), zone(1)), [], NOW_S)
    books.post(read(line(1, epoch="f" * 16, out=5), zone(1, epoch="f" * 16)), [], NOW_S)
    assert len(rows(store)["line_rows"]) == 2
    assert notices(store) == [("note", "new_epoch")]


def test_two_readers_may_write_at_once(dsn):
    with open_store(dsn) as one, open_store(dsn) as two:
        first, second = Books(one), Books(two)
        first.post(read(line(1), line(4)), [], NOW_S)
        second.post(read(line(2), line(4), zone(1)), [], NOW_S)
        first.post(read(zone(1), zone(2), line(3)), [], NOW_S)
        assert gaps(one) == []
        assert [len(found) for found in rows(two).values()] == [4, 2, 0]


def test_when_the_database_fails_nothing_is_half_written(store, monkeypatch):
    books = Books(store)
    books.post(read(line(1)), [], NOW_S)

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("analytics.store.books.bury", fail)
    with pytest.raises(StoreError, match="the disk is full"):
        books.post(read(line(2), zone(1), total(2)), [], NOW_S)
    monkeypatch.undo()
    assert [len(found) for found in rows(store).values()] == [1, 0, 0]
    assert store.query("SELECT count(*) FROM registers") == [(0,)]
    assert books.post(read(line(2), zone(1), total(2)), [], NOW_S).stored == 2


def test_registers_that_agree_say_nothing(store):
    books, audit = Books(store), Audit(store.database)
    for seq in (1, 2, 3):
        books.post(read(line(seq), total(seq)), [], NOW_S)
        assert audit.check(NOW_S) == []
    assert store.query("SELECT seq, checked_seq, missed_in_count FROM registers") == [(3, 3, 0)]


def test_registers_that_differ_raise_one_alarm(store):
    books, audit = Books(store), Audit(store.database)
    books.post(read(line(1), line(2), total(2, in_=5)), [], NOW_S)
    (notice,) = audit.check(NOW_S)
    assert (notice.level, notice.kind) == ("alarm", "books_differ")
    assert (
        notice.text == "line/door, seq 1 to 2: the register of the device and the sum of its rows differ: in_count +2"
    )
    books.post(read(line(3), total(3, in_=8)), [], NOW_S)
    assert audit.check(NOW_S) == []
    assert notices(store) == [("alarm", "books_differ")]


def test_an_older_register_changes_nothing(store):
    books, audit = Books(store), Audit(store.database)
    books.post(read(line(1), line(2), total(2), total(1)), [], NOW_S)
    books.post(read(total(1, in_=99)), [], NOW_S)
    assert audit.check(NOW_S) == []
    assert store.query("SELECT seq FROM registers") == [(2,)]


def test_a_register_waits_for_the_rows_that_are_on_their_way(store):
    books, audit = Books(store), Audit(store.database)
    books.post(read(line(1), line(3), total(3)), [], NOW_S)
    assert audit.check(NOW_S) == []
    assert store.query("SELECT checked_seq FROM registers") == [(0,)]
    books.post(read(line(2)), [], NOW_S)
    assert audit.check(NOW_S) == []
    assert store.query("SELECT checked_seq FROM registers") == [(3,)]


def test_a_register_ahead_of_its_rows_shows_a_gap_the_second_time(store):
    books, audit = Books(store), Audit(store.database)
    books.post(read(line(1), total(3)), [], NOW_S)
    audit.check(NOW_S)
    assert gaps(store) == []
    audit.check(NOW_S + 30)
    assert gaps(store) == [(2, 3)]
    books.post(read(line(2), line(3)), [], NOW_S)
    assert audit.check(NOW_S + 60) == []
    assert gaps(store) == []


def test_the_newest_info_and_status_stay(store):
    books = Books(store)
    about = {"config_id": "0" * 16, "camera": "door", "model": "m", "model_sha256": None, "zones": [],
             "lines": [{"name": "door", "points": [[0.1, 0.5], [0.9, 0.5]], "inside": [0.5, 0.9]}]}  # fmt: skip
    for boot, software in (("a" * 16, "1.0.0"), ("b" * 16, "1.1.0")):
        info = Info.model_validate({**about, "boot_id": boot, "software": software})
        online = DeviceStatus(state="online", boot_id=boot)
        books.post([_said("status", online), _said("info", info)], [], NOW_S)
    books.post([_said("status", DeviceStatus(state="offline", boot_id="a" * 16))], [], NOW_S)  # an old last will
    assert store.query("SELECT software, boot_id, state FROM devices") == [("1.1.0", "b" * 16, "online")]
    books.post([_said("status", DeviceStatus(state="offline", boot_id="b" * 16))], [], NOW_S)
    assert store.query("SELECT state, model FROM devices") == [("offline", "m")]


def _said(kind: str, payload: Info | DeviceStatus) -> Accepted:
    message = validate(f"traffic/v1/berlin-1/box/{kind}", payload.wire(), NOW_S)
    assert isinstance(message, Accepted)
    return message


def test_online_days_come_by_mqtt_too(store):
    books = Books(store)
    for scans, as_of in ((40, "2025-11-24"), (41, "2025-11-25"), (7, "2025-11-23")):
        day = OnlineDay(site="berlin-1", zone="shoes", date="2025-11-23", lag="0d", scans=scans, orders=3, as_of=as_of)
        message = validate("traffic/v1/berlin-1/online/shoes", day.wire(), NOW_S)
        assert isinstance(message, Accepted)
        books.post([message], [], NOW_S)
    assert store.query("SELECT scans, orders, as_of, source FROM online_days") == [(41, 3, "2025-11-25", "mqtt")]


def test_the_views_sum_by_hour_and_by_the_business_day_of_the_box(store):
    night = {"business_day": "2025-11-23"}  # the business day begins at 04:00 local; here the first half hour is before
    payloads = [make(seq) for make in (line, zone) for seq in range(1, 25)]
    days = [occupancy(seq, **(night if seq <= 6 else {})) for seq in range(1, 25)]
    day = OnlineDay(site="berlin-1", zone="shoes", date="2025-11-24", lag="0d", scans=30, orders=2, as_of="2025-11-24")
    later = day.model_copy(update={"lag": "1d", "scans": 0, "orders": 1})
    online = [validate("traffic/v1/berlin-1/online/shoes", one.wire(), NOW_S) for one in (day, later)]
    Books(store).post([*read(*payloads, *days), *(one for one in online if isinstance(one, Accepted))], [], NOW_S)
    hours = store.query(
        "SELECT site, line, hour_s, visitors, out_count, observed_s, interval_s FROM v_traffic_hourly ORDER BY 3"
    )
    assert hours == [
        ("berlin-1", "door", START_S, 78, 12, 3600.0, 3600),
        ("berlin-1", "door", START_S + 3600, 222, 12, 3600.0, 3600),
    ]
    assert store.query("SELECT business_day, visitors FROM v_traffic_daily ORDER BY 1") == [
        ("2025-11-23", 21),
        ("2025-11-24", 279),
    ]
    assert store.query("SELECT business_day, entered, engaged, mean_dwell_s, h3 FROM v_dwell ORDER BY 1") == [
        ("2025-11-23", 24, 18, 16.7, 12),
        ("2025-11-24", 72, 54, 16.7, 36),
    ]
    funnel = store.query(
        "SELECT zone, business_day, entered_shop, in_zone, stopped, engaged, scanned, ordered FROM v_funnel ORDER BY 2"
    )
    assert funnel == [
        ("shoes", "2025-11-23", 21, 30, 24, 18, None, None),
        ("shoes", "2025-11-24", 279, 90, 72, 54, 30, 3),
    ]


def test_every_sent_row_can_be_read_back_by_its_key(store):
    payloads = [line(seq) for seq in range(1, 9)]
    Books(store).post(read(*payloads), [], NOW_S)
    keys = store.query("SELECT site, device, epoch, seq FROM v_rows_line ORDER BY seq")
    assert keys == [(row.site, row.device, row.epoch, row.seq) for row in payloads]
    assert all(topic.endswith("line/door") for topic, _ in map(sent, payloads))
