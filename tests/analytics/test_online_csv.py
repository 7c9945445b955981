"""CSV files as online shops write them: every problem at once, with line and column."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.online_csv import BOM, COLUMNS, CsvError, parse

ZONES = {"berlin-1": {"shoes", "hats"}, "hangzhou-1": {"beauty"}}
HEAD = "site,zone,date,lag,scans,carts,orders,cancelled\n"
GOOD = HEAD + "berlin-1,shoes,2026-10-31,0d,41,9,5,1\nberlin-1,shoes,2026-10-30,2-3d,0,1,1,0\n"


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(CsvError) as raised:
        parse(text if isinstance(text, bytes) else text.encode(), ZONES)
    return str(raised.value).splitlines()


def test_days_are_read_in_order_and_known_through_the_latest_date() -> None:
    first, second = parse(GOOD.encode(), ZONES)

    assert (first.site, first.zone, first.date, first.lag) == ("berlin-1", "shoes", "2026-10-31", "0d")
    assert (first.scans, first.carts, first.orders, first.cancelled) == (41, 9, 5, 1)
    assert (first.as_of, second.as_of) == ("2026-10-31", "2026-10-31")


def test_the_delivery_may_say_how_far_the_books_go() -> None:
    (first, _) = parse(GOOD.encode(), ZONES, date(2026, 11, 9))
    (column,) = parse(b"as_of," + HEAD.encode() + b"2026-11-05,berlin-1,shoes,2026-10-31,0d,1,0,0,0\n", ZONES)

    assert first.as_of == "2026-11-09"
    assert column.as_of == "2026-11-05"


@pytest.mark.parametrize(
    "variant",
    [BOM + GOOD.encode(), GOOD.replace("\n", "\r\n").encode(), GOOD.replace(",", " , ").encode(),
     GOOD.replace("shoes", '"shoes"').encode(), (GOOD + "\n,,,,,,,\n\n").encode()],
)  # fmt: skip
def test_marks_line_ends_blanks_and_quotes_do_not_matter(variant: bytes) -> None:
    assert parse(variant, ZONES) == parse(GOOD.encode(), ZONES)


def test_columns_may_stand_in_any_order() -> None:
    lines = [line.split(",") for line in GOOD.splitlines()]

    assert parse("\n".join(",".join(line[::-1]) for line in lines).encode(), ZONES) == parse(GOOD.encode(), ZONES)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("berlin-2,shoes,2026-10-31,0d,1,0,0,0",
         ("line 2, column site: expected a site of the database (berlin-1, hangzhou-1), got 'berlin-2'; "
          "did you mean 'berlin-1'?")),
        ("berlin-1,shoe,2026-10-31,0d,1,0,0,0",
         "line 2, column zone: expected a zone of berlin-1 (hats, shoes), got 'shoe'; did you mean 'shoes'?"),
        ("berlin-1,shoes,31.10.2026,0d,1,0,0,0",
         "line 2, column date: expected a date such as 2026-10-31, got '31.10.2026'"),
        ("berlin-1,shoes,2026-02-30,0d,1,0,0,0",
         "line 2, column date: expected a date such as 2026-10-31, got '2026-02-30'"),
        ("berlin-1,shoes,20261031,0d,1,0,0,0",
         "line 2, column date: expected a date such as 2026-10-31, got '20261031'"),
        ("berlin-1,shoes,2026-10-31,2d,1,0,0,0",
         "line 2, column lag: expected one of 0d, 1d, 2-3d, 4-7d, 8-30d, any, got '2d'"),
        ("berlin-1,shoes,2026-10-31,0d,1,0,-3,0",
         "line 2, column orders: expected a whole number of 0 or more, got '-3'"),
        ("berlin-1,shoes,2026-10-31,0d,1,0,3.0,0",
         "line 2, column orders: expected a whole number of 0 or more, got '3.0'"),
        ("berlin-1,shoes,2026-10-31,0d,1,0,,0", "line 2, column orders: expected a whole number of 0 or more, got ''"),
        ("berlin-1,shoes,2026-10-31,0d,١,0,0,0", "line 2, column scans: expected a whole number of 0 or more, got '١'"),
        ("berlin-1,shoes,2026-10-31,0d,1,0,1,2", "line 2: expected at most 1 cancelled (all orders), got 2"),
        ("berlin-1,shoes,2026-10-31,1d,1,0,1,0", "line 2: expected scans with lag 0d only, got 1 with 1d"),
        ("berlin-1,all,2026-10-31,0d,1,0,1,0",
         "line 2, column zone: expected a zone of berlin-1 (hats, shoes), got 'all'"),
        ("berlin-1,shoes,2026-10-31,0d,1,0,1", "line 2: expected 8 fields, got 7"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_line_and_column(line: str, expected: str) -> None:
    assert problems(HEAD + line + "\n") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", [f"line 1: expected the columns {','.join(COLUMNS)}, found an empty file"]),
        (GOOD.replace(",", ";"), ["line 1: expected commas between the columns, got semicolons"]),
        (GOOD.replace(",", "\t"), ["line 1: expected commas between the columns, got tabs"]),
        (GOOD.encode("utf-16"), ["line 1: expected UTF-8, got UTF-16; in a spreadsheet, save as 'CSV UTF-8'"]),
        (GOOD.encode() + b"berlin-1,sch\xf6n,", ["line 4: expected UTF-8, got byte 0xf6"]),
        (GOOD.replace("carts", "cart"),
         ["line 1: unknown column 'cart'; did you mean 'carts'?", "line 1: missing column 'carts'"]),
        (GOOD.replace("lag", "orders"), ["line 1: missing column 'lag'", "line 1: column 'orders' is there twice"]),
        (GOOD.replace("site", "customer_email,site"),
         ["line 1: unknown column 'customer_email'; only daily counts belong here, nothing of a person"]),
        (HEAD + '"berlin-1,shoes', ["line 2: expected comma-separated values, got: unexpected end of data"]),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named_as_what_it_is(text: str | bytes, expected: list[str]) -> None:
    assert problems(text) == expected


def test_all_problems_come_at_once() -> None:
    lines = [
        "berlin-1,shoe,31.10.2026,0d,1,0,-1,0",
        "berlin-1,shoes,2026-10-31,0d,1,0,0,0",
        "short",
        *["berlin-1,shoes,2026-10-31,0d,2,0,0,0"] * 2,
    ]

    found = problems(HEAD + "\n".join(lines))

    assert [problem.partition(":")[0] for problem in found] == [
        "line 2, column zone", "line 2, column date", "line 2, column orders", "line 4", "line 5", "line 6",
    ]  # fmt: skip
    assert found[-1] == "line 6: expected each site, zone, date and lag once, got those of line 3 again"


def test_a_thousand_problems_fit_a_screen() -> None:
    found = problems(HEAD + "x,y,z,w,1,0,0,0\n" * 300)

    assert len(found) == 41
    assert found[-1].startswith("and ")


@given(st.binary(max_size=300))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    with contextlib.suppress(CsvError):
        parse(HEAD.encode() + data, ZONES)
