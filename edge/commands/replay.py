"""`edge replay`: counts a file or a recording and prints what happened."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.commands.configured import load, pick
from edge.commands.options import CameraName, ConfigPath, SpeedChoice, SpeedOption, StartOption, positive, utc_s
from edge.errors import CameraError, ConfigError, EdgeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.core.pipeline import Pipeline, Step
    from edge.observer import Observation, Observer
    from edge.replay import Tally, Tap

NO_DATE = "2000-01-01T00:00:00Z"
"""Of rows without --start: the same file gives the same rows, whenever it is replayed."""


def replay_command(
    source: Annotated[str, typer.Argument(help="Video file, folder of pictures, recording (.jsonl), URL or device.")],
    config: ConfigPath = Path("config.yaml"),
    camera: CameraName = None,
    model: Annotated[str | None, typer.Option(help="Name or path, instead of the configured model.")] = None,
    detect_fps: Annotated[float | None, typer.Option(help="Pictures looked at per second.", callback=positive)] = None,
    speed: SpeedOption = SpeedChoice.max,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after this time of the source.", callback=positive)
    ] = None,
    json_to: Annotated[str | None, typer.Option("--json", help="Write the result as JSON; - prints it.")] = None,
    rows_to: Annotated[
        Path | None, typer.Option("--rows", help="Write the rows that would be sent, a line each.")
    ] = None,
    start: StartOption = None,
    annotated: Annotated[Path | None, typer.Option(help="Write a video with boxes, lines, zones and counts.")] = None,
    blur: Annotated[bool, typer.Option(help="Blur people in the annotated video.")] = True,
    record: Annotated[Path | None, typer.Option(help="Write the boxes as a recording, without pictures.")] = None,
) -> None:
    """Count a file at full speed and print the table; no broker, nothing stored."""
    from edge.core.pipeline import Pipeline  # noqa: PLC0415 - `edge --help` needs none of this
    from edge.observer import Observer  # noqa: PLC0415
    from edge.replay import RowWriter, replay  # noqa: PLC0415

    settings = load(config)
    chosen = pick(settings, camera)
    if detect_fps is not None:
        chosen = chosen.model_copy(update={"detect_fps": detect_fps})
    start_utc_s = utc_s(start or NO_DATE)
    for path in (annotated, record, rows_to, Path(json_to) if json_to else None):
        _spare(source, path)
    pipeline = Pipeline(chosen.line_rules(), chosen.zone_rules(), chosen.tracker_rule())
    rows = RowWriter(settings, chosen, pipeline, start_utc_s) if rows_to else None
    with ExitStack() as stack:
        observer = stack.enter_context(Observer(chosen, source=source, model=model, speed=speed.value, reconnect=False))
        taps: list[Tap] = [_progress(stack, observer)] if sys.stderr.isatty() else []
        if annotated is not None:
            from edge.annotate import Annotator  # noqa: PLC0415

            taps.append(stack.enter_context(Annotator(annotated, chosen, blur=blur)))
        if record is not None:
            taps.append(_recorder(stack, record, chosen.detect_fps))
        broken: list[CameraError] = []
        tally = replay(
            # A recording and a video show every picture, needed or not.
            _until(observer, None if record or annotated else pipeline, seconds, broken),
            chosen,
            pipeline,
            zero_s=time.monotonic() if observer.live else 0.0,
            taps=taps,
            rows=rows,
        )
    if rows is not None and rows_to is not None:
        _write(rows_to, "".join(message.payload.decode() + "\n" for message in rows.messages))
    if json_to == "-":
        print(json.dumps(tally.to_json()))
    else:
        if json_to is not None:
            _write(Path(json_to), json.dumps(tally.to_json(), indent=1) + "\n")
        print_tally(tally)
    for error in broken:
        raise error


def print_tally(tally: Tally) -> None:
    """The result as tables."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    if tally.lines:
        table = Table(title="Lines", title_justify="left")
        for heading in ("line", "in", "out", "in raw", "out raw", "U-turns", "rejoined", "born past", "died at"):
            table.add_column(heading, justify="left" if heading == "line" else "right")
        kinds = ("in_", "out", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line")
        for name, line in tally.lines.items():
            table.add_row(name, *(str(line.counts[kind]) for kind in kinds))
        console.print(table)
    if tally.zones:
        table = Table(title="Zones", title_justify="left")
        for heading in ("zone", "visits", "passes", "mean dwell s", "longest s", "end not seen"):
            table.add_column(heading, justify="left" if heading == "zone" else "right")
        for name, zone in tally.zones.items():
            left = [visit.seconds for visit in zone.visits if visit.ended == "left"]
            mean = f"{sum(left) / len(left):.1f}" if left else "-"
            longest = f"{max(visit.seconds for visit in zone.visits):.1f}" if zone.visits else "-"
            unseen = sum(visit.ended != "left" for visit in zone.visits)
            table.add_row(name, str(len(zone.visits)), str(zone.passes), mean, longest, str(unseen))
        console.print(table)
    console.print(f"{tally.frames} pictures of {tally.seconds:.1f} s, {tally.cpu_s:.1f} s of processor time")


def _spare(source: str, path: Path | None) -> None:
    """Writing a file empties it first: it must not be the one that is being read."""
    with suppress(OSError, ValueError):
        if path is not None and path.samefile(source):
            raise ConfigError(f"{path}: expected another file than the source")


def _until(
    observer: Observer, counter: Pipeline | None, seconds: float | None, broken: list[CameraError]
) -> Iterator[Observation | None]:
    """What is observed for who counts it, until `seconds` have passed or the source ends.

    A source that breaks off is put into `broken`, so that what was counted until then can be shown first; a live stream
    that ends after it was seen has nothing wrong with it.
    """
    first_s: float | None = None
    try:
        for observation in observer.observations(counter):
            if observation is not None:
                first_s = observation.seen.mono_s if first_s is None else first_s
                if seconds is not None and observation.seen.mono_s - first_s >= seconds:
                    return
            yield observation
    except CameraError as error:
        if first_s is None:
            raise
        if observer.live:
            print(f"the stream has ended: {error}", file=sys.stderr)
        else:
            broken.append(error)


def _progress(stack: ExitStack, observer: Observer) -> Tap:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
    task = progress.add_task("counting", total=observer.duration_s)

    def tap(_: Observation, step: Step) -> None:
        progress.update(task, completed=step.mono_s)

    return tap


def _recorder(stack: ExitStack, path: Path, fps: float) -> Tap:
    from edge.adapters.recording import RecordingWriter  # noqa: PLC0415
    from edge.core.types import Detections  # noqa: PLC0415

    writer: RecordingWriter | None = None

    def tap(observation: Observation, _: Step) -> None:
        nonlocal writer
        seen, frame = observation.seen, observation.frame
        if not isinstance(seen, Detections):
            raise ConfigError(f"--record {path}: expected a source without ids; the one given is a recording of tracks")
        if writer is None:
            height, width = frame.image.shape[:2] if frame is not None else (1000, round(1000 * seen.aspect))
            writer = stack.enter_context(RecordingWriter(path, width=width, height=height, fps=fps))
        writer.write(seen)

    return tap


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise EdgeError(f"{path}: expected a place to write, got: {error.strerror}") from error
