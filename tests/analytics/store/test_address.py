"""Where the database is: understood, or explained, and never with its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.store.address import Address, discreet, read_address
from edge.errors import ConfigError

SECRET = "correct horse"


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch):
    monkeypatch.delenv("TRAFFIC_DB", raising=False)


@pytest.mark.parametrize(
    ("dsn", "path"),
    [(None, "traffic.db"), ("sqlite:///a/b.db", "a/b.db"), ("sqlite:////var/lib/traffic.db", "/var/lib/traffic.db")],
)
def test_an_sqlite_file(dsn, path):
    assert read_address(dsn) == Address("sqlite", path=Path(path))


def test_postgresql_without_a_password():
    address = read_address("postgresql://traffic@db:5433/shops?sslmode=require")
    assert address.url == "postgresql://traffic@db:5433/shops?sslmode=require"
    assert address.password is None


@pytest.mark.parametrize(
    "dsn",
    [f"postgresql://traffic:{SECRET.replace(' ', '%20')}@db/shops", f"postgresql://traffic@db/shops?password={SECRET}"],
)
def test_a_password_in_the_environment_goes_to_the_driver_alone(monkeypatch, dsn):
    monkeypatch.setenv("TRAFFIC_DB", dsn)
    address = read_address(None)
    assert (address.url, address.password) == ("postgresql://traffic@db/shops", SECRET)
    assert "horse" not in repr(address) + address.name
    with pytest.raises(ConfigError, match="expected no password") as caught:
        read_address(dsn)
    assert "horse" not in str(caught.value)


def test_a_password_in_a_file(tmp_path):
    file = tmp_path / "password"
    file.write_text(SECRET + "\n")
    assert read_address("postgresql://traffic@db/shops", file).password == SECRET
    file.write_text("\n")
    with pytest.raises(ConfigError, match="found it empty"):
        read_address("postgresql://traffic@db/shops", file)
    with pytest.raises(ConfigError, match="expected a readable file"):
        read_address("postgresql://traffic@db/shops", tmp_path / "none")


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "traffic.db",
        "mysql://u:horse@h/x",
        "sqlite://traffic.db",
        "sqlite:///",
        "sqlite:///a.db?x=1",
        "postgresql://[horse",
    ],
)
def test_what_is_no_dsn_is_explained(dsn):
    with pytest.raises(ConfigError, match="--db: expected sqlite:///file or postgresql://") as caught:
        read_address(dsn)
    assert "u:horse" not in str(caught.value)


def test_the_environment_is_named_when_it_is_wrong(monkeypatch):
    monkeypatch.setenv("TRAFFIC_DB", "nonsense")
    with pytest.raises(ConfigError, match=r"\$TRAFFIC_DB: expected"):
        read_address(None)


def test_discreet_leaves_other_text_alone():
    assert (
        discreet("traffic.db: expected a file, got: no such file") == "traffic.db: expected a file, got: no such file"
    )
