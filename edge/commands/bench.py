"""`edge bench`: what one camera costs on this box, stage by stage, and how many of them it holds."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from edge.commands.options import CameraName
from edge.errors import CameraError, ConfigError, EdgeError

OWN_CONFIG, BUILT_IN = Path("config.yaml"), Path(__file__).parents[1] / "demo" / "pictures.yaml"
FILM_S, FILM_FPS, FILM_SIZE = 20, 10, (360, 640)
_BUSY = 0.2


def bench_command(
    clip: Annotated[
        str | None, typer.Option(help="Video file, best of your own camera; else a film that is drawn first.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name or path, instead of the configured one.")] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The configuration; else ./config.yaml, else a built-in.", metavar="FILE"),
    ] = None,
    camera: CameraName = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of words.")] = False,
) -> None:
    """Run the service on a clip as fast as it goes, and say where the time goes and how many cameras this box holds."""
    if clip is not None:
        _check(clip)
    settings = config or (OWN_CONFIG if OWN_CONFIG.exists() else BUILT_IN)
    free_mb = _free_mb()
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as name:
        folder = Path(name)
        source = clip or str(_drawn_film(folder, quiet=as_json))
        told = {"config": str(settings), "camera": camera, "clip": source, "model": model, "folder": name}
        measured = _run(told, folder / "measured.json")
    _show(measured, clip, free_mb, as_json=as_json)


def _check(clip: str) -> None:
    """A clip has an end, and pictures; the rest the service finds out itself."""
    if "://" in clip or clip.startswith("/dev/") or clip.isdecimal():
        raise CameraError(
            "--clip: expected a video file, got a live camera; record a minute of it first, such as with: "
            "ffmpeg -rtsp_transport tcp -i ADDRESS -t 60 -c copy clip.mp4"
        )
    if clip.endswith(".jsonl"):
        raise CameraError(f"--clip: expected a video file, got a recording of boxes: {clip}")


def _drawn_film(folder: Path, *, quiet: bool) -> Path:
    from edge.adapters.video import VideoWriter  # noqa: PLC0415 - only without a clip
    from edge.demo import scene  # noqa: PLC0415
    from edge.demo.film import Film  # noqa: PLC0415

    if not quiet:
        print(f"drawing {FILM_S} s of a shop; your own clip (--clip) says more about your cameras ...")
    path = folder / "shop.mp4"
    with VideoWriter(path) as video:
        for at_s, picture in Film(scene.people(), *FILM_SIZE).frames(FILM_S, FILM_FPS):
            video.write(picture, at_s)
    return path


def _run(told: dict[str, Any], out: Path) -> dict[str, Any]:
    """Measures in a process of its own; what that says on stderr is said here too."""
    told |= {"out": str(out), "began_s": time.monotonic()}
    command = [sys.executable, "-m", "edge.commands.benching", json.dumps(told)]
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    print(done.stderr, end="", file=sys.stderr)
    if done.returncode > 0:
        raise typer.Exit(done.returncode)
    if done.returncode < 0 or not out.exists():
        raise EdgeError(f"edge bench: expected the service to end by itself, got signal {-done.returncode}")
    measured: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return measured


def _show(measured: dict[str, Any], clip: str | None, free_mb: float, *, as_json: bool) -> None:
    from edge.bench.measurement import Measurement, Stage  # noqa: PLC0415 - after the run: numpy is none of ours
    from edge.bench.verdict import Box, judge  # noqa: PLC0415

    model, threads = measured.pop("model"), measured.pop("threads")
    stages = tuple(Stage(**stage) for stage in measured["stages"])
    result = Measurement(**{**measured, "stages": stages})
    box = Box(len(os.sched_getaffinity(0)), free_mb)
    verdict = judge(box, result.load)
    words = verdict.words(round(result.fps, 1))
    if as_json:
        about = {"processor": _processor(), "processors": box.processors, "free_mb": round(free_mb)}
        document = {"box": about, "clip": clip, "model": model, "threads": threads, **measured}
        answer = {"cameras": verdict.cameras, "like_this": verdict.like_this, "limit": verdict.limit, "words": words}
        print(json.dumps({**document, "verdict": answer}, indent=2))
        return
    _print(result, f"{model}, {threads} thread{'s' * (threads > 1)}", clip or "drawn film", box.processors)
    print(f"\n{words}")


def _print(result: Any, model: str, clip: str, processors: int) -> None:  # noqa: ANN401 - imported late
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    size = f"{result.width} x {result.height}, {result.seconds:.0f} s, {result.fps:.1f} pictures per s looked at"
    print(f"{_processor()}, {processors} processors\n{clip}: {size}\n{model}\n")
    table = Table("stage", "pictures", "median ms", "p95 ms", "of the time")
    for column in table.columns[1:]:
        column.justify = "right"
    for stage in result.stages:
        shown = f"{stage.median_ms:.2f}", f"{stage.p95_ms:.2f}", f"{stage.share:.0%}"
        table.add_row(stage.name, str(stage.pictures), *shown)
    table.add_section()
    table.add_row("a picture", str(result.pictures), f"{result.median_ms:.2f}", f"{result.p95_ms:.2f}", "100%")
    Console().print(table)
    busy = f"{result.busy_cpu_s_per_video_s:.3f} if the network looked at every picture"
    print(
        f"{result.cpu_s_per_video_s:.3f} s of processor time per s of video; {busy} (here: {result.network_share:.0%})"
    )
    print(f"{result.peak_mb:.0f} MB at most; first picture counted {result.start_s:.2f} s after the start")
    if result.waited > _BUSY:
        print(
            f"others were using this box: {result.waited:.0%} of the time was waiting for them; measure again at rest"
        )


def _processor() -> str:
    """Its name: x86 has one in /proc/cpuinfo, boards have one in the device tree."""
    board = Path("/proc/device-tree/model")
    try:
        if board.exists():
            return board.read_text(encoding="utf-8").rstrip("\0\n")
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"edge bench: expected a Linux with /proc, got: {error.strerror}") from error
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _free_mb() -> float:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) / 1024
