"""`edge eval`: how right the counts and the tracks are, against a truth."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.commands.configured import load, pick
from edge.commands.eval_detector import print_reports
from edge.commands.options import CameraName, ConfigPath, positive
from edge.errors import ConfigError, EdgeError

if TYPE_CHECKING:
    from rich.table import Table

    from edge.evaluation.clips import Evaluation
    from edge.evaluation.confidence import Interval
    from edge.evaluation.counts import Score
    from edge.evaluation.tracking import Comparison

eval_app = typer.Typer(help="How right the counts and the tracks are, against a truth.", no_args_is_help=True)

JsonOption = Annotated[str | None, typer.Option("--json", help="Write the result as JSON; - prints it.")]


@eval_app.command("counts")
def counts_command(
    clips: Annotated[list[str], typer.Argument(metavar="CLIP...", help="Video files, or recordings (.jsonl).")],
    truth: Annotated[
        list[Path], typer.Option("--truth", help="What happened in a clip; one for each, in their order.")
    ],
    config: ConfigPath = Path("config.yaml"),
    camera: CameraName = None,
    model: Annotated[str | None, typer.Option(help="Name or path, instead of the configured model.")] = None,
    detect_fps: Annotated[float | None, typer.Option(help="Pictures looked at per second.", callback=positive)] = None,
    tolerance: Annotated[
        float, typer.Option(help="Seconds that a counted crossing may be off and still be the true one.")
    ] = 1.0,
    json_to: JsonOption = None,
) -> None:
    """Count clips and compare with what really happened: recall, precision, bias, errors of dwell."""
    from edge.evaluation.clips import evaluate  # noqa: PLC0415 - `edge --help` needs none of this

    if len(truth) != len(clips):
        raise ConfigError(f"--truth: expected one for each of {len(clips)} clips, got {len(truth)}")
    positive(tolerance)
    chosen = pick(load(config), camera)
    if detect_fps is not None:
        chosen = chosen.model_copy(update={"detect_fps": detect_fps})
    result = evaluate(chosen, zip(clips, truth, strict=True), model=model, tolerance_s=tolerance)
    if not _to_json(result.to_json(), json_to):
        _print_counts(result)


@eval_app.command("tracking")
def tracking_command(
    gt: Annotated[Path, typer.Argument(help="gt.txt of MOTChallenge, or the folder of a sequence.")],
    det: Annotated[Path, typer.Argument(help="det.txt of MOTChallenge, or the folder of a sequence.")],
    fps: Annotated[
        float | None, typer.Option(help="Pictures per second, instead of what seqinfo.ini says.", callback=positive)
    ] = None,
    json_to: JsonOption = None,
) -> None:
    """Track the boxes of a MOTChallenge sequence and print HOTA, IDF1 and MOTA, beside other trackers that are here."""
    from edge.evaluation.motchallenge import read_sequence  # noqa: PLC0415
    from edge.evaluation.tracking import compare  # noqa: PLC0415

    result = compare(read_sequence(gt, det, fps))
    if not _to_json(result.to_json(), json_to):
        _print_tracking(result)


@eval_app.command("detector")
def detector_command(
    places: Annotated[list[Path], typer.Argument(metavar="PICTURES...", help="Folders in YOLO form, or CSV lists.")],
    model: Annotated[list[str], typer.Option(help="Name or path; several are compared side by side.")],
    split: Annotated[str | None, typer.Option(help="Only this split of a CSV list.")] = None,
    score: Annotated[
        float | None, typer.Option(help="Somebody is found from this score on; else the tracker's 0.5.")
    ] = None,
    person_class: Annotated[int, typer.Option(help="Number of the class of people in the labels.", min=0)] = 0,
    plot: Annotated[Path | None, typer.Option(help="Write the comparison as a picture (SVG).")] = None,
    json_to: JsonOption = None,
) -> None:
    """Run person detectors over labelled pictures: AP50, AP50-95, recall by people's height, false boxes, cost."""
    from edge.evaluation.detector import evaluate  # noqa: PLC0415
    from edge.evaluation.detector_plot import svg  # noqa: PLC0415
    from edge.evaluation.pictures import read_pictures  # noqa: PLC0415

    pictures = read_pictures(places, split, person_class)
    progress = _progress if sys.stderr.isatty() else None
    reports = [evaluate(name, pictures.labelled, threshold=score, progress=progress) for name in model]
    if plot is not None:
        _write(plot, svg(reports))
    result = {"left_out": pictures.left_out, "models": [report.to_json() for report in reports]}
    if not _to_json(result, json_to):
        print_reports(reports, pictures)


def _progress(done: int, of: int) -> None:
    print(f"\r{done} of {of} pictures", end="" if done < of else "\n", file=sys.stderr, flush=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EdgeError(f"{path}: expected a place to write, got: {error.strerror}") from error


def _to_json(result: dict[str, Any], target: str | None) -> bool:
    """Writes the result where it was asked for; True when that was the terminal."""
    if target == "-":
        print(json.dumps(result))
    elif target is not None:
        try:
            Path(target).write_text(json.dumps(result, indent=1) + "\n")
        except OSError as error:
            raise EdgeError(f"{target}: expected a place to write, got: {error.strerror}") from error
    return target == "-"


def _print_counts(result: Evaluation) -> None:
    from rich.console import Console  # noqa: PLC0415

    console = Console()
    for table in (*_line_tables(result), _zone_table(result)):
        if table.row_count:
            console.print(table)
    watched_s = sum(clip.seconds for clip in result.clips)
    console.print(f"{watched_s:.1f} s watched in {len(result.clips)} clip{'s' if len(result.clips) > 1 else ''}")


def _line_tables(result: Evaluation) -> tuple[Table, ...]:
    """What was counted, what follows from it, and the settled counts; apart, so that each fits a terminal."""
    counts = _table("Lines: every crossing", "line", "way", *_COUNTED, "off by s (median)")
    shares = _table("Lines: shares in %, and their 95 % intervals", "line", "way", "recall", "precision", "bias")
    settled = _table("Lines: settled, without U-turns", "line", "way", "true", "counted", "bias")
    for name, line in result.lines.items():
        facts = line.to_json()
        for way, score in line.directions.items():
            off_s = _seconds(facts["time_error_s"]["median"]) if way == "both" else ""
            counts.add_row(name, way, *_counted(score), off_s)
            bias = _share(score.bias, score.bias_ci, signed=True)
            recall, precision = _share(score.recall, score.recall_ci), _share(score.precision, score.precision_ci)
            shares.add_row(name, way, recall, precision, bias)
        for way, both in (facts["settled"] or {}).items():
            settled.add_row(name, way, str(both["true"]), str(both["counted"]), _share(both["bias"], signed=True))
    return counts, shares, settled


def _zone_table(result: Evaluation) -> Table:
    table = _table("Zones: visits, and by how many s their dwell is off", "zone", *_COUNTED, "median", "p95", "mean")
    for name, zone in result.zones.items():
        off_s = zone.to_json()["dwell_error_s"]
        errors = (_seconds(off_s["median"]), _seconds(off_s["p95"]), _seconds(off_s["mean"], signed=True))
        table.add_row(name, *_counted(zone.visits), *errors)
    return table


def _print_tracking(result: Comparison) -> None:
    from rich.console import Console  # noqa: PLC0415

    console = Console()
    table = _table(
        f"{result.frames} pictures at {result.fps:g} a second, {result.detections} boxes of {result.people} people",
        *("tracker", "HOTA", "IDF1", "MOTA", "id switches"),
    )
    for name, quality in result.found.items():
        shares = (f"{100 * share:.1f}" for share in (quality.hota, quality.idf1, quality.mota))
        table.add_row(name, *shares, str(quality.id_switches))
    console.print(table)
    for name, reason in result.skipped.items():
        console.print(f"{name}: not compared, {reason}", highlight=False, markup=False, soft_wrap=True)


_COUNTED = ("true", "counted", "missed", "invented")


def _table(title: str, *headings: str) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("line", "zone", "way", "tracker") else "right")
    return table


def _counted(score: Score) -> tuple[str, ...]:
    return tuple(str(getattr(score, key)) for key in _COUNTED)


def _share(share: float | None, interval: Interval | None = None, *, signed: bool = False) -> str:
    """In per cent, with its interval; a dash where there is nothing to take a share of."""
    if share is None:
        return "-"
    form = "{:+.1f}" if signed else "{:.1f}"
    around = f" ({form}..{form})".format(*(100 * edge for edge in interval)) if interval is not None else ""
    return form.format(100 * share) + around


def _seconds(value: float | None, *, signed: bool = False) -> str:
    return "-" if value is None else (f"{value:+.2f}" if signed else f"{value:.2f}")
