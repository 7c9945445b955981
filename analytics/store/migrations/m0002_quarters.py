"""Version 2: sums by stream and quarter of an hour, so that a report of a year reads some ten thousand rows.

A quarter of an hour, because clocks differ from UTC by whole ones. In SQLite, triggers keep the sums in the transaction
that stores a row; rows never change and are stored once, so the sums cannot drift from them. In PostgreSQL the readers
of a fleet would wait for each other at such sums; there reports sum the rows.
"""

from __future__ import annotations

from analytics.store.database import Dialect

QUARTER_S = 900

_ROW = {"observed_s": "sum", "rows_stored": "sum", "unsynced_s": "sum"}
_LINE = ("in_count", "out_count", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line", "static",
         "staff_in", "staff_out", "shopper_units")  # fmt: skip
_ZONE = ("entered", "pass", "stop", "engaged", "left_count", "lost", "capped", "stitched", "h0", "h1", "h2", "h3",
         "h4", "h5", "h6", "h7", "left_s", "presence_s")  # fmt: skip

COLUMNS: dict[str, dict[str, str]] = {
    "line": _ROW | dict.fromkeys(_LINE, "sum"),
    "zone": _ROW | dict.fromkeys(_ZONE, "sum") | {"peak": "max"},
    "occupancy": _ROW | {"births": "sum", "deaths": "sum"},
}
"""How each column of `line_quarters`, `zone_quarters` and `occupancy_quarters` comes from its rows."""
_OF_ROW = {"rows_stored": "1", "unsynced_s": "CASE WHEN {0}clock = 'synced' THEN 0 ELSE {0}end_s - {0}start_s END"}
_REAL = {"observed_s", "left_s", "presence_s"}


def statements(dialect: Dialect) -> list[str]:
    """The statements that make version 2."""
    if dialect.name == "postgresql":
        return []
    return [statement for kind in COLUMNS for statement in (_table(kind), _backfill(kind), _trigger(kind))]


def _summed(kind: str) -> str:
    sums = (f"{how}({_value(name)})" for name, how in COLUMNS[kind].items())
    quarter = f"start_s / {QUARTER_S} * {QUARTER_S}"
    columns = f"stream_id, {quarter} AS start_s, {', '.join(sums)}"
    return f"SELECT {columns} FROM {kind}_rows GROUP BY stream_id, {quarter}"  # noqa: S608 - names from this file


def _table(kind: str) -> str:
    columns = (f"{name} {'REAL' if name in _REAL else 'INTEGER'} NOT NULL" for name in COLUMNS[kind])
    return (
        f"CREATE TABLE {kind}_quarters (stream_id INTEGER NOT NULL, start_s INTEGER NOT NULL, {', '.join(columns)}, "
        "PRIMARY KEY (stream_id, start_s)) WITHOUT ROWID"
    )


def _backfill(kind: str) -> str:
    return f"INSERT INTO {kind}_quarters {_summed(kind)}"


def _trigger(kind: str) -> str:
    columns = COLUMNS[kind]
    merged = (
        f"{name} = {name} + excluded.{name}" if how == "sum" else f"{name} = max({name}, excluded.{name})"
        for name, how in columns.items()
    )
    values = (_value(name, "NEW.") for name in columns)
    return (
        f"CREATE TRIGGER {kind}_rows_to_quarters AFTER INSERT ON {kind}_rows BEGIN "  # noqa: S608 - names from this file
        f"INSERT INTO {kind}_quarters (stream_id, start_s, {', '.join(columns)}) "
        f"VALUES (NEW.stream_id, NEW.start_s / {QUARTER_S} * {QUARTER_S}, {', '.join(values)}) "
        f"ON CONFLICT (stream_id, start_s) DO UPDATE SET {', '.join(merged)}; END"
    )


def _value(name: str, row: str = "") -> str:
    return _OF_ROW.get(name, f"{{0}}{name}").format(row)
