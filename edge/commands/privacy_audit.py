"""`edge privacy-audit`: a real run of the service, watched by strace: whom it spoke to, what it wrote, any picture."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.commands.configured import load, pick
from edge.commands.options import CameraName, ConfigPath
from edge.commands.run import StateDir
from edge.commands.running import state_folder
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.privacy.audit import Report, Seen

_PROMISE = "no images stored or sent; counts only"


def privacy_audit_command(
    config: ConfigPath = Path("config.yaml"),
    camera: CameraName = None,
    state_dir: StateDir = None,
    seconds: Annotated[int, typer.Option(min=1, max=86_400, help="How long to run.")] = 60,
) -> None:
    """Run the service under strace and report every peer, every file written, and every picture in what went out.

    It counts and publishes as `edge run` does, into the same books: stop the service before.
    """
    from edge.privacy.audit import allowed, judge  # noqa: PLC0415 - `edge --help` needs none of this
    from edge.privacy.watch import watched  # noqa: PLC0415
    from edge.wiring import outbox_file  # noqa: PLC0415

    settings = load(config)
    chosen = pick(settings, camera)
    state = state_folder(state_dir)
    folders = {state, outbox_file(settings, chosen, state).parent}
    rules = allowed(settings, chosen, folders, notify_socket=os.environ.get("NOTIFY_SOCKET", ""))
    run = [sys.executable, "-m", "edge", "run", "--config", str(config), "--camera", chosen.name]
    # As in the unit, which could not write compiled modules anyway.
    with watched([*run, "--state-dir", str(state)], seconds, {"PYTHONDONTWRITEBYTECODE": "1"}) as ended:
        if ended.code:
            raise EdgeError(f"privacy audit: expected the service to run, it ended with exit code {ended.code}")
        report = judge(
            ended.threads(), rules, _content, encrypted=settings.mqtt.enabled and settings.mqtt.tls is not None
        )
    _show(report)
    if not report.clean:
        raise typer.Exit(1)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _show(report: Report) -> None:
    _table("spoke to", report.peers)
    _table("wrote", report.files)
    print(f"pictures, in {report.sent_bytes} bytes that went out and in the files as they are now:")
    for seen in report.pictures:
        print(f"  BREACH  {seen.what}: {seen.role}")
    if not report.pictures:
        print("  none")
    if report.encrypted:
        print("what went to the broker is encrypted: to look into it, audit with a broker on this machine without TLS")
    print(f"verdict: {_PROMISE}" if report.clean else f"verdict: NOT as promised ({_PROMISE})")


def _table(heading: str, rows: tuple[Seen, ...]) -> None:
    print(f"{heading}:")
    for seen in rows:
        print(f"  {'ok' if seen.role else 'BREACH':7} {seen.what}{f'  ({seen.role})' if seen.role else ''}")
    if not rows:
        print("  nothing")
