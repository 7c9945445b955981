"""What runs the network: the wanted provider or, told and never silently, the CPU."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from edge.adapters.detector import OnnxDetector, Wanted, providers
from edge.core.message import Provider
from edge.core.types import Frame
from edge.errors import ModelError
from tests.adapters.test_detector import cell_network, facts

BUILT_IN = onnxruntime.get_available_providers()
WITH_LIBRARIES: list[Provider] = ["cuda", "tensorrt", "openvino"]
MISSING = [name for name in WITH_LIBRARIES if providers._NAMES[name][0] not in BUILT_IN]


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return cell_network(tmp_path / "m.onnx", shape=(1, 3, 64, 96), divisor=255)


def seen_by(detector: OnnxDetector) -> int:
    return len(detector.detect(Frame(np.full((64, 96, 3), 255, np.uint8), 0.0, 0)).boxes)


@pytest.mark.parametrize("provider", MISSING)
def test_one_that_is_not_built_in_gives_way_to_the_cpu_and_the_log_says_so(network, caplog, provider):
    with caplog.at_level(logging.WARNING):
        detector = OnnxDetector(network, facts(), wanted=Wanted(provider))
    assert (detector.provider, detector.provider_wanted) == ("cpu", provider)
    assert seen_by(detector) > 0
    (said,) = [record.getMessage() for record in caplog.records]
    assert f"runs on the CPU, not on {provider}: expected an onnxruntime with" in said


def test_one_that_fails_to_load_gives_way_too(network, caplog, monkeypatch):
    # Only the list is made up (a build with CUDA but without its libraries says the same); the session is a real one.
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", *BUILT_IN])
    with caplog.at_level(logging.WARNING), pytest.warns(UserWarning, match="CUDAExecutionProvider"):
        detector = OnnxDetector(network, facts(), wanted=Wanted("cuda"))
    assert detector.provider == "cpu"
    assert seen_by(detector) > 0
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_one_that_fails_while_it_runs_gives_way_and_the_picture_is_looked_at_all_the_same(network, caplog, monkeypatch):
    class Broken:
        """No GPU is here to fail: a session that dies after it was opened."""

        def __init__(self, session: onnxruntime.InferenceSession) -> None:
            self._session, self.runs = session, 0

        def __getattr__(self, name: str) -> object:
            return getattr(self._session, name)

        def run_with_iobinding(self, binding: object) -> None:
            self.runs += 1
            if self.runs > 2:
                raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")
            self._session.run_with_iobinding(binding)

    opened = providers._session
    monkeypatch.setattr(
        providers,
        "_session",
        lambda *args: Broken(opened(args[0], args[1], Wanted())) if args[2].provider == "cuda" else opened(*args),
    )
    detector = OnnxDetector(network, facts(), wanted=Wanted("cuda"))
    people = seen_by(detector)
    before = detector.provider
    with caplog.at_level(logging.WARNING):
        assert seen_by(detector) == people > 0
        assert seen_by(detector) == people
    assert (before, detector.provider, detector.provider_wanted) == ("cuda", "cpu", "cuda")
    assert [record.getMessage() for record in caplog.records] == [
        "the network runs on the CPU, not on cuda: CUDA failure 700: an illegal memory access was encountered"
    ]


def test_a_file_that_the_cpu_cannot_run_either_is_the_models_fault(tmp_path):
    broken = tmp_path / "m.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(ModelError, match="expected a complete ONNX file"):
        OnnxDetector(broken, facts(), wanted=Wanted(MISSING[0]))


def test_an_engine_of_tensorrt_is_kept_under_the_hash_of_its_model(tmp_path, caplog):
    one, other = (
        providers._provider_options("TensorrtExecutionProvider", sha256, Wanted("tensorrt", 1, tmp_path / "engines"))
        for sha256 in ("a" * 64, "b" * 64)
    )
    assert one["trt_engine_cache_path"] == str(tmp_path / "engines" / ("a" * 64))
    assert Path(one["trt_engine_cache_path"]).is_dir()
    assert one["trt_engine_cache_enable"] == "1"
    assert one != other
    assert providers._provider_options("CPUExecutionProvider", "a" * 64, Wanted("tensorrt", 1, tmp_path)) == {}
    (tmp_path / "file").touch()
    assert providers._provider_options("TensorrtExecutionProvider", "c", Wanted("tensorrt", 1, tmp_path / "file")) == {}
    assert "expected a folder for TensorRT's engines" in caplog.text
