"""Which gaps are asked for, when, and when they are given up."""

from __future__ import annotations

from analytics.store import Store, open_store
from analytics.store.books import Books
from analytics.store.gaps import Missing, claim, due, give_up, lose
from analytics.store.registers import Audit
from tests.analytics.shop import EPOCH, NOW_S, line, read, total

DAY_S = 86_400


def with_a_gap(store: Store) -> Books:
    books = Books(store)
    books.post(read(line(1), line(6)), [], NOW_S)
    return books


def test_a_young_gap_may_close_by_itself(store):
    with_a_gap(store)
    assert due(store.database, NOW_S + 29, 30, 10) == []
    (gap,) = due(store.database, NOW_S + 30, 30, 10)
    assert gap == Missing(gap.stream_id, "berlin-1", "box", EPOCH, "line/door", 2, 5, 0)


def test_asking_again_waits_longer_each_time(store):
    with_a_gap(store)
    now_s, waits = NOW_S + 30, []
    for _ in range(9):
        (gap,) = due(store.database, now_s, 30, 10)
        assert claim(store.database, gap, now_s)
        later = next(wait for wait in range(1, 4000) if due(store.database, now_s + wait, 30, 10))
        waits.append(later)
        now_s += later
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_of_two_readers_one_asks(dsn):
    with open_store(dsn) as one, open_store(dsn) as two:
        with_a_gap(one)
        (gap,) = due(one.database, NOW_S + 60, 30, 10)
        assert due(two.database, NOW_S + 60, 30, 10) == [gap]
        assert [claim(store.database, gap, NOW_S + 60) for store in (one, two)] == [True, False]


def test_what_the_device_has_no_more_is_lost_and_asked_for_no_more(store):
    books = with_a_gap(store)
    (gap,) = due(store.database, NOW_S + 60, 30, 10)
    (notice,) = lose(store.database, gap.stream_id, [(1, 3)], NOW_S + 61)
    assert (notice.level, notice.kind) == ("alarm", "rows_lost")
    assert notice.text.startswith("line/door: 2 rows are lost for good")
    assert [(gap.first, gap.last) for gap in due(store.database, NOW_S + 60, 30, 10)] == [(4, 5)]
    assert lose(store.database, gap.stream_id, [(1, 3)], NOW_S + 62) == []
    assert books.post(read(line(2)), [], NOW_S).stored == 1


def test_the_register_tells_what_lost_rows_held(store):
    books, audit = with_a_gap(store), Audit(store.database)
    books.post(read(total(6)), [], NOW_S)
    (gap,) = due(store.database, NOW_S + 60, 30, 10)
    assert audit.check(NOW_S) == []
    lose(store.database, gap.stream_id, [(gap.first, gap.last)], NOW_S)
    (notice,) = audit.check(NOW_S)
    assert notice.kind == "rows_lost"
    held = "in_count +14, out_count +4, in_raw +18, out_raw +8, uturns +4"
    assert notice.text == f"line/door, seq 1 to 6: 4 rows are lost; they held {held}"
    assert store.query("SELECT missed_in_count, missed_out_count FROM registers") == [(14, 4)]


def test_after_two_weeks_a_gap_is_given_up(store):
    with_a_gap(store)
    assert give_up(store.database, NOW_S + 14 * DAY_S) == []
    (notice,) = give_up(store.database, NOW_S + 14 * DAY_S + 1)
    assert notice.kind == "rows_lost"
    assert give_up(store.database, NOW_S + 14 * DAY_S + 2) == []
