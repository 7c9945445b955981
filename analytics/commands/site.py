"""`traffic site`: what the rows of a shop do not say of it."""

from __future__ import annotations

from typing import Annotated

import typer

from analytics.commands.options import DatabaseOption, PasswordFileOption, open_database
from edge.errors import ConfigError


def site_command(
    site: Annotated[str | None, typer.Argument(metavar="SITE", help="Which one; without, all are listed.")] = None,
    time_zone: Annotated[str | None, typer.Option(metavar="NAME", help="As Europe/Berlin.")] = None,
    day_start: Annotated[str | None, typer.Option(metavar="HH:MM", help="Local start of a business day.")] = None,
    opening: Annotated[
        str | None, typer.Option(metavar="HOURS", help="Of every week, as 'mon-fri 09:00-20:00; sat 10:00-18:00'.")
    ] = None,
    db: DatabaseOption = None,
    db_password_file: PasswordFileOption = None,
) -> None:
    """Keep a shop's time zone, business day and opening hours, or list what is kept."""
    from analytics.report.opening import WEEKDAYS  # noqa: PLC0415 - `traffic --help` needs none of this
    from analytics.report.settings import Settings, keep, kept, read  # noqa: PLC0415

    settings = read(time_zone, day_start, opening)
    if settings != Settings() and site is None:
        raise ConfigError("expected the name of the shop that the options are about")
    with open_database(db, db_password_file) as store:
        if site is not None and settings != Settings():
            keep(store, site, settings)
        found = kept(store)
    if site is not None and site not in found:
        raise ConfigError(f"expected one of the shops {', '.join(found) or '(none yet)'}, got {site!r}")
    for name in found if site is None else [site]:
        told = found[name]
        zone = told.time_zone.key if told.time_zone else "unknown"
        start = f"{told.day_start:%H:%M}" if told.day_start else "04:00, the default"
        print(f"{name}: time zone {zone}; business days from {start}")
        for day, spans in sorted(told.opening.weekdays.items()) if told.opening else ():
            print(f"  {WEEKDAYS[day]} {', '.join(map(str, spans)) or 'closed'}")
