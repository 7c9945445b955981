"""What the documents tell a reader to type works as it is written; only hosts, ports and places are filled in."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from analytics.cli import app
from analytics.online import OnlineDay
from analytics.store import Store, open_store
from analytics.store.books import Books
from analytics.validate import Accepted, validate
from tests.analytics.reading import Box
from tests.analytics.shop import NOW_S, line, occupancy, read, zone
from tests.mosquitto import DEADLINE_S, Mosquitto, program, wait_until
from tests.postgresql import PASSWORD, Postgresql

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
ANALYTICS, SCALE, MESSAGES = (ROOT / "docs" / f"{name}.md" for name in ("analytics", "scale", "messages"))


def recipes(path: Path, name: str) -> list[str]:
    """The blocks of code after a marker, up to the next text."""
    parts = path.read_text().split(f"<!-- recipe: {name} -->")
    assert len(parts) == 2, f"{path}: expected one recipe {name}"
    blocks = re.match(r"(?:\s*```\w+\n.*?^```\s*)+", parts[1], re.DOTALL | re.MULTILINE)
    assert blocks, f"{path}: expected code after {name}"
    return re.findall(r"^```\w+\n(.*?)^```", blocks[0], re.DOTALL | re.MULTILINE)


def statements(blocks: list[str]) -> list[str]:
    return [statement.strip() for block in blocks for statement in block.split(";") if statement.strip()]


def fill(store: Store) -> None:
    day = OnlineDay(site="berlin-1", zone="shoes", date="2025-11-24", lag="0d", scans=9, orders=2, as_of="2025-11-25")
    online = validate("traffic/v1/berlin-1/online/shoes", day.wire(), NOW_S)
    assert isinstance(online, Accepted)
    payloads = [make(seq) for make in (line, zone, occupancy) for seq in range(1, 25)]
    Books(store).post([*read(*payloads), online], [], NOW_S)


def test_the_queries_on_the_views(store):
    fill(store)
    found = [store.query(statement) for statement in statements(recipes(ANALYTICS, "sql"))]
    assert [len(rows) for rows in found] == [2, 1, 1, 1]
    assert found[0][0][3:] == (78, 1.0)
    assert found[2] == [("berlin-1", "shoes", "2025-11-24", 300, 96, 72, 9, 2)]
    assert found[3] == [("berlin-1", "2025-11-24", 300)]


def test_the_same_queries_with_nothing_but_sqlite(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/traffic.db") as store:
        fill(store)
    database = sqlite3.connect(tmp_path / "traffic.db")
    assert [len(database.execute(one).fetchall()) for one in statements(recipes(ANALYTICS, "sql"))] == [2, 1, 1, 1]
    database.close()


def test_the_queries_from_python(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/traffic.db") as store:
        fill(store)
    (code,) = recipes(ANALYTICS, "python")
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    outcome = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=True, timeout=DEADLINE_S,
    )  # fmt: skip
    assert outcome.stdout == "berlin-1 door 300\n"


def test_grafana_on_postgresql(postgresql: Postgresql, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    dsn = postgresql.database()
    with open_store(dsn) as store:
        fill(store)
        for statement in statements(recipes(ANALYTICS, "postgresql")):
            store.execute(statement)
        store.execute("SET ROLE grafana")
        filled = [
            re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN '2025-11-24T00:00:00Z' AND '2025-11-25T00:00:00Z'", one)
            for one in statements(recipes(ANALYTICS, "grafana"))
        ]
        visitors, occupied = (store.query(one.replace("$site", "berlin-1")) for one in filled)
        assert [row[1:] for row in visitors] == [("door", 78), ("door", 222)]
        assert str(visitors[1][0]) == "2025-11-24 01:00:00+00:00"
        assert [row[1] for row in occupied] == [5] * 24


def test_old_months_can_be_dropped(postgresql: Postgresql, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    old = {"start": "2024-01-31T23:55:00Z", "end": "2024-02-01T00:00:00Z"}
    with open_store(postgresql.database()) as store:
        books = Books(store)
        books.post(read(line(1, **old), line(2)), [], NOW_S)
        for statement in statements(recipes(SCALE, "partitions")):
            store.execute(statement)
        assert store.query("SELECT seq FROM line_rows") == [(2,)]
        assert books.post(read(line(1, **old)), [], NOW_S).stored == 0


def test_the_recipes_of_messages(tmp_path):
    """Both `mosquitto_sub` lines, the reader in Python, and its SQL."""
    text = MESSAGES.read_text().split("## What every row carries")[0]
    subscribers = re.findall(r"^mosquitto_sub .*$", text, re.MULTILINE)
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (queries,) = re.findall(r"^```sql\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(subscribers) == 2
    with Mosquitto(tmp_path / "broker") as broker:
        local = f"-h {broker.host} -p {broker.port} -C 1"
        code = code.replace('reader.connect("localhost", ', f'reader.connect("{broker.host}", {broker.port}, ')
        commands = [shlex.split(one.replace("-h localhost", local)) for one in subscribers]
        commands = [[program(words[0]), *words[1:]] for words in commands] + [[sys.executable, "-c", code]]
        running = [
            subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for words in commands
        ]
        try:
            wait_until(lambda: broker.log().count("Sending SUBACK") == len(running))
            with Box(broker.port) as box:
                box.send(line(1), line(1), line(3))
            for process in running[:2]:
                out, _ = process.communicate(timeout=DEADLINE_S)
                assert line(1).wire().decode() in out.decode()
            database = sqlite3.connect(tmp_path / "rows.db")
            wait_until(lambda: database.execute("SELECT count(*) FROM rows").fetchone() == (2,))
            gaps, days = (database.execute(one).fetchall() for one in statements([queries]))
            database.close()
            assert gaps == [("berlin-1", "box", "0123456789abcdef", "line/door", 1)]
            assert days == [("berlin-1", "2025-11-24", 4)]
        finally:
            for process in running:
                process.kill()
                process.communicate()


def _commands() -> list[tuple[str, list[str]]]:
    found = []
    for path in [ROOT / "README.md", *DOCUMENTS]:
        for block in re.findall(r"^```sh\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE):
            for text in block.replace("\\\n", " ").splitlines():
                words = shlex.split(text, comments=True)
                if words and words[0] == "traffic":
                    end = next((at for at, word in enumerate(words) if word in {"||", "&&", "|", ">"}), len(words))
                    found.append((path.name, words[1:end]))
    return found


def test_commands_in_documents_exist_with_their_options():
    found = _commands()
    assert len(found) > 4
    for where, given in found:
        command: Any = typer.main.get_command(app)
        words = given
        while hasattr(command, "commands") and words and not words[0].startswith("-"):
            assert words[0] in command.commands, f"{where}: {given}"
            command, words = command.commands[words[0]], words[1:]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known | {"--help"}, f"{where}: {given}"


def test_the_telegraf_configuration_is_at_least_toml():
    tomllib = pytest.importorskip("tomllib")  # Python 3.11 and later
    (text,) = re.findall(r"^```toml\n(.*?)^```", ANALYTICS.read_text(), re.DOTALL | re.MULTILINE)
    assert tomllib.loads(text)["inputs"]["mqtt_consumer"][0]["topics"]
    assert "Untested" in ANALYTICS.read_text().split("## Telegraf")[1]
