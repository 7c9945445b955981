"""`edge models`: which networks there are, whether their files are the right ones, and how to get them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from edge.commands.models_export import export_command
from edge.errors import ModelError

models_app = typer.Typer(help="The person detectors that are known by name.", no_args_is_help=True)


@models_app.command("list")
def list_command() -> None:
    """List every model of the manifest, and where its file lies."""
    from edge.adapters import manifest  # noqa: PLC0415 - other commands start faster without it

    for stored in manifest.list_models():
        entry = stored.entry
        get = f"edge models pull {entry.name}" if entry.url else "no address known: needs a mirror"
        print(f"{entry.name:20} {stored.state:8} {entry.licence:12} {stored.path or get}")
        if entry.source:
            print(f"{'':20} from {entry.source}")


@models_app.command("verify")
def verify_command() -> None:
    """Compare every file that is there with the manifest's sha256; exit code 4 when one differs."""
    from edge.adapters import manifest  # noqa: PLC0415

    altered = []
    for stored in manifest.list_models():
        print(f"{stored.entry.name:20} {stored.state}")
        if stored.state == "altered":
            altered.append(f"{stored.path}: expected sha256 {stored.entry.sha256}, got {stored.sha256}")
    if altered:
        raise ModelError("; ".join(altered))


@models_app.command("pull")
def pull_command(
    name: Annotated[str, typer.Argument(help="A name of `edge models list`.")],
) -> None:
    """Download a model into the user's cache and check it; $EDGE_MODELS_MIRROR (folder or URL) is asked instead."""
    from edge.adapters import manifest, pull  # noqa: PLC0415

    entries = manifest.load_manifest()
    if name not in entries:
        manifest.resolve(name)  # says which names there are
        raise ModelError(f"{name}: expected a name of the manifest ({', '.join(entries)}), got a path")
    stored = next(stored for stored in manifest.list_models() if stored.entry.name == name)
    if stored.state == "ok":
        print(f"{name}: {stored.path} is there already")
        return
    path = pull.pull(entries[name], manifest.cache_dir(), progress=_progress if sys.stderr.isatty() else None)
    print(f"{name}: {path}")


models_app.command("export")(export_command)


def _progress(done: int, total: int | None) -> None:
    share = f"{100 * done // total} %" if total else f"{done // 1024} KiB"
    print(f"\r{share}", end="" if done != total else "\n", file=sys.stderr, flush=True)
