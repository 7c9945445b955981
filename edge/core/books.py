"""The books: sequence numbers, cumulative registers, carried histograms and the occupancy ledger.

`Books.post` is pure: it turns one interval report into the rows of the wire and the books that follow from them. The
outbox stores rows and books in one transaction, so that no crash can separate them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from edge.core.message import LineRow, Message, OccupancyRow, TotalRow, ZoneRow, topic, utc_text
from edge.core.occupancy import Ledger
from edge.core.report import IntervalReport, LineFacts, ZoneFacts
from edge.core.stored import record


@dataclass(frozen=True)
class Sender:
    """Who speaks: the part of a row that is the same in every row of a run of the process."""

    site: str
    device: str
    boot_id: str
    min_count: int = 5
    """Dwell histograms of fewer visits than this wait for company."""


@dataclass(frozen=True)
class Books:
    """Everything that has to survive a restart, besides the rows themselves.

    Attributes:
        epoch: Random id made with the state database.
        last_seq: Last sequence number given out, by series.
        totals: Cumulative registers by line.
        carried: Histogram counts that wait for company, by zone.
        ledger: The occupancy of the site; its end is that of the last interval in which somebody watched.
        until_utc_s: End of the last interval that was booked on a right clock; 0: none yet.
    """

    epoch: str
    last_seq: dict[str, int] = field(default_factory=dict)
    totals: dict[str, LineFacts] = field(default_factory=dict)
    carried: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    until_utc_s: int = 0

    def post(self, report: IntervalReport, sender: Sender, business_day: str) -> tuple[list[Message], Books]:
        """The rows of `report` with their sequence numbers, and the books after them."""
        posting = _Posting(self, report, sender)
        for name, facts in report.lines.items():
            posting.line(name, facts)
        for name, zone_facts in report.zones.items():
            posting.zone(name, zone_facts)
        posting.occupancy(business_day)
        return posting.messages, posting.books

    def to_json(self) -> str:
        """One JSON text that `from_json` reads back."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Books:
        """The books that `to_json` wrote.

        Raises:
            ValueError: The text is not of that form.
        """
        try:
            data = json.loads(text)
            return Books(
                epoch=data["epoch"],
                last_seq={series: int(seq) for series, seq in data["last_seq"].items()},
                totals={name: record(LineFacts, facts) for name, facts in data["totals"].items()},
                carried={name: tuple(bins) for name, bins in data["carried"].items()},
                ledger=record(Ledger, data["ledger"]),
                until_utc_s=int(data.get("until_utc_s", 0)),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"expected books as JSON, got {text[:60]!r}") from error


class _Posting:
    """Turns one report into rows, step by step."""

    def __init__(self, books: Books, report: IntervalReport, sender: Sender) -> None:
        self.books, self.messages = books, list[Message]()
        self._report, self._sender = report, sender

    def line(self, name: str, facts: LineFacts) -> None:
        counts = asdict(facts)
        row = LineRow(**self._head(f"line/{name}"), line=name, **counts)
        self._send(row)
        before = asdict(self.books.totals.get(name, LineFacts()))
        total = LineFacts(**{what: before[what] + count for what, count in counts.items()})
        self.books = replace(self.books, totals={**self.books.totals, name: total})
        register = TotalRow(
            site=row.site,
            device=row.device,
            epoch=row.epoch,
            line=name,
            seq=row.seq,
            end=row.end,
            in_=total.in_,
            out=total.out,
            in_raw=total.in_raw,
            out_raw=total.out_raw,
            uturns=total.uturns,
            boot_id=row.boot_id,
        )
        self.messages.append(Message(topic(row.site, row.device, "total", name), register.wire(), retain=True))

    def zone(self, name: str, facts: ZoneFacts) -> None:
        waiting = self.books.carried.get(name, (0,) * len(facts.histogram))
        bins = tuple(a + b for a, b in zip(waiting, facts.histogram, strict=True))
        shown, carried = (bins, (0,) * len(bins)) if sum(bins) >= self._sender.min_count else ((0,) * len(bins), bins)
        self.books = replace(self.books, carried={**self.books.carried, name: carried})
        counts = asdict(facts)
        counts.update(histogram=shown, left_s=round(facts.left_s, 2), presence_s=round(facts.presence_s, 2))
        self._send(ZoneRow(**self._head(f"zone/{name}"), zone=name, **counts))

    def occupancy(self, business_day: str) -> None:
        report, before = self._report, self.books.ledger
        ledger, now = before.after(
            business_day,
            report.start_utc_s,
            report.end_utc_s,
            in_=sum(facts.in_ for facts in report.lines.values()),
            out=sum(facts.out for facts in report.lines.values()),
            crossings=sum(facts.in_raw + facts.out_raw for facts in report.lines.values()),
            births=report.births,
        )
        if not report.observed_s:  # nobody watched: the gap goes on, and after some hours nobody knows who is inside
            gap_since_utc_s = report.start_utc_s if now.business_day != before.business_day else before.end_utc_s
            ledger = replace(ledger, end_utc_s=gap_since_utc_s)
        until_utc_s = report.end_utc_s if report.clock == "synced" else self.books.until_utc_s
        self.books = replace(self.books, ledger=ledger, until_utc_s=until_utc_s)
        row = OccupancyRow(
            **self._head("occupancy"),
            business_day=now.business_day,
            occ_raw=now.occ_raw,
            occ=now.occ,
            clamped=now.clamped,
            drift=now.drift,
            balance=now.balance,
            churn=now.churn,
            births=report.births,
            deaths=report.deaths,
        )
        self._send(row)

    def _head(self, series: str) -> dict[str, Any]:
        report, sender = self._report, self._sender
        seq = self.books.last_seq.get(series, 0) + 1
        self.books = replace(self.books, last_seq={**self.books.last_seq, series: seq})
        return {
            "site": sender.site,
            "device": sender.device,
            "epoch": self.books.epoch,
            "series": series,
            "seq": seq,
            "start": utc_text(report.start_utc_s),
            "end": utc_text(report.end_utc_s),
            "observed_s": round(report.observed_s, 2),
            "frames": report.frames,
            "fps": round(report.frames / report.observed_s, 2) if report.observed_s else 0.0,
            "status": report.status,
            "clock": report.clock,
            "config_id": report.config_id,
            "boot_id": sender.boot_id,
        }

    def _send(self, row: LineRow | ZoneRow | OccupancyRow) -> None:
        where = topic(row.site, row.device, *row.series.split("/"))
        self.messages.append(Message(where, row.wire(), series=row.series, seq=row.seq))
