"""The stopwatches of `edge bench`: every probe finds its function, and each moment belongs to one stage."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest

from edge.bench.measurement import LEAST, measurement
from edge.bench.stages import BOXES, NETWORK, PROBES, STAGES, Stages
from edge.errors import CameraError


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.name}.{probe.method}")
def test_every_probe_is_a_method_of_the_service(probe):
    owner = getattr(importlib.import_module(probe.module), probe.name)
    assert callable(getattr(owner, probe.method))
    assert probe.stage in STAGES


def test_the_service_is_left_as_it_was():
    owners = [(getattr(importlib.import_module(probe.module), probe.name), probe.method) for probe in PROBES]
    before = [getattr(owner, method) for owner, method in owners]
    with Stages().measured():
        assert all(getattr(owner, method) is not was for (owner, method), was in zip(owners, before, strict=True))
    assert [getattr(owner, method) for owner, method in owners] == before


def test_a_stage_inside_another_is_not_part_of_it(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("edge.bench.stages.time", SimpleNamespace(perf_counter=lambda: now[0]))

    def work(seconds: float) -> None:
        now[0] += seconds

    stages = Stages()
    network = stages.timed(NETWORK, lambda: work(3.0))

    def detect() -> None:
        work(1.0)
        network()
        network()

    stages.timed(BOXES, detect)()
    assert stages._picture == {BOXES: 1.0, NETWORK: 6.0}


def test_what_raises_is_timed_and_raises():
    stages = Stages()
    with pytest.raises(KeyError):
        stages.timed(BOXES, {}.__getitem__)("missing")
    assert BOXES in stages._picture


def filled(pictures: int, looked_at: int) -> Stages:
    stages = Stages()
    stages.seconds, stages.size = pictures / 10, (432, 768)
    for number in range(pictures):
        network = number < looked_at
        stages.whole_ms.append(10.0 if network else 1.0)
        stages.ms["decode"].append(1.0)
        if network:
            stages.busy_ms.append(10.0)
            stages.ms[NETWORK].append(9.0)
    return stages


def test_a_measurement_adds_up():
    result = measurement(filled(100, 20), "clip.mp4", cpu_s=0.28, peak_mb=90.0, start_s=0.2)
    assert (result.pictures, result.fps, result.network_share) == (100, 10.0, 0.2)
    assert (result.median_ms, result.p95_ms, result.busy_p95_ms) == (1.0, 10.0, 10.0)
    assert [(stage.name, stage.pictures, stage.median_ms) for stage in result.stages] == [
        ("decode", 100, 1.0),
        ("network", 20, 9.0),
    ]
    assert sum(stage.share for stage in result.stages) == pytest.approx(1.0)
    assert result.cpu_s_per_video_s == pytest.approx(0.028)
    assert result.busy_cpu_s_per_video_s == pytest.approx(0.1)


def test_threads_that_share_the_work_count_in_full():
    """Four threads: a picture of 10 ms takes 40 ms of processor time."""
    result = measurement(filled(100, 100), "clip.mp4", cpu_s=4.0, peak_mb=90.0, start_s=0.2)
    assert result.busy_cpu_s_per_video_s == pytest.approx(0.4)


def test_a_busy_box_is_noticed():
    """1,000 ms went by on the clock, of which 400 on the processor."""
    assert measurement(filled(100, 100), "clip.mp4", cpu_s=0.4, peak_mb=9.0, start_s=0.2).waited == pytest.approx(0.6)


def test_a_clip_that_says_nothing_is_refused():
    with pytest.raises(CameraError, match=r"clip\.mp4: expected a clip of more than 20 pictures, got 6"):
        measurement(filled(5, 5), "clip.mp4", cpu_s=1.0, peak_mb=90.0, start_s=0.2)
    with pytest.raises(CameraError, match="something moves"):
        measurement(filled(LEAST, 0), "clip.mp4", cpu_s=1.0, peak_mb=90.0, start_s=0.2)
