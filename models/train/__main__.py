"""The recipe on the command line: `python -m models.train prepare`, `fit`, `export`.

Owns the order of the work and what is said about it; `make model` runs all three.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated

import typer

from models.train import curves, export, mean, prepare, store
from models.train.augment import Augment
from models.train.fit import NORM_PICTURES, Report, Run, drawn, fit, reports, weights_of
from models.train.network import PersonNet
from models.train.plans import PLANS, Plan
from models.train.processes import TakenError
from models.train.teacher import Teacher
from models.train.unfold import unfold

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Work = Annotated[Path, typer.Option(help="Folder for the prepared pictures, checkpoints and curves.")]
Data = Annotated[Path, typer.Option(help="Folder of pictures with split.csv.", exists=True, file_okay=False)]
Drawn = Annotated[Path, typer.Option(help="Folder that edge.demo.scenes wrote.", exists=True, file_okay=False)]
Asked = Annotated[Path, typer.Option(help="ONNX file of the YOLOX teacher.", exists=True, dir_okay=False)]
Name = Annotated[str, typer.Argument(help=f"Which network: {', '.join(PLANS)}.")]
_CALIBRATION = 1024


@app.command("prepare")
def prepare_data(data: Data, drawn: Drawn, teacher: Asked, work: Work) -> None:
    """Put all pictures and labels into one store; the teacher fills in what hands left out."""

    def progress(done: int, total: int) -> None:
        if done % 500 == 0 or done == total:
            typer.echo(f"prepared {done} of {total} pictures")

    photographs = prepare.entries(data, Teacher(teacher), progress)
    store.write(work / "store", itertools.chain(photographs, prepare.drawn(drawn)))


@app.command("fit")
def fit_network(
    name: Name,
    teacher: Asked,
    work: Work,
    processes: Annotated[int, typer.Option(help="One core each.", min=1)] = 2,
    steps: Annotated[int | None, typer.Option(help="Instead of the plan's: train longer, or end sooner.")] = None,
    begin: Annotated[
        Path | None, typer.Option(help="NAME.onnx that shipped, to go on from.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Train, from the last checkpoint where there is one."""
    plan = _plan(name, steps)
    start = work / f"{plan.start}.pt" if plan.start else None
    if begin is not None:
        plan, start = plan.going_on(), begin
    _expect(work / "store" / "index.npz", "prepare")
    if start is not None and not (work / f"{name}.pt").is_file():
        _expect(start, f"fit {plan.start}")

    def shown(report: Report) -> None:
        left_s = (plan.steps - report.step) * plan.batch / report.pictures_per_s
        typer.echo(
            f"{name} step {report.step} of {plan.steps}: loss of scores {report.score:.3f}, of boxes {report.box:.3f}; "
            f"{report.pictures_per_s:.0f} pictures/s, {left_s / 60:.0f} min left"
        )

    run = Run(plan, work / "store", teacher, work, start, processes)
    try:
        fit(run, shown)
    except TakenError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    curves.draw(reports(run.log), plan, work / f"{name}.png")


@app.command("export")
def export_network(
    name: Name,
    work: Work,
    out: Annotated[Path, typer.Option(help="Folder for the ONNX files.")] = Path("models"),
    other: Annotated[
        Path | None, typer.Option(help="NAME.onnx that the run began with: take the mean of both.", exists=True)
    ] = None,
    share: Annotated[float, typer.Option(help="Of the run in that mean.", min=0.0, max=1.0)] = 0.75,
) -> None:
    """Write NAME.onnx and NAME-int8.onnx from the last checkpoint."""
    plan = _plan(name, None)
    _expect(work / f"{name}.pt", f"fit {name}")
    _expect(work / "store" / "index.npz", "prepare")
    out.mkdir(parents=True, exist_ok=True)
    network = PersonNet(plan.shape)
    weights = weights_of(work / f"{name}.pt")
    if other is not None:
        pictures = drawn(Augment(store.Store(work / "store"), plan.weights), plan, 3 * NORM_PICTURES)
        began = unfold(other, plan, pictures[:NORM_PICTURES])
        network.load_state_dict(mean.mean(began.state_dict(), weights, share))
        mean.measure_norms(network, pictures.split(NORM_PICTURES // 4))
    else:
        network.load_state_dict(weights)
    whole, small = out / f"{name}.onnx", out / f"{name}-int8.onnx"
    export.export(network, plan, whole)
    export.export_int8(network, plan, small, export.calibration(work / "store", plan, _CALIBRATION))
    for path in (whole, small):
        typer.echo(f"{path}: {path.stat().st_size:,} bytes, sha256 {export.sha256_of(path)}")


def _expect(file: Path, maker: str) -> None:
    if not file.is_file():
        raise typer.BadParameter(f"expected {file}, which `python -m models.train {maker}` writes, got no such file")


def _plan(name: str, steps: int | None) -> Plan:
    if name not in PLANS:
        raise typer.BadParameter(f"expected one of {', '.join(PLANS)}, got {name!r}")
    return PLANS[name].lasting(steps)


if __name__ == "__main__":
    app()
