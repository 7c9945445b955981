"""The process that `edge bench` measures: the service on a clip, at full speed, with stopwatches in it.

    python -m edge.commands.benching JSON

A process of its own, because its memory and its start are to be those of `edge run`: no command line's library in it.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.commands.configured import load, pick
from edge.commands.exits import exit_codes

if TYPE_CHECKING:
    from edge.config import Camera, Config


def main() -> None:
    """Runs, and writes the measurement as JSON into the file that it was told."""
    gc.disable()  # as `edge run` does; the service enables it
    told: dict[str, Any] = json.loads(sys.argv[1])
    with exit_codes():
        chosen = _chosen(told)
        from edge.bench.measurement import measurement  # noqa: PLC0415 - a wrong configuration is said before
        from edge.bench.stages import Stages  # noqa: PLC0415
        from edge.service import Options, Service  # noqa: PLC0415

        stages = Stages()
        with stages.measured():
            Service(chosen, Options(state_dir=Path(told["folder"]), speed="max")).run()
        measured = measurement(
            stages,
            chosen[1].source,
            cpu_s=time.process_time() - stages.cpu_first_s,
            peak_mb=_peak_mb(),
            start_s=(stages.first_s or time.monotonic()) - told["began_s"],
        )
        facts = dataclasses.asdict(measured) | {"model": chosen[1].model, "threads": chosen[1].threads}
        Path(told["out"]).write_text(json.dumps(facts), encoding="utf-8")


def _chosen(told: dict[str, Any]) -> tuple[Config, Camera]:
    """The configured camera with another source: nothing is sent, and nothing is served."""
    settings = load(Path(told["config"]))
    camera = pick(settings, told["camera"])
    changed = {"source": told["clip"]} | ({"model": told["model"]} if told["model"] else {})
    quiet = {
        "mqtt": settings.mqtt.model_copy(update={"enabled": False}),
        "metrics": settings.metrics.model_copy(update={"port": None}),
        "outbox": settings.outbox.model_copy(update={"path": None}),
    }
    return settings.model_copy(update=quiet), camera.model_copy(update=changed)


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
