"""What people tell of a shop is kept, and what they leave out stays as it was."""

from __future__ import annotations

import sys
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.cli import main
from analytics.report.opening import Span, parse
from analytics.report.settings import Settings, keep, kept, read
from analytics.store import Store, open_store
from edge.errors import ConfigError
from tests.analytics.report.filling import Filler

BERLIN = ZoneInfo("Europe/Berlin")


def test_settings_are_kept_one_by_one(store: Store) -> None:
    keep(store, "berlin-1", read("Europe/Berlin", None, "mon-fri 09:00-20:00; sat 18:00-02:00"))
    keep(store, "berlin-1", read(None, "05:00", None))
    found = kept(store)["berlin-1"]
    assert (found.time_zone, found.day_start) == (BERLIN, time(5))
    assert found.opening is not None
    assert (found.opening.weekdays[4], found.opening.weekdays[5]) == ((Span(540, 1200),), (Span(1080, 1560),))
    keep(store, "berlin-1", Settings(opening=parse("daily 24h")))
    again = kept(store)["berlin-1"]
    assert again.opening is not None
    assert set(again.opening.weekdays.values()) == {(Span(0, 1440),)}
    assert again.day_start == time(5)


def test_a_shop_with_rows_and_no_settings_is_listed(store: Store) -> None:
    Filler(store, "paris-1").stream("line/door")
    assert kept(store) == {"paris-1": Settings()}


def test_dates_are_not_kept(store: Store) -> None:
    with pytest.raises(ConfigError, match="expected hours of every week, got 2026-12-25"):
        keep(store, "berlin-1", Settings(opening=parse("daily 09:00-18:00; 2026-12-25 closed")))
    assert kept(store) == {}
    assert parse("2026-12-25 closed").dates == {date(2026, 12, 25): ()}


def traffic_site(monkeypatch: pytest.MonkeyPatch, folder: Path, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["traffic", "site", *options, "--db", f"sqlite:///{folder}/traffic.db"])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_command_keeps_and_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ("--time-zone", "Europe/Berlin", "--opening", "mon-tue 09:00-20:00")
    assert traffic_site(monkeypatch, tmp_path, "berlin-1", *told) == 0
    assert traffic_site(monkeypatch, tmp_path) == 0
    line = "berlin-1: time zone Europe/Berlin; business days from 04:00, the default\n"
    line += "  mon 09:00-20:00\n  tue 09:00-20:00\n"
    assert capsys.readouterr().out == 2 * line
    with open_store(f"sqlite:///{tmp_path}/traffic.db") as store:
        assert kept(store)["berlin-1"].time_zone == BERLIN


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--time-zone", "Europe/Berlin"), "expected the name of the shop"),
        (("berlin-2",), "expected one of the shops (none yet), got 'berlin-2'"),
        (("berlin-1", "--time-zone", "Berlin"), "expected a name such as Europe/Berlin, got 'Berlin'"),
    ],
)
def test_mistakes_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    message: str,
) -> None:
    assert traffic_site(monkeypatch, tmp_path, *options) == 2
    assert message in capsys.readouterr().err
