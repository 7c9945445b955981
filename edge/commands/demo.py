"""`edge demo`: the whole path on a scripted shop, with the truth beside the counts."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.config import Camera, Config, parse
from edge.errors import EdgeError

if TYPE_CHECKING:
    from rich.console import Console

    from edge.demo.analyst import Analyst

FOLDER = Path(__file__).parents[1] / "demo"
NEXT = """
Next, with a real camera:
  0. . {environment}/bin/activate
  1. edge models pull yolox_nano            a person detector (Apache-2.0, 3.7 MB)
  2. edit config.yaml                       source: rtsp://camera.local/sub, a video file, or /dev/video0
  3. python -m calibration draw --source SOURCE --config config.yaml --out grid.png
                                            the picture with a grid: where do the line and the zones belong?
  4. edge check; edge snapshot              is the configuration right?
  5. edge replay SOURCE --annotated out.mp4 count a file and watch what was counted
  6. edge run                               count for good and publish to your broker
"""


def demo_command() -> None:
    """Run the service on a scripted shop scene with a broker of its own, and compare the messages with the truth."""
    from rich.console import Console  # noqa: PLC0415 - only the demo needs any of this

    from edge.demo.analyst import Analyst  # noqa: PLC0415
    from edge.demo.broker import broker  # noqa: PLC0415
    from edge.service import Options, Service  # noqa: PLC0415

    console = Console()
    config = parse((FOLDER / "demo.yaml").read_text())
    truth = json.loads((FOLDER / "shop.truth.json").read_text())
    with tempfile.TemporaryDirectory(prefix="edge-demo-") as folder:
        console.print("starting an MQTT broker on loopback ...")
        with broker(Path(folder)) as port, Analyst(port, config.site, _printer(console)) as analyst:
            console.print(f"counting {truth['seconds']} s of a scripted shop; what a subscriber receives:\n")
            chosen = _settings(config, port)
            intervals = truth["seconds"] // config.interval_s
            start_utc_s = (time.time() // config.interval_s - intervals) * config.interval_s
            Service(chosen, Options(state_dir=Path(folder), speed="max", start_utc_s=start_utc_s)).run()
            expected = (len(chosen[1].lines) + len(chosen[1].zones) + 1) * intervals
            if not analyst.wait_for(expected):
                raise EdgeError(f"the demo: expected {expected} rows over MQTT, got {len(analyst.rows)}")
            right = _compare(console, analyst, chosen[1], truth)
    console.print(NEXT.format(environment=os.path.relpath(sys.prefix)), highlight=False, markup=False, soft_wrap=True)
    if not right:
        raise EdgeError("the demo: the counts are not those of the truth")


def _settings(config: Config, port: int) -> tuple[Config, Camera]:
    camera = config.cameras[0].model_copy(update={"source": str(FOLDER / "shop.jsonl")})
    mqtt = config.mqtt.model_copy(update={"host": "127.0.0.1", "port": port, "protocol": "3.1.1"})
    return config.model_copy(update={"cameras": (camera,), "mqtt": mqtt}), camera


def _printer(console: Console) -> Any:  # noqa: ANN401
    shown = ("start", "in", "out", "uturns", "entered", "pass", "stop", "engaged", "presence_s", "occ", "state")

    def show(topic: str, payload: dict[str, Any]) -> None:
        facts = " ".join(f"{key}={payload[key]}" for key in shown if key in payload)
        console.print(f"  {topic:44} {facts}", highlight=False, markup=False, soft_wrap=True)

    return show


def _compare(console: Console, analyst: Analyst, camera: Camera, truth: dict[str, Any]) -> bool:
    """Prints the sums of the messages beside the truth; True when every count is the same."""
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="\nWhat the messages add up to, and the truth of the script", title_justify="left")
    for heading in ("", "", "counted", "truth", ""):
        table.add_column(heading, justify="right" if heading in ("counted", "truth") else "left")
    right = True

    def compare(name: str, what: str, counted: float, true: float, *, tolerance: float = 0.0) -> None:
        nonlocal right
        same = abs(counted - true) <= tolerance
        right &= same
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
    return right
