"""Version 1: everything that the wire says, the state of the books, and the views."""

from __future__ import annotations

from analytics.store.database import Dialect

BINS = 8

_ROW = """
    stream_id {big} NOT NULL, seq {big} NOT NULL, start_s {big} NOT NULL, end_s {big} NOT NULL,
    observed_s {real} NOT NULL, frames {big} NOT NULL, status TEXT NOT NULL, clock TEXT NOT NULL,
    run_id {big} NOT NULL, digest {big} NOT NULL"""
"""Without foreign keys: PostgreSQL would look each up for each row, and ids come from the store alone."""

_LINE = ("in_count", "out_count", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line", "static",
         "staff_in", "staff_out", "shopper_units")  # fmt: skip
_HISTOGRAM = tuple(f"h{number}" for number in range(BINS))
_ZONE = ("entered", "pass", "stop", "engaged", "left_count", "lost", "capped", "peak", "stitched", *_HISTOGRAM)
_REGISTER = ("in_count", "out_count", "in_raw", "out_raw", "uturns")

_TABLES = """
CREATE TABLE sites (
    site TEXT PRIMARY KEY, time_zone TEXT, day_start TEXT);
CREATE TABLE opening_hours (
    site TEXT NOT NULL, weekday INTEGER NOT NULL, opens TEXT NOT NULL, closes TEXT NOT NULL,
    PRIMARY KEY (site, weekday, opens));
CREATE TABLE streams (
    stream_id {identity}, site TEXT NOT NULL, device TEXT NOT NULL, epoch TEXT NOT NULL, series TEXT NOT NULL,
    kind TEXT NOT NULL, name TEXT NOT NULL, last_seq {big} NOT NULL DEFAULT 0, first_seen_s {big} NOT NULL,
    UNIQUE (site, device, epoch, series));
CREATE TABLE runs (
    run_id {identity}, config_id TEXT NOT NULL, boot_id TEXT NOT NULL, UNIQUE (config_id, boot_id));
CREATE TABLE line_rows ({row}, {line},
    PRIMARY KEY (stream_id, seq, start_s)){by_month};
CREATE INDEX line_rows_start ON line_rows (start_s);
CREATE TABLE zone_rows ({row}, {zone}, left_s {real} NOT NULL, presence_s {real} NOT NULL,
    PRIMARY KEY (stream_id, seq, start_s)){by_month};
CREATE INDEX zone_rows_start ON zone_rows (start_s);
CREATE TABLE occupancy_rows ({row}, business_day TEXT NOT NULL, occ_raw {big}, occ {big}, clamped INTEGER NOT NULL,
    drift {big}, balance {real}, churn {real}, births {big} NOT NULL, deaths {big} NOT NULL,
    PRIMARY KEY (stream_id, seq, start_s)){by_month};
CREATE INDEX occupancy_rows_start ON occupancy_rows (start_s);
CREATE TABLE business_days (
    site TEXT NOT NULL, device TEXT NOT NULL, business_day TEXT NOT NULL, from_s {big} NOT NULL, to_s {big} NOT NULL,
    PRIMARY KEY (site, device, business_day));
CREATE INDEX business_days_from ON business_days (site, device, from_s);
CREATE TABLE registers (
    stream_id {big} PRIMARY KEY REFERENCES streams, seq {big} NOT NULL, end_s {big} NOT NULL, {register},
    checked_seq {big} NOT NULL DEFAULT 0, {checked}, {missed});
CREATE TABLE devices (
    site TEXT NOT NULL, device TEXT NOT NULL, software TEXT, config_id TEXT, boot_id TEXT, camera TEXT, model TEXT,
    model_sha256 TEXT, layout TEXT, info_s {big}, state TEXT, state_boot_id TEXT, state_s {big},
    PRIMARY KEY (site, device));
CREATE TABLE online_days (
    site TEXT NOT NULL, zone TEXT NOT NULL, date TEXT NOT NULL, lag TEXT NOT NULL,
    scans {big} NOT NULL, carts {big} NOT NULL, orders {big} NOT NULL, cancelled {big} NOT NULL,
    as_of TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (site, zone, date, lag));
CREATE TABLE gaps (
    stream_id {big} NOT NULL REFERENCES streams, from_seq {big} NOT NULL, to_seq {big} NOT NULL,
    noticed_s {big} NOT NULL, asked INTEGER NOT NULL DEFAULT 0, asked_s {big}, lost INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (stream_id, from_seq));
CREATE TABLE dead_letters (
    digest TEXT PRIMARY KEY, code TEXT NOT NULL, reason TEXT NOT NULL, topic TEXT NOT NULL, bytes {big} NOT NULL,
    payload TEXT, first_s {big} NOT NULL, last_s {big} NOT NULL, times {big} NOT NULL DEFAULT 1);
CREATE TABLE notices (
    notice_id {identity}, at_s {big} NOT NULL, level TEXT NOT NULL, kind TEXT NOT NULL, site TEXT, device TEXT,
    text TEXT NOT NULL);
CREATE INDEX notices_at ON notices (at_s)"""
"""dead_letters.payload is NULL unless it is of a closed model: a stranger's message may say anything."""

_VIEWS = """
CREATE VIEW v_rows_line AS
    SELECT s.site, s.device, s.epoch, s.name AS line, {start} AS start_at, {end} AS end_at, r.*
    FROM line_rows r JOIN streams s ON s.stream_id = r.stream_id;
CREATE VIEW v_rows_zone AS
    SELECT s.site, s.device, s.epoch, s.name AS zone, {start} AS start_at, {end} AS end_at, r.*
    FROM zone_rows r JOIN streams s ON s.stream_id = r.stream_id;
CREATE VIEW v_rows_occupancy AS
    SELECT s.site, s.device, s.epoch, {start} AS start_at, {end} AS end_at, r.*
    FROM occupancy_rows r JOIN streams s ON s.stream_id = r.stream_id;
CREATE VIEW v_traffic_hourly AS
    SELECT s.site, s.name AS line, r.start_s - r.start_s % 3600 AS hour_s, {hour} AS hour_at,
        {traffic}, sum(r.observed_s) AS observed_s, CAST(sum(r.end_s - r.start_s) AS BIGINT) AS interval_s
    FROM line_rows r JOIN streams s ON s.stream_id = r.stream_id
    GROUP BY s.site, s.name, r.start_s - r.start_s % 3600;
CREATE VIEW v_traffic_daily AS
    SELECT s.site, s.name AS line, {business_day} AS business_day,
        {traffic}, sum(r.observed_s) AS observed_s, CAST(sum(r.end_s - r.start_s) AS BIGINT) AS interval_s
    FROM line_rows r JOIN streams s ON s.stream_id = r.stream_id
    GROUP BY s.site, s.name, {business_day};
CREATE VIEW v_dwell AS
    SELECT s.site, s.name AS zone, {business_day} AS business_day, {visits}, sum(r.left_s) AS left_s,
        CASE WHEN sum(r.left_count) > 0 THEN sum(r.left_s) / sum(r.left_count) END AS mean_dwell_s,
        sum(r.presence_s) AS presence_s, sum(r.observed_s) AS observed_s
    FROM zone_rows r JOIN streams s ON s.stream_id = r.stream_id
    GROUP BY s.site, s.name, {business_day};
CREATE VIEW v_funnel AS
    SELECT d.site, d.zone, d.business_day, v.visitors AS entered_shop, d.passed + d.stopped + d.engaged AS in_zone,
        d.stopped + d.engaged AS stopped, d.engaged, o.scans AS scanned, o.carts, o.orders AS ordered, o.cancelled
    FROM v_dwell d
    LEFT JOIN (
        SELECT r.site, r.business_day, {visitors} FROM v_traffic_daily r GROUP BY r.site, r.business_day) v
    ON v.site = d.site AND v.business_day = d.business_day
    LEFT JOIN (SELECT r.site, r.zone, r.date, {tagged} FROM online_days r GROUP BY r.site, r.zone, r.date) o
    ON o.site = d.site AND o.zone = d.zone AND o.date = d.business_day"""
"""`stopped` of the funnel are those who stayed at least as long as a stop; those who engaged are among them."""

_BUSINESS_DAY = """coalesce((SELECT b.business_day FROM business_days b
            WHERE b.site = s.site AND b.device = s.device AND b.from_s <= r.start_s AND b.to_s > r.start_s
            ORDER BY b.from_s DESC LIMIT 1), {date})"""
"""As the device itself labelled it; the date in UTC where it said nothing."""


def statements(dialect: Dialect) -> list[str]:
    """The statements that make version 1."""
    postgresql = dialect.name == "postgresql"
    columns = {"big": dialect.big, "real": dialect.real}
    tables = _TABLES.format(
        **columns,
        identity=dialect.identity,
        by_month=dialect.by_month or " WITHOUT ROWID",
        row=_ROW.format(**columns),
        line=_counts(_LINE, dialect),
        zone=_counts(_ZONE, dialect),
        register=_counts(_REGISTER, dialect),
        checked=_counts(_REGISTER, dialect, "checked_"),
        missed=_counts(_REGISTER, dialect, "missed_"),
    )
    date = "to_char(to_timestamp({0}), 'YYYY-MM-DD')" if postgresql else "strftime('%Y-%m-%d', {0}, 'unixepoch')"
    views = _VIEWS.format(
        start=dialect.utc("r.start_s"),
        end=dialect.utc("r.end_s"),
        hour=dialect.utc("r.start_s - r.start_s % 3600"),
        business_day=_BUSINESS_DAY.format(date=date.format("r.start_s")),
        traffic=_sums("in_count AS visitors", *_LINE[1:]),
        visits=_sums("entered", "pass AS passed", "stop AS stopped", *_ZONE[3:7], "stitched", *_HISTOGRAM),
        visitors=_sums("visitors"),
        tagged=_sums("scans", "carts", "orders", "cancelled"),
    )
    return [*_parted(tables), *_parted(views)]


def _counts(names: tuple[str, ...], dialect: Dialect, prefix: str = "") -> str:
    default = " DEFAULT 0" if prefix else ""
    return ", ".join(f"{prefix}{name} {dialect.big} NOT NULL{default}" for name in names)


def _parted(text: str) -> list[str]:
    return [statement.strip() for statement in text.split(";")]


def _sums(*columns: str) -> str:
    """Sums of columns of `r`; cast, because PostgreSQL's are of another type than what they sum."""
    names = [column.partition(" AS ") for column in columns]
    return ", ".join(f"CAST(sum(r.{column}) AS BIGINT) AS {name or column}" for column, _, name in names)
