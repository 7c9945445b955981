"""A tiny network as the model: right, altered, missing, too slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import Camera, parse
from edge.doctor.finding import Finding
from edge.doctor.model import examine_model
from tests.commands import scene


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return parse(scene(tmp_path, seconds=0.5).read_text()).cameras[0]


def found(camera: Camera) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine_model(camera, None)}


def test_the_model_is_named_by_hash_and_timed(camera: Camera) -> None:
    checks = found(camera)
    assert checks["model.file"].verdict == "ok"
    assert "sha256" in checks["model.file"].saw
    assert checks["model.speed"].expected == "at most 100 ms: 10 pictures per s"


def test_a_model_without_time_is_a_failure_that_says_what_to_do(camera: Camera) -> None:
    speed = found(camera.model_copy(update={"detect_fps": 1e6}))["model.speed"]
    assert speed.verdict == "failure"
    assert "detect_fps" in speed.advice


def test_an_altered_and_a_missing_file_are_failures(camera: Camera, tmp_path: Path) -> None:
    sidecar = tmp_path / "grey.onnx.yaml"
    sidecar.write_text(sidecar.read_text().replace("{", f"{{sha256: {'ab' * 32}, "))
    assert "expected sha256 abab" in found(camera)["model.file"].saw
    (tmp_path / "grey.onnx").unlink()
    assert found(camera)["model.file"].verdict == "failure"


def test_a_recording_needs_none(camera: Camera) -> None:
    checks = found(camera.model_copy(update={"source": "boxes.jsonl"}))
    assert checks["model.file"].verdict == "skipped"
