"""No table of the database holds a row about a person, and no SQL brings visits and orders closer than a date.

Every column of every table and view is on the list below, with what it is. A new one fails this test until somebody has
thought about it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from analytics.store import Store

ROOT = Path(__file__).parents[3]
COUNTS = {
    "in_count", "out_count", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line", "static",
    "staff_in", "staff_out", "shopper_units", "entered", "pass", "stop", "engaged", "left_count", "lost", "capped",
    "left_s", "presence_s", "peak", "stitched", *(f"h{number}" for number in range(8)), "occ_raw", "occ", "clamped",
    "drift", "balance", "births", "deaths", "churn", "scans", "carts", "orders", "cancelled", "observed_s", "frames",
}  # fmt: skip
"""Sums over an interval of time or a day."""
PLACE = {"site", "device", "zone", "name", "kind", "series", "stream_id", "run_id", "epoch", "config_id", "boot_id"}
INTERVAL = {"seq", "start_s", "end_s", "date", "lag", "business_day", "from_s", "to_s"}
STATE = {"status", "clock", "digest", "as_of", "source"}
"""Of a camera, a row or a delivery."""
TABLES = {
    "line_rows": COUNTS | PLACE | INTERVAL | STATE,
    "zone_rows": COUNTS | PLACE | INTERVAL | STATE,
    "occupancy_rows": COUNTS | PLACE | INTERVAL | STATE,
    "line_quarters": COUNTS | PLACE | INTERVAL | {"rows_stored", "unsynced_s"},
    "zone_quarters": COUNTS | PLACE | INTERVAL | {"rows_stored", "unsynced_s"},
    "occupancy_quarters": COUNTS | PLACE | INTERVAL | {"rows_stored", "unsynced_s"},
    "online_days": {"site", "zone", "date", "lag", "scans", "carts", "orders", "cancelled", "as_of", "source"},
    "sites": {"site", "time_zone", "day_start"},
    "opening_hours": {"site", "weekday", "opens", "closes"},
    "streams": PLACE | {"last_seq", "first_seen_s"},
    "runs": PLACE,
    "business_days": PLACE | INTERVAL,
    "registers": COUNTS | PLACE | INTERVAL
    | {"checked_seq"} | {f"{which}_{count}" for which in ("checked", "missed") for count in COUNTS},
    "devices": PLACE
    | {"software", "camera", "model", "model_sha256", "layout", "info_s", "state", "state_boot_id", "state_s"},
    "gaps": {"stream_id", "from_seq", "to_seq", "noticed_s", "asked", "asked_s", "lost"},
    "dead_letters": {"digest", "code", "reason", "topic", "bytes", "payload", "first_s", "last_s", "times"},
    "notices": {"notice_id", "at_s", "level", "kind", "site", "device", "text"},
    "schema_versions": {"version"},
}  # fmt: skip
PERSONAL = re.compile(r"person|visitor_id|track|customer|email|phone|face|mac|plate|address|user|embedding|image|box$")


def columns(store: Store) -> dict[str, set[str]]:
    """Of every table; in PostgreSQL the monthly parts of a table have its columns."""
    if store.database.dialect.name == "postgresql":
        found = store.query(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
            "AND table_name NOT LIKE 'v\\_%'"
        )
    else:
        found = store.query(
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' "
            "AND t.name NOT LIKE 'sqlite_%'"
        )
    tables: dict[str, set[str]] = {}
    for table, column in found:
        tables.setdefault(re.sub(r"_\d{4}_?\d\d$|_default$|_rest$", "", table), set()).add(column)
    return tables


def test_every_column_of_every_table_is_on_the_list(store: Store) -> None:
    found = columns(store)

    assert set(found) <= set(TABLES), "a new table"
    for table, names in found.items():
        assert names <= TABLES[table], f"{table} has columns that nobody has thought about"
        assert not [name for name in names if PERSONAL.search(name)]


def test_rows_are_keyed_by_interval_and_online_days_by_date(store: Store) -> None:
    """So two people in one interval share a row, and two orders of one day do."""
    with store.transaction():
        for scans in (1, 2):
            store.execute(
                "INSERT INTO online_days (site, zone, date, lag, scans, carts, orders, cancelled, as_of, source) "
                "VALUES ('a', 'b', '2026-10-31', '0d', ?, 0, 0, 0, '2026-10-31', 'csv') "
                "ON CONFLICT (site, zone, date, lag) DO UPDATE SET scans = online_days.scans + excluded.scans",
                (scans,),
            )

    assert store.query("SELECT count(*), sum(scans) FROM online_days") == [(1, 3)]


def statements() -> list[tuple[str, str]]:
    """Every text in the code of the analytics that reads online days together with another table."""
    found = []
    for path in sorted((ROOT / "analytics").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for statement in node.value.split(";"):
                    if re.search(r"\bonline_days\b", statement) and re.search(r"\bJOIN\b", statement):
                        found.append((str(path.relative_to(ROOT)), statement))
    return found


def test_sql_joins_orders_by_site_zone_and_date_alone() -> None:
    joins = statements()

    assert joins, "the view of the funnel joins them; if it does not any more, neither need this test"
    for path, statement in joins:
        (alias,) = re.findall(r"FROM online_days r[^)]*\)\s*(\w+)", statement)
        conditions = re.findall(rf"\b{alias}\.(\w+)\s*=|=\s*{alias}\.(\w+)", statement)
        assert {left or right for left, right in conditions} == {"site", "zone", "date"}, path


@pytest.mark.parametrize("name", ["track_id", "customer_email", "visitor_id", "mac", "bounding_box"])
def test_the_list_of_personal_names_finds_them(name: str) -> None:
    assert PERSONAL.search(name)
