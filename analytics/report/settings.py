"""What rows do not say of a shop: time zone, start of the business day, opening hours; as text, and as kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from analytics.report.opening import Opening, parse, stored
from analytics.store import Store
from edge.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """Of one shop; None: nobody told."""

    time_zone: ZoneInfo | None = None
    day_start: time | None = None
    opening: Opening | None = None


def read(time_zone: str | None, day_start: str | None, opening: str | None) -> Settings:
    """Settings as they are typed.

    Raises:
        ConfigError: One of them cannot be read.
    """
    return Settings(_zone(time_zone), _clock(day_start), None if opening is None else parse(opening))


def keep(store: Store, site: str, settings: Settings) -> None:
    """Keeps what is told, and leaves the rest as it is.

    Raises:
        ConfigError: The opening hours are not the same every week.
        StoreError: The database fails.
    """
    opening = settings.opening
    if opening is not None and opening.dates:
        day = min(opening.dates)
        raise ConfigError(f"--opening: expected hours of every week, got {day}; give dates to `traffic report` itself")
    with store.transaction():
        store.execute("INSERT INTO sites (site) VALUES (?) ON CONFLICT DO NOTHING", (site,))
        if settings.time_zone is not None:
            store.execute("UPDATE sites SET time_zone = ? WHERE site = ?", (settings.time_zone.key, site))
        if settings.day_start is not None:
            store.execute("UPDATE sites SET day_start = ? WHERE site = ?", (f"{settings.day_start:%H:%M}", site))
        if opening is not None:
            store.execute("DELETE FROM opening_hours WHERE site = ?", (site,))
            spans = [(site, day, *str(span).split("-")) for day, spans in opening.weekdays.items() for span in spans]
            store.execute_many("INSERT INTO opening_hours (site, weekday, opens, closes) VALUES (?, ?, ?, ?)", spans)


def kept(store: Store) -> dict[str, Settings]:
    """The settings of all shops that have rows or settings, by name.

    Raises:
        ConfigError: What is kept cannot be read.
        StoreError: The database fails.
    """
    told = {site: rest for site, *rest in store.query("SELECT site, time_zone, day_start FROM sites")}
    sites = sorted({site for (site,) in store.query("SELECT DISTINCT site FROM streams")} | told.keys())
    hours: dict[str, list[tuple[int, str, str]]] = {}
    for site, *span in store.query("SELECT site, weekday, opens, closes FROM opening_hours ORDER BY 1, 2, 3"):
        hours.setdefault(site, []).append((span[0], span[1], span[2]))
    found = {}
    for site in sites:
        zone, start = told.get(site, (None, None))
        try:
            found[site] = Settings(_zone(zone), _clock(start), stored(hours.get(site, ())))
        except ConfigError as error:
            raise ConfigError(f"{store.name}, {site}: {error}") from None
    return found


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"time zone: expected a name such as Europe/Berlin, got {name!r}") from None


def _clock(text: str | None) -> time | None:
    if text is None:
        return None
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = time(0, 1)
    if found.minute % 15 or found.second or found.tzinfo:
        raise ConfigError(f"business day: expected a start on a quarter of an hour such as 04:00, got {text!r}")
    return found
