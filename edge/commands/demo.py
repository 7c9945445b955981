"""`edge demo`: the whole path on a scripted shop, with the truth beside the counts."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.config import Camera, Config, parse
from edge.errors import ConfigError, EdgeError

if TYPE_CHECKING:
    from rich.console import Console

    from edge.demo.analyst import Analyst

FOLDER = Path(__file__).parents[1] / "demo"
FILM_S, FILM_FPS, FILM_SIZE = 120, 5, (270, 480)
NEXT = """
Next, with a real camera:
  0. . {environment}/bin/activate
  1. edit config.yaml                       source: rtsp://camera.local/sub, a video file, or /dev/video0
  2. python -m calibration draw --source SOURCE --config config.yaml --out grid.png
                                            the picture with a grid: where do the line and the zones belong?
  3. edge check; edge snapshot              is the configuration right?
  4. edge replay SOURCE --annotated out.mp4 count a file and watch what was counted
  5. edge run                               count for good and publish to your broker
"""

WHY = """Where counts differ, the detector missed somebody or saw two for one: person-n is small, see models/PERSON.md.
`edge demo --boxes` counts exact boxes instead: there every count is the truth."""


def demo_command(
    camera: Annotated[
        str | None, typer.Option(help="Count a camera instead, until Ctrl-C: 0, /dev/videoN, rtsp://")
    ] = None,
    clip: Annotated[str | None, typer.Option(help="Count a video file or a folder of pictures instead.")] = None,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Count recorded boxes instead: no picture, no network.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Name or path of another detector.")] = None,
) -> None:
    """Run the service on a drawn shop with a broker of its own, and compare the messages with the truth."""
    from rich.console import Console  # noqa: PLC0415 - only the demo needs any of this

    if sum(bool(one) for one in (camera, clip, boxes)) > 1:
        raise ConfigError("edge demo: expected at most one of --camera, --clip and --boxes")
    console = Console()
    with tempfile.TemporaryDirectory(prefix="edge-demo-") as name:
        folder = Path(name)
        if camera is not None or clip is not None:
            play = Play(_config("pictures.yaml", camera or clip or "", model), live=camera is not None)
        elif boxes:
            truth = json.loads((FOLDER / "shop.truth.json").read_text())
            play = Play(_config("demo.yaml", str(FOLDER / "shop.jsonl"), model), truth, exact=True)
        else:
            play = _film(console, folder, model)
        differing = _count(console, folder, play)
    if differing and not play.exact:
        console.print(WHY, highlight=False, markup=False, soft_wrap=True)
    console.print(NEXT.format(environment=os.path.relpath(sys.prefix)), highlight=False, markup=False, soft_wrap=True)
    if differing and play.exact:
        raise EdgeError("the demo: the counts are not those of the truth")


@dataclass(frozen=True)
class Play:
    """What is counted.

    Attributes:
        config: With its source.
        truth: What really happens there, if that is known.
        exact: Whether the counts have to be the truth; a detector may be wrong, recorded boxes may not.
        live: Whether the source is a camera.
    """

    config: Config
    truth: dict[str, Any] | None = None
    exact: bool = False
    live: bool = False


def _config(name: str, source: str, model: str | None) -> Config:
    config = parse((FOLDER / name).read_text())
    changed: dict[str, Any] = {"source": source} | ({"model": model} if model else {})
    return config.model_copy(update={"cameras": (config.cameras[0].model_copy(update=changed),)})


def _film(console: Console, folder: Path, model: str | None) -> Play:
    """Draws the film of the scripted shop and writes it as a video, as a camera would."""
    from rich.progress import track  # noqa: PLC0415

    from edge.adapters.video import VideoWriter  # noqa: PLC0415
    from edge.demo import scene  # noqa: PLC0415
    from edge.demo.film import Film  # noqa: PLC0415

    path = folder / "shop.mp4"
    crowd = [person for person in scene.people() if person.times_s[-1] < FILM_S - 1]
    pictures = Film(crowd, *FILM_SIZE).frames(FILM_S, FILM_FPS)
    with VideoWriter(path) as video:
        shown = f"drawing {FILM_S} s of a shop"
        for at_s, picture in track(pictures, shown, FILM_S * FILM_FPS, console=console, transient=True):
            video.write(picture, at_s)
    return Play(_config("demo.yaml", str(path), model), scene.truth(crowd, FILM_S))


def _count(console: Console, folder: Path, play: Play) -> int:
    """Runs the service with a broker of its own; how many counts differ from the truth."""
    from edge.demo.analyst import Analyst  # noqa: PLC0415
    from edge.demo.broker import broker  # noqa: PLC0415
    from edge.service import Options, Service  # noqa: PLC0415

    console.print("starting an MQTT broker on loopback ...")
    with broker(folder) as port, Analyst(port, play.config.site, _printer(console)) as analyst:
        camera = play.config.cameras[0]
        console.print(f"counting {_words(play)}; what a subscriber receives:\n", highlight=False, markup=False)
        mqtt = play.config.mqtt.model_copy(update={"host": "127.0.0.1", "port": port, "protocol": "3.1.1"})
        chosen = (play.config.model_copy(update={"mqtt": mqtt}), camera)
        if play.truth is None:
            Service(chosen, Options(state_dir=folder, speed="real" if play.live else "max")).run()
            analyst.wait_for(len(camera.lines) + len(camera.zones) + 1)
            return 0
        interval_s = play.config.interval_s
        intervals = play.truth["seconds"] // interval_s
        start_utc_s = (time.time() // interval_s - intervals) * interval_s
        Service(chosen, Options(state_dir=folder, speed="max", start_utc_s=start_utc_s)).run()
        expected = (len(camera.lines) + len(camera.zones) + 1) * intervals
        if not analyst.wait_for(expected):
            raise EdgeError(f"the demo: expected {expected} rows over MQTT, got {len(analyst.rows)}")
        return _compare(console, analyst, camera, play.truth)


def _words(play: Play) -> str:
    if play.live:
        return "people who pass the middle of your camera's picture, a message a minute, until Ctrl-C"
    if play.truth is None:
        return "people who pass the middle of the picture of your clip"
    return f"{play.truth['seconds']} s of a scripted shop"


def _printer(console: Console) -> Any:  # noqa: ANN401
    shown = ("start", "in", "out", "uturns", "entered", "pass", "stop", "engaged", "presence_s", "occ", "state")

    def show(topic: str, payload: dict[str, Any]) -> None:
        facts = " ".join(f"{key}={payload[key]}" for key in shown if key in payload)
        console.print(f"  {topic:44} {facts}", highlight=False, markup=False, soft_wrap=True)

    return show


def _compare(console: Console, analyst: Analyst, camera: Camera, truth: dict[str, Any]) -> int:
    """Prints the sums of the messages beside the truth; how many differ."""
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="\nWhat the messages add up to, and the truth of the script", title_justify="left")
    for heading in ("", "", "counted", "truth", ""):
        table.add_column(heading, justify="right" if heading in ("counted", "truth") else "left")
    differing = 0

    def compare(name: str, what: str, counted: float, true: float, *, tolerance: float = 0.0) -> None:
        nonlocal differing
        same = abs(counted - true) <= tolerance
        differing += not same
        form = "{:.1f}" if tolerance else "{:d}"
        table.add_row(name, what, form.format(counted), form.format(true), "[green]ok" if same else "[red]differs")

    for line in camera.lines:
        sums, true = analyst.sums(f"line/{line.name}"), truth["lines"][line.name]
        for what in ("in", "out", "uturns"):
            compare(f"line {line.name}", what, sums[what], true[what])
    for zone in camera.zones:
        sums, true = analyst.sums(f"zone/{zone.name}"), truth["zones"][zone.name]
        compare(f"zone {zone.name}", "passes", sums["pass"], true["passes"])
        compare(f"zone {zone.name}", "stops and engaged", sums["stop"] + sums["engaged"], len(true["visits"]))
        mean_s = sums["left_s"] / sums["left"] if sums["left"] else 0.0
        compare(f"zone {zone.name}", "mean dwell s", mean_s, true["mean_dwell_s"], tolerance=0.5)
    console.print(table)
    return differing
