import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("onnx", reason="training needs the extra [train]")

from models.train import curves  # noqa: E402
from models.train.fit import Report, Run, fit, reports, train, weights_of  # noqa: E402
from models.train.network import PersonNet, Shape  # noqa: E402
from models.train.plans import Plan  # noqa: E402
from models.train.processes import TakenError, alone  # noqa: E402

PLAN = Plan(
    "tiny",
    Shape((8, 8, 8, 8, 8), (1, 1, 1, 1, 1), 8),
    64,
    96,
    steps=4,
    batch=2,
    early_size=(32, 64),
    early=0.5,
    warmup=1,
)


def _train(run: Run) -> dict[str, Any]:
    weights = sum(weight.numel() for weight in PersonNet(run.plan.shape).parameters())
    threads = torch.get_num_threads()
    train(0, run, torch.zeros(2, 1, weights), get_context("spawn").Barrier(1))
    torch.set_num_threads(threads)
    return weights_of(run.checkpoint)


def test_a_run_that_was_cut_ends_where_an_uncut_one_does(pictures, teacher_file, tmp_path, monkeypatch):
    whole = Run(PLAN, pictures, teacher_file, tmp_path / "whole", processes=1)
    whole.folder.mkdir()
    uncut = _train(whole)

    cut = replace(whole, folder=tmp_path / "cut")
    cut.folder.mkdir()
    monkeypatch.setattr("models.train.fit._SAVE_STEPS", 2)
    with monkeypatch.context() as patch:
        rate = Plan.rate
        patch.setattr(Plan, "rate", lambda plan, step: rate(plan, step) if step < 3 else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            _train(cut)
    assert torch.load(cut.checkpoint, weights_only=True)["step"] == 2
    resumed = _train(cut)
    for name, value in uncut.items():
        assert torch.equal(value, resumed[name]), name


def test_two_processes_train_together_and_tell_how_it_goes(pictures, teacher_file, tmp_path):
    run = Run(replace(PLAN, steps=20), pictures, teacher_file, tmp_path / "two")
    told: list[Report] = []
    fit(run, told.append)
    assert [report.step for report in told] == [20]
    assert told == reports(run.log)
    assert told[0].score > 0
    assert all(value.isfinite().all() for value in weights_of(run.checkpoint).values())


ENDLESS = """
import sys
from dataclasses import replace
from pathlib import Path
from models.train.fit import Run, fit
from tests.models.train.test_fit import PLAN

if __name__ == "__main__":
    pictures, teacher, folder = map(Path, sys.argv[1:])
    fit(Run(replace(PLAN, steps=10**6), pictures, teacher, folder), print)
"""


def _children(pid: int) -> list[int]:
    told = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in told.split()]


def test_a_run_that_is_killed_leaves_no_process_that_writes_on(pictures, teacher_file, tmp_path):
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    folder = tmp_path / "endless"
    # As in the background of a shell, where what is started ignores interrupts.
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, str(script)]
    run = subprocess.Popen(
        [*command, str(pictures), str(teacher_file), str(folder)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.DEVNULL,
    )
    try:
        end_s = time.monotonic() + 120
        while not reports(folder / "tiny.jsonl") and time.monotonic() < end_s:
            time.sleep(0.2)
        assert reports(folder / "tiny.jsonl")
        with pytest.raises(TakenError, match="expected no other run of this network"):
            fit(Run(PLAN, pictures, teacher_file, folder), lambda report: None)
    finally:
        children = _children(run.pid)
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert len(children) >= 2
    end_s = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < end_s:
        time.sleep(0.2)
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []
    with alone(folder / "tiny.lock"):
        pass


def test_the_curves_are_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="training needs the extra [train]")
    log = tmp_path / "tiny.jsonl"
    line = '{{"step": {}, "score": 2.0, "box": 1.0, "pictures_per_s": 50.0}}\n'
    log.write_text("".join(line.format(step) for step in (20, 40, 60, 40)) + '{"step": 60, "sc')
    assert [report.step for report in reports(log)] == [20, 40]
    curves.draw(reports(log), PLAN, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
