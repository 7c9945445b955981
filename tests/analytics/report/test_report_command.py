"""`traffic report` as people type it: what it prints, writes and refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from analytics.cli import main
from analytics.store import open_store
from tests.analytics.report.filling import month


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("command")
    with open_store(f"sqlite:///{folder}/traffic.db") as store:
        month(store)
    return folder


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `traffic report` in this process."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*options: str, db: Path = folder) -> Ended:
        monkeypatch.setattr(sys, "argv", ["traffic", "report", "--db", f"sqlite:///{db}/traffic.db", *options])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return run


def test_the_terminal_shows_everything_within_80_columns(run: Run) -> None:
    shown = run("--from", "2026-10-05", "--to", "2026-11-01")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in shown.stdout
    for title in ("By business day", "Zones: visits", "Funnel", "Conversion: lower bounds", "How far to trust"):
        assert title in shown.stdout
    assert next(line for line in lines if line.startswith("│ all  ")).split("│")[2].strip() == "6,048"
    assert "! Watched 98.2 % of the opening hours: what came in the rest is in no count." in lines


def test_files_are_written_where_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    targets = ("--html", f"{tmp_path}/page.html", "--csv", f"{tmp_path}/csv", "--json", f"{tmp_path}/all.json")
    done = run("--by", "week", *targets)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    assert json.loads((tmp_path / "all.json").read_text())["by"] == "week"
    assert set(done.stdout.split()) == {str(path) for path in tmp_path.rglob("*") if path.is_file()}


def test_json_goes_to_the_terminal_alone(run: Run) -> None:
    assert json.loads(run("--json", "-").stdout)["site"] == "berlin-1"


def test_an_audit_widens_the_intervals_and_says_so(run: Run) -> None:
    plain, audited = (
        json.loads(run("--json", "-", *options).stdout)["conversion"]
        for options in ((), ("--count-error", "-0.05,-0.4,0.4"))
    )
    seven = [next(row for row in rows if row["figure"] == "conversion_7d") for rows in (plain, audited)]
    assert [row["audited"] for row in seven] == [False, True]
    assert seven[1]["high"] - seven[1]["low"] > 1.5 * (seven[0]["high"] - seven[0]["low"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--site", "berlin-2"), "expected one of the sites berlin-1, got 'berlin-2'; did you mean 'berlin-1'?"),
        (("--from", "2026-02-30"), "--from: expected a date such as 2026-11-23, got '2026-02-30'"),
        (("--to", "yesterday"), "--to: expected a date such as 2026-11-23, got 'yesterday'"),
        (("--from", "2027-02-01"), "for which it has rows, got 2027-02-01"),
        (("--time-zone", "Berlin"), "time zone: expected a name such as Europe/Berlin, got 'Berlin'"),
        (("--time-zone", "../etc/passwd"), "time zone: expected a name"),
        (("--day-start", "04:10"), "expected a start on a quarter of an hour such as 04:00, got '04:10'"),
        (("--day-start", "4"), "expected a start on a quarter"),
        (("--opening", "always"), "expected opening hours such as 'mon-fri 09:00-20:00"),
        (("--count-error", "0.5"), "--count-error: expected bias, low and high"),
        (("--count-error", "0.5,0.6,0.7"), "--count-error: expected bias, low and high"),
        (("--html", "/dev/null/page.html"), "/dev/null/page.html: expected a place to write"),
    ],
)
def test_mistakes_are_named_in_one_line(run: Run, options: tuple[str, str], message: str) -> None:
    refused = run(*options)
    assert refused.returncode in (1, 2)
    assert refused.stdout == ""
    assert message in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_an_empty_database_is_said(run: Run, tmp_path: Path) -> None:
    refused = run(db=tmp_path)
    assert (refused.returncode, "found none yet" in refused.stderr) == (2, True)
