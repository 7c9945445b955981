"""Daily counts of the online shop from a CSV file: all of them, or every problem with its line and column.

Owns the format. It reads no file and knows no database: bytes and what sites and zones there are come from outside.
Columns beyond those named are refused, so that nobody's order history gets here by accident.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from pydantic import ValidationError

from analytics.online import ANY, LAG_DAYS, WHOLE_SHOP, OnlineDay

KEY = ("site", "zone", "date", "lag")
COUNTS = ("scans", "carts", "orders", "cancelled")
COLUMNS = (*KEY, *COUNTS)
OPTIONAL = ("as_of",)
LAGS = (*LAG_DAYS, ANY)
BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_NUMBER = re.compile(r"\d{1,15}")
_SHOWN = 40


@dataclass(frozen=True)
class Problem:
    """What is wrong, where: line of the file from 1, column by name or empty."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        return (
            f"line {self.line}, column {self.column}: {self.text}" if self.column else f"line {self.line}: {self.text}"
        )


class CsvError(ValueError):
    """A file with problems; all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        more = len(problems) - _SHOWN
        shown = [str(problem) for problem in self.problems[:_SHOWN]]
        super().__init__("\n".join([*shown, f"and {more} more"] if more > 0 else shown))


def parse(data: bytes, zones: Mapping[str, AbstractSet[str]], as_of: date | None = None) -> list[OnlineDay]:
    """The days in a file, in its order.

    Args:
        data: The file: UTF-8, with or without a byte order mark, commas, a line of column names.
        zones: Names of the zones that there are, by site.
        as_of: Last day that the online shop's books cover, for lines that do not say; None: the latest date in the
            file.

    Raises:
        CsvError: With every problem.
    """
    lines = _lines(data)
    if not lines:
        raise CsvError([Problem(1, "", f"expected the columns {','.join(COLUMNS)}, found an empty file")])
    (_, header), *rows = lines
    names = [name.strip() for name in header]
    _check_header(names)
    through = (
        as_of.isoformat() if as_of else _latest(row[names.index("date")] for _, row in rows if len(row) == len(names))
    )
    problems: list[Problem] = []
    days: list[OnlineDay] = []
    seen: dict[tuple[str, ...], int] = {}
    for number, row in rows:
        if len(row) != len(names):
            problems.append(Problem(number, "", f"expected {len(names)} fields, got {len(row)}"))
            continue
        fields = dict(zip(names, (field.strip() for field in row), strict=True))
        fields["as_of"] = fields.get("as_of") or through
        day = _day(fields, zones)
        if isinstance(day, OnlineDay):
            days.append(day)
        else:
            problems += [Problem(number, column, text) for column, text in day]
        first = seen.setdefault(tuple(fields[name] for name in KEY), number)
        if first != number:
            text = f"expected each site, zone, date and lag once, got those of line {first} again"
            problems.append(Problem(number, "", text))
    if problems:
        raise CsvError(problems)
    return days


def _latest(dates: Iterable[str]) -> str:
    return max((text.strip() for text in dates if _is_day(text.strip())), default="9999-12-31")


def _lines(data: bytes) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, with the line on which each ends."""
    if data.startswith(_UTF_16):
        raise CsvError([Problem(1, "", "expected UTF-8, got UTF-16; in a spreadsheet, save as 'CSV UTF-8'")])
    try:
        text = data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CsvError([Problem(line, "", f"expected UTF-8, got byte 0x{data[error.start]:02x}")]) from None
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        return [(reader.line_num, row) for row in reader if any(field.strip() for field in row)]
    except csv.Error as error:
        raise CsvError([Problem(reader.line_num, "", f"expected comma-separated values, got: {error}")]) from None


def _check_header(names: list[str]) -> None:
    if len(names) == 1:
        for separator, called in _SEPARATORS.items():
            if separator in names[0]:
                raise CsvError([Problem(1, "", f"expected commas between the columns, got {called}")])
    problems = []
    for name in names:
        if name not in COLUMNS + OPTIONAL:
            near = difflib.get_close_matches(name, [*COLUMNS, *OPTIONAL], 1)
            hint = f"; did you mean {near[0]!r}?" if near else "; only daily counts belong here, nothing of a person"
            problems.append(Problem(1, "", f"unknown column {name!r}{hint}"))
    problems += [Problem(1, "", f"missing column {name!r}") for name in COLUMNS if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [Problem(1, "", f"column {name!r} is there twice") for name in twice]
    if problems:
        raise CsvError(problems)


def _problems(fields: Mapping[str, str], zones: Mapping[str, AbstractSet[str]]) -> Iterator[tuple[str, str]]:
    """Column and text of each."""
    site, zone, lag = fields["site"], fields["zone"], fields["lag"]
    if site not in zones:
        yield "site", _expected_name("a site of the database", zones, site)
    elif zone not in zones[site] and not (zone == WHOLE_SHOP and lag == ANY):
        yield "zone", _expected_name(f"a zone of {site}", zones[site], zone)
    if lag not in LAGS:
        yield "lag", f"expected one of {', '.join(LAGS)}, got {lag!r}"
    for name in ("date", "as_of"):
        if not _is_day(fields[name]):
            yield name, f"expected a date such as 2026-10-31, got {fields[name]!r}"
    for name in COUNTS:
        if not _is_count(fields[name]):
            yield name, f"expected a whole number of 0 or more, got {fields[name]!r}"


def _day(fields: Mapping[str, str], zones: Mapping[str, AbstractSet[str]]) -> OnlineDay | list[tuple[str, str]]:
    """The day, or column and text of each problem."""
    if problems := list(_problems(fields, zones)):
        return problems
    texts = {name: fields[name] for name in (*KEY, *OPTIONAL)}
    try:
        return OnlineDay.model_validate(texts | {name: int(fields[name]) for name in COUNTS})
    except ValidationError as error:
        return [("", problem["msg"].removeprefix("Value error, ")) for problem in error.errors()]


def _is_day(text: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_count(text: str) -> bool:
    return text.isascii() and _NUMBER.fullmatch(text) is not None


def _expected_name(what: str, names: AbstractSet[str] | Mapping[str, object], got: str) -> str:
    near = difflib.get_close_matches(got, list(names), 1)
    there = ", ".join(sorted(names)[:8]) or "none"
    return f"expected {what} ({there}), got {got!r}" + (f"; did you mean {near[0]!r}?" if near else "")
