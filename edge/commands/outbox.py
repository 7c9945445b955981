"""`edge outbox`: what is kept on the box, and having rows sent again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.commands.configured import load, pick
from edge.commands.options import CameraName, ConfigPath
from edge.commands.run import StateDir
from edge.commands.running import state_folder
from edge.core.message import REPLAY_ROWS, ReplayRequest
from edge.errors import EdgeError

outbox_app = typer.Typer(help="The rows that are kept on this box.", no_args_is_help=True)


@outbox_app.command("show")
def show_command(
    config: ConfigPath = Path("config.yaml"), camera: CameraName = None, state_dir: StateDir = None
) -> None:
    """Show what the state database keeps. A running service holds it, and tells the same in its health message."""
    from edge.adapters.outbox import Outbox  # noqa: PLC0415 - `edge --help` needs none of this
    from edge.wiring import outbox_file  # noqa: PLC0415

    settings = load(config)
    path = outbox_file(settings, pick(settings, camera), state_folder(state_dir))
    if not path.exists():
        raise EdgeError(f"{path}: expected a state database, found none: has the service ever run?")
    with Outbox(path) as outbox:
        dropped = f"{outbox.dropped} dropped for want of room"
        print(f"{path}: epoch {outbox.books.epoch}, {outbox.depth()} to be sent, {dropped}")
        for shelf in outbox.shelves():
            last = outbox.books.last_seq.get(shelf.series, 0)
            print(
                f"  {shelf.series}: {shelf.rows} rows kept, {shelf.first_seq} to {shelf.last_seq} of {last}; "
                f"{shelf.pending} to be sent"
            )
        for line, total in outbox.books.totals.items():
            print(f"  total/{line}: in {total.in_}, out {total.out}, in_raw {total.in_raw}, out_raw {total.out_raw}")


@outbox_app.command("resend")
def resend_command(
    series: Annotated[str, typer.Argument(help="Such as line/door, zone/table or occupancy.", metavar="SERIES")],
    first: Annotated[int, typer.Option("--from", min=1, help="First seq.")],
    last: Annotated[int, typer.Option("--to", min=1, help="Last seq, inclusive.")],
    config: ConfigPath = Path("config.yaml"),
    camera: CameraName = None,
    state_dir: StateDir = None,
) -> None:
    """Have the service send rows again, now or when it starts; readers keep each once, by its key."""
    from pydantic import ValidationError  # noqa: PLC0415

    from edge.resend import leave  # noqa: PLC0415
    from edge.wiring import wishes_file  # noqa: PLC0415

    if last < first:
        raise typer.BadParameter(f"expected --to of at least {first}, got {last}")
    try:
        requests = [
            ReplayRequest(series=series, from_seq=start, to_seq=min(last, start + REPLAY_ROWS - 1))
            for start in range(first, last + 1, REPLAY_ROWS)
        ]
    except ValidationError:
        raise typer.BadParameter(f"expected line/NAME, zone/NAME or occupancy, got {series!r}") from None
    path = wishes_file(state_folder(state_dir), pick(load(config), camera))
    try:
        leave(path, requests)
    except OSError as error:
        raise EdgeError(f"{path}: expected a place for the wish, got: {error.strerror}") from error
    print(f"{series} from {first} to {last}: the service sends what it still has, within a second or when it starts")
