import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")
onnx = pytest.importorskip("onnx", reason="training needs the extra [train]")

from edge.adapters.detector import OnnxDetector  # noqa: E402
from edge.core.model_facts import InputSize, ModelFacts  # noqa: E402
from edge.core.types import Frame  # noqa: E402
from models.train import export  # noqa: E402
from models.train.network import decode  # noqa: E402
from tests.models.train.tiny import HEIGHT, LIFT, LIFT_INT8, PLAN, WIDTH, tiny_network  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def network():
    return tiny_network()


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    whole, small = folder / "whole.onnx", folder / "small.onnx"
    export.export(network, PLAN, whole)
    rng = np.random.default_rng(0)
    export.export_int8(network, PLAN, small, (_picture(rng) for _ in range(8)))
    return whole, small


def _picture(rng: np.random.Generator) -> Any:
    return rng.integers(0, 256, (1, 3, HEIGHT, WIDTH)).astype(np.uint8)


def _run(path: Path, picture: Any) -> Any:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime.InferenceSession(str(path)).run([export.OUTPUT], {export.INPUT: picture})[0]


def test_the_file_says_what_the_network_says_of_bytes(network, files):
    picture = _picture(np.random.default_rng(5))
    with torch.no_grad():
        distances, logits = decode(network(torch.from_numpy(picture).float() / 255))
    expected = torch.cat((distances, (logits + LIFT).sigmoid()[..., None]), -1).numpy()
    assert _run(files[0], picture) == pytest.approx(expected, abs=1e-3)


def test_int8_says_nearly_the_same_with_its_own_lift_and_is_smaller(files):
    picture = _picture(np.random.default_rng(5))
    whole, small = (_run(path, picture) for path in files)
    logits, logits_int8 = (np.log(seen[..., 4] / (1 - seen[..., 4])) for seen in (whole, small))
    assert np.median(logits - logits_int8) == pytest.approx(LIFT - LIFT_INT8, abs=0.1)
    whole[..., 4] = 1 / (1 + np.exp(LIFT - LIFT_INT8 - logits))
    assert np.abs(whole[..., 4] - small[..., 4]).mean() < 0.05
    assert np.corrcoef(whole.ravel(), small.ravel())[0, 1] > 0.98


def test_int8_multiplies_bytes_all_the_way_from_the_picture(files):
    graph = onnx.load(files[1]).graph
    first = next(node for node in graph.node if export.INPUT in node.input)
    assert first.op_type == "DequantizeLinear"
    assert not [node for node in graph.node if node.op_type == "Cast"]
    per_channel = {i.name: i.dims for i in graph.initializer if i.name.endswith("_scale") and len(i.dims) == 1}
    assert per_channel, "no weight has a scale per channel"


def test_the_service_reads_both_files(files):
    frame = Frame(np.random.default_rng(1).integers(0, 256, (48, 96, 3)).astype(np.uint8), 0.0, 0)
    for path in files:
        detector = OnnxDetector(path, ModelFacts(name="own", sha256=export.sha256_of(path), score_threshold=0.01))
        assert detector.facts.layout == "person_grid"
        assert detector.facts.scale == 1.0
        assert len(detector.detect(frame).scores) > 0


def test_a_file_of_another_size_is_refused(files):
    from edge.errors import ModelError

    facts = ModelFacts(name="own", sha256="0" * 64, input=InputSize(128, 96))
    with pytest.raises(ModelError, match="expected an input height of 128"):
        OnnxDetector(files[0], facts)
