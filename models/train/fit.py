"""The training loop: batches, steps, a moving average of the weights, checkpoints to go on from.

Owns the processes (one for each core, which share only the mean of their gradients), determinism (every batch follows
from seed, step and process) and the checkpoint. What is learned, the other modules say.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from models.train.augment import EARLY, LATE, Augment, Sample
from models.train.loss import Loss, Targets
from models.train.network import PersonNet, cell_count
from models.train.optimise import optimisers
from models.train.plans import Plan
from models.train.processes import alone, is_orphan
from models.train.store import Store
from models.train.teacher import Teacher
from models.train.unfold import unfold

_AVERAGE = 0.998
_REPORT_STEPS, _SAVE_STEPS = 20, 100
_MOST_LABELS = 40
_PATIENCE_S = 600.0
NORM_PICTURES = 128
"""Enough to measure batch norms on."""


@dataclass(frozen=True)
class Report:
    """How a run went over the steps since the last report: the means of both losses, and the speed."""

    step: int
    score: float
    box: float
    pictures_per_s: float


@dataclass(frozen=True)
class Run:
    """Where a run reads and writes.

    Attributes:
        plan: What to train.
        store: Folder of the prepared pictures.
        teacher: The teacher's ONNX file.
        folder: For checkpoints and the log, one line of JSON per report.
        start: To begin with where `folder` holds no checkpoint: another one, or a float32 file that was exported; None:
            from scratch.
        processes: That train together, one thread each.
    """

    plan: Plan
    store: Path
    teacher: Path
    folder: Path
    start: Path | None = None
    processes: int = 2

    @property
    def checkpoint(self) -> Path:
        """The state to go on from."""
        return self.folder / f"{self.plan.name}.pt"

    @property
    def log(self) -> Path:
        """The curve so far."""
        return self.folder / f"{self.plan.name}.jsonl"


def fit(run: Run, shown: Callable[[Report], None]) -> None:
    """Trains until the plan's last step, from the checkpoint of an earlier, interrupted run where there is one.

    Args:
        run: What, and where.
        shown: Is told how it goes, every few steps.

    Raises:
        TakenError: Another run of this network goes on in the folder.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    with alone(run.folder / f"{run.plan.name}.lock"):
        _fit(run, shown)


def _fit(run: Run, shown: Callable[[Report], None]) -> None:
    # Read when a process starts. Without the latter two every step gives its memory back and asks for it anew.
    for name, value in (
        ("OMP_NUM_THREADS", "1"),
        ("MALLOC_MMAP_THRESHOLD_", str(1 << 25)),
        ("MALLOC_TRIM_THRESHOLD_", str(1 << 33)),
    ):
        os.environ.setdefault(name, value)
    size = sum(weight.numel() for weight in PersonNet(run.plan.shape).parameters())
    table = torch.zeros(2, run.processes, size).share_memory_()
    barrier = get_context("spawn").Barrier(run.processes)  # named here, since it is gone with its last name
    work = spawn(train, (run, table, barrier), run.processes, join=False)
    told = set(reports(run.log))
    while True:
        finished = work.join(timeout=5.0)
        for report in reports(run.log):
            if report not in told:
                shown(report)
                told.add(report)
        if finished:
            return


def reports(log: Path) -> list[Report]:
    """The curve so far, also of a run that another process makes; without what a run that was cut had to repeat."""
    lines = log.read_text(encoding="utf-8").split("\n")[:-1] if log.is_file() else []
    curve: list[Report] = []
    for line in lines:
        report = Report(**json.loads(line))
        curve = [earlier for earlier in curve if earlier.step < report.step]
        curve.append(report)
    return curve


def weights_of(checkpoint: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint: the ones to use."""
    state: dict[str, Tensor] = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    return state


def train(rank: int, run: Run, table: Tensor, barrier: Barrier) -> None:
    """One process's part of a run, until the plan's last step or the end of the process that began it.

    Args:
        rank: Of the process, from 0; that one reports and saves.
        run: What, and where.
        table: Shared memory, (2, processes, weights), through which gradients are exchanged.
        barrier: At which all processes meet once a step.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    training = _Training(run, rank, table, barrier)
    for step, samples in training.batches():
        if is_orphan():
            barrier.abort()  # nobody waits there for this one
            return
        training.step(step, samples)


class _Training:
    """What one process holds."""

    def __init__(self, run: Run, rank: int, table: Tensor, barrier: Barrier) -> None:
        plan = run.plan
        self.table, self.barrier = table, barrier
        self.run, self.rank, self.plan = run, rank, plan
        torch.manual_seed(plan.seed)
        self.network = PersonNet(plan.shape).to(memory_format=torch.channels_last)
        self.augment = Augment(Store(run.store), plan.weights)
        if run.start is not None and not run.checkpoint.is_file():
            self._begin(run.start)
        self.average = deepcopy(self.network).requires_grad_(requires_grad=False)
        self.optimisers = optimisers(self.network, plan.muon_rate, plan.adam_rate)
        self.rates = [[group["lr"] for group in optimiser.param_groups] for optimiser in self.optimisers]
        self.losses = {size: Loss(*size) for size in ((plan.height, plan.width), plan.early_size)}
        self.teacher = Teacher(run.teacher)
        self.first = self._resume()
        self.sums, self.since_s = np.zeros(2), time.monotonic()

    def _begin(self, start: Path) -> None:
        if start.suffix == ".onnx":
            pictures = drawn(self.augment, self.plan, NORM_PICTURES)
            self.network.load_state_dict(unfold(start, self.plan, pictures).state_dict())
        else:
            self.network.load_state_dict(weights_of(start), strict=False)

    def batches(self) -> Iterator[tuple[int, list[Sample]]]:
        """The steps that are left, each with this process's part of the batch."""
        for step in range(self.first, self.plan.steps):
            rng = np.random.default_rng((self.plan.seed, step, self.rank))
            size, mix = self.plan.size(step), EARLY if self.plan.is_varied(step) else LATE
            yield step, [self.augment.draw(rng, *size, mix) for _ in range(self.plan.batch // self.run.processes)]

    def step(self, step: int, samples: list[Sample]) -> None:
        """One step of all processes together."""
        self.network.train()
        factor = self.plan.rate(step)
        for optimiser, rates in zip(self.optimisers, self.rates, strict=True):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimiser.zero_grad()
        images = as_input([sample.image for sample in samples])
        with torch.autocast("cpu", torch.bfloat16):
            raw = self.network(images)
        loss = self.losses[self.plan.size(step)]
        score, box = loss(raw, self._targets(samples))
        (score + box).backward()
        self._share_gradients(step)
        for optimiser in self.optimisers:
            optimiser.step()
        self._follow(step)
        self.sums += score.item(), box.item()
        if self.rank == 0:
            self._report(step + 1)

    def _targets(self, samples: list[Sample]) -> Targets:
        height, width = samples[0].image.shape[:2]
        cells = cell_count(height, width)
        seen, seen_boxes = np.zeros((len(samples), cells), np.float32), np.zeros((len(samples), cells, 4), np.float32)
        asked = np.stack([_by_cell(sample.asked) for sample in samples])
        who = np.flatnonzero(asked.any(1))
        if len(who):
            seen_boxes[who], seen[who] = self.teacher.cells(np.stack([samples[index].clean for index in who]))
        limit = np.array((width, height) * 2, np.float32)
        boxes = torch.zeros(len(samples), _MOST_LABELS, 4)
        trust = torch.zeros(len(samples), _MOST_LABELS)
        for index, sample in enumerate(samples):
            kept = np.argsort(-sample.trust, kind="stable")[:_MOST_LABELS]
            boxes[index, : len(kept)] = torch.from_numpy(sample.boxes[kept])
            trust[index, : len(kept)] = torch.from_numpy(sample.trust[kept])
        most = max(1, int((trust > 0).sum(1).max()))
        return Targets(
            boxes[:, :most],
            trust[:, :most],
            torch.from_numpy(seen),
            torch.from_numpy(np.clip(seen_boxes, 0, limit)),
            torch.from_numpy(asked).float(),
            torch.from_numpy(np.stack([_by_cell(sample.counted) for sample in samples])).float(),
        )

    def _share_gradients(self, step: int) -> None:
        """Everybody's mean; two pages of the table take turns, so that one meeting a step is enough."""
        gradients = [weight.grad for weight in self.network.parameters() if weight.grad is not None]
        page = self.table[step % 2]
        torch.cat([gradient.flatten() for gradient in gradients], out=page[self.rank])
        self.barrier.wait(_PATIENCE_S)
        flat = page.mean(0)
        flat *= min(1.0, 10.0 / (float(flat.norm()) + 1e-6))
        for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def _follow(self, step: int) -> None:
        """The average follows the network, fast at first."""
        keep = min(_AVERAGE, (1 + step) / (10 + step))
        ours, theirs = self.average.state_dict(), self.network.state_dict()
        for name, value in ours.items():  # a state dict's tensors carry no gradients
            if value.dtype.is_floating_point:
                value.lerp_(theirs[name], 1 - keep)
            else:
                value.copy_(theirs[name])

    def _report(self, done: int) -> None:
        if done % _REPORT_STEPS == 0:
            score, box = self.sums / _REPORT_STEPS
            speed = _REPORT_STEPS * self.plan.batch / (time.monotonic() - self.since_s)
            report = Report(done, round(score, 4), round(box, 4), round(speed, 1))
            with self.run.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(report)) + "\n")
            self.sums, self.since_s = np.zeros(2), time.monotonic()
        if done % _SAVE_STEPS == 0 or done == self.plan.steps:
            self._save(done)

    def _save(self, done: int) -> None:
        state: dict[str, Any] = {
            "step": done,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
        }
        fresh = self.run.checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self.run.checkpoint)

    def _resume(self) -> int:
        if not self.run.checkpoint.is_file():
            return 0
        state = torch.load(self.run.checkpoint, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        return int(state["step"])


def as_input(images: list[np.ndarray[Any, Any]]) -> Tensor:
    """(B, 3, H, W) in 0..1, channels last in memory, of uint8 pictures (H, W, 3)."""
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return pixels.to(torch.float32).div_(255.0).contiguous(memory_format=torch.channels_last)


def drawn(augment: Augment, plan: Plan, count: int) -> Tensor:
    """`count` inputs of a network as in the last part of training."""
    rng = np.random.default_rng(plan.seed)
    return as_input([augment.draw(rng, plan.height, plan.width, LATE).image for _ in range(count)])


def _by_cell(mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What holds for cells of 8 pixels, for all cells."""
    return np.concatenate([mask[::step, ::step].ravel() for step in (1, 2, 4)])
