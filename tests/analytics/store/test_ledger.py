"""The ledger of a stream: whatever order rows come in, each is taken once and what is missing is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analytics.store.ledger import Gap, Ledger


def missing(ledger: Ledger) -> list[int]:
    return [seq for gap in ledger.gaps for seq in range(gap.first, gap.last + 1)]


@given(st.lists(st.integers(1, 30)))
def test_each_row_is_taken_once_and_the_rest_is_missing(seqs):
    ledger, seen = Ledger(), set[int]()
    for seq in seqs:
        assert ledger.take(seq, now_s=0) == (seq not in seen)
        seen.add(seq)
        assert missing(ledger) == sorted(set(range(1, max(seen) + 1)) - seen)
        assert ledger.last_seq == max(seen)


@given(st.lists(st.integers(1, 30), min_size=1), st.integers(1, 30), st.integers(0, 30))
def test_what_is_lost_may_still_come(seqs, first, length):
    ledger = Ledger()
    for seq in seqs:
        ledger.take(seq, now_s=0)
    before = missing(ledger)
    assert ledger.lose(first, first + length) == len([seq for seq in before if first <= seq <= first + length])
    assert ledger.lose(first, first + length) == 0
    assert missing(ledger) == before
    for seq in before:
        assert ledger.take(seq, now_s=0)
    assert ledger.gaps == []


def test_the_parts_of_a_gap_keep_its_history():
    ledger = Ledger(9, [Gap(2, 8, noticed_s=5, asked=3, asked_s=7)])
    ledger.take(5, now_s=100)
    assert ledger.gaps == [Gap(2, 4, 5, 3, 7), Gap(6, 8, 5, 3, 7)]
    ledger.lose(3, 6)
    assert [(gap.first, gap.last, gap.lost) for gap in ledger.gaps] == [
        (2, 2, False),
        (3, 4, True),
        (6, 6, True),
        (7, 8, False),
    ]


def test_rows_that_are_only_heard_of_are_missing():
    ledger = Ledger(3)
    ledger.reach(2, now_s=1)
    assert (ledger.gaps, ledger.changed) == ([], False)
    ledger.reach(5, now_s=1)
    assert (ledger.gaps, ledger.last_seq) == ([Gap(4, 5, 1)], 5)
