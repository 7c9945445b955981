"""The books of the subscriber: one database, SQLite or PostgreSQL, named by one DSN; the same tables and the same SQL.

    with open_store("sqlite:///traffic.db") as store:       # or postgresql://user@host/name, or None: $TRAFFIC_DB
        rows = store.query("SELECT site, sum(visitors) FROM v_traffic_hourly GROUP BY site")
        with store.transaction():
            store.execute("INSERT INTO sites (site, time_zone) VALUES (?, ?)", ("berlin-1", "Europe/Berlin"))

`?` stands for a value in both databases. `query` gives tuples; times are integer seconds since the UTC epoch, columns
that end in `_s`. Nothing here is about a person: rows are counts over intervals, by line, zone and site.

Tables (every column: analytics/store/migrations/m0001_first.py; names are those of the wire where SQL allows it), and
what one row of each is, with its key:

    sites           a shop: time_zone, day_start (HH:MM, start of its business day); what nobody told is NULL. (site)
    opening_hours   a weekday (0 = Monday): opens, closes, HH:MM local; closes may be past 24:00. (site, weekday, opens)
    streams         a (site, device, epoch, series) of the wire: kind line, zone or occupancy; name of the line or
                    zone; last_seq, the highest stored. (stream_id)
    runs            a (config_id, boot_id) that rows name. (run_id)
    line_rows       an interval of a line: in_count (visitors), out_count, in_raw, out_raw, uturns, rejoined,
                    born_past_line, died_at_line, static, staff_in, staff_out, shopper_units. (stream_id, seq)
    zone_rows       an interval of a zone: entered, pass, stop, engaged, left_count, lost, capped, left_s, h0..h7 (the
                    bins of the histogram), presence_s, peak, stitched. (stream_id, seq)
    occupancy_rows  an interval of a device: business_day, occ_raw, occ, clamped, drift, balance, churn, births,
                    deaths. (stream_id, seq)
    business_days   a business day as the device labels it: from_s, to_s. (site, device, business_day)
    registers       the newest `total` of a line, and how far it was compared with the rows. (stream_id)
    devices         the newest `info` and `status` of a device. (site, device)
    online_days     daily tagged counts of the online shop: scans, carts, orders, cancelled. (site, zone, date, lag)
    gaps            rows that are missing: from_seq to to_seq, when noticed, how often asked for, whether given up as
                    lost. (stream_id, from_seq)
    dead_letters    a message that was refused, with the reason. (digest)
    notices         what an operator should know: a new epoch, a conflict, books that differ. (notice_id)

The three tables of rows also have start_s, end_s, observed_s, frames, status, clock, run_id, digest. `date` is local,
YYYY-MM-DD; `lag` and `as_of` are those of analytics.online.OnlineDay, `source` is mqtt or csv.

Views, the same in both databases: v_rows_line, v_rows_zone and v_rows_occupancy (rows with site, device, line or zone),
v_traffic_hourly (by site, line, UTC hour), v_traffic_daily (by site, line, business day), v_dwell (by site, zone,
business day), v_funnel (by site, zone, business day: entered_shop, in_zone, stopped, engaged, scanned, carts, ordered).

A change of the tables is a new module analytics/store/migrations/m000N_*.py; those that are there never change.
"""

from analytics.store.address import discreet
from analytics.store.store import Store, open_store

__all__ = ["Store", "discreet", "open_store"]
