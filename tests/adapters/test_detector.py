"""The detector through the real onnxruntime, on tiny networks whose answers are known exactly."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.adapters.detector import OnnxDetector
from edge.core.model_facts import InputSize, Layout, ModelFacts
from edge.core.types import Detections, Frame
from edge.errors import ModelError
from tests.assets import asset

ROOT = Path(__file__).parents[2]
CELLS = 96 + 24 + 6  # of an input of 64 x 96


def facts(**known: object) -> ModelFacts:
    return ModelFacts(**({"name": "tiny", "sha256": "0" * 64} | known))  # type: ignore[arg-type]


def save(path: Path, nodes: list[Any], inputs: list[Any], constants: dict[str, np.ndarray], output: Any) -> Path:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info("output", *output)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def constant_network(path: Path, output: np.ndarray, shape: Any = (1, 3, 64, 96)) -> Path:
    """Answers `output`, whatever it sees."""
    kind = helper.np_dtype_to_tensor_dtype(output.dtype)
    node = helper.make_node("Identity", ["answer"], ["output"])
    return save(path, [node], [("images", TensorProto.FLOAT, shape)], {"answer": output}, (kind, output.shape))


def cell_network(path: Path, *, shape: Any, kind: int = TensorProto.FLOAT, divisor: float = 1.0) -> Path:
    """An undecoded YOLOX of three classes that sees, in every cell, a box of just that cell.

    The score of class c is the mean of channel c over the cell, divided by `divisor`.
    """
    weight = np.zeros((8, 3, 1, 1), np.float32)
    for channel in range(3):
        weight[5 + channel, channel] = 1.0 / divisor
    constants = {"weight": weight, "bias": np.array([0.5, 0.5, 0, 0, 1, 0, 0, 0], np.float32)}
    constants["rows"] = np.array([1, 8, -1], np.int64)
    nodes = [helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT)]
    for stride in (8, 16, 32):
        size = [stride, stride]
        nodes += [
            helper.make_node("AveragePool", ["floats"], [f"mean{stride}"], kernel_shape=size, strides=size),
            helper.make_node("Conv", [f"mean{stride}", "weight", "bias"], [f"head{stride}"]),
            helper.make_node("Reshape", [f"head{stride}", "rows"], [f"rows{stride}"]),
        ]
    nodes.append(helper.make_node("Concat", ["rows8", "rows16", "rows32"], ["all"], axis=2))
    nodes.append(helper.make_node("Transpose", ["all"], ["turned"], perm=[0, 2, 1]))
    out = kind if kind == TensorProto.FLOAT16 else TensorProto.FLOAT
    nodes.append(helper.make_node("Cast", ["turned"], ["output"], to=out))
    return save(path, nodes, [("images", kind, shape)], constants, (out, [1, "cells", 8]))


def frame(height: int, width: int, colour: tuple[int, int, int] = (0, 0, 0)) -> Frame:
    return Frame(np.full((height, width, 3), colour, np.uint8), 12.5, 3)


def largest(detections: Detections) -> np.ndarray:
    areas = (detections.boxes[:, 2] - detections.boxes[:, 0]) * (detections.boxes[:, 3] - detections.boxes[:, 1])
    return np.asarray(detections.boxes[areas.argmax()])


def one_person(layout: Layout) -> np.ndarray:
    """An output with a person of class 1 at x 24..48, y 12..36 of the input, score 0.75, and a lesser something."""
    if layout == "end2end":
        output = np.zeros((1, 300, 6), np.float32)
        output[0, 5] = (24, 12, 48, 36, 0.75, 1)
        output[0, 6] = (0, 0, 9, 9, 0.9, 0)
    elif layout == "yolov8":
        output = np.zeros((1, 6, CELLS), np.float32)
        output[0, :, 7] = (36, 24, 24, 24, 0.1, 0.75)
        output[0, :, 8] = (5, 5, 9, 9, 0.9, 0.01)
    else:
        output = np.zeros((1, 3 * CELLS if layout == "yolov5" else CELLS, 7), np.float32)
        # Cell 122 of the undecoded one: stride 32, column 2, row 0.
        box = (36 / 32 - 2, 24 / 32, np.log(24 / 32), np.log(24 / 32)) if layout == "yolox" else (36, 24, 24, 24)
        output[0, 122] = (*box, 1.0, 0.1, 0.75)
        output[0, 123] = (*box, 0.01, 0.1, 0.75)
    return output


@pytest.mark.parametrize("layout", ["yolox", "yolox_decoded", "yolov5", "yolov8", "end2end"])
def test_every_layout_gives_the_box_in_fractions_of_a_frame_that_was_letterboxed(tmp_path, layout):
    path = constant_network(tmp_path / "m.onnx", one_person(layout))
    detector = OnnxDetector(path, facts(layout=layout, person_class=1, input=InputSize(64, 96)))
    wide = detector.detect(frame(96, 192))  # fills 48 of the 64 rows
    np.testing.assert_allclose(wide.boxes, [[0.25, 0.25, 0.5, 0.75]], atol=1e-6)
    np.testing.assert_allclose(wide.scores, [0.75])
    assert (wide.mono_s, wide.aspect) == (12.5, 2.0)
    tall = detector.detect(frame(128, 96))  # fills 48 of the 96 columns
    np.testing.assert_allclose(tall.boxes, [[0.5, 12 / 64, 1.0, 36 / 64]], atol=1e-6)


@pytest.mark.parametrize("layout", ["yolox", "yolov5", "yolov8", "end2end"])
def test_a_layout_that_nobody_states_is_inferred(tmp_path, layout):
    path = constant_network(tmp_path / "m.onnx", one_person(layout))
    detector = OnnxDetector(path, facts(person_class=1))
    assert detector.facts.layout == layout
    assert len(detector.detect(frame(64, 96)).boxes) == 1


def test_people_only_networks_are_read_and_the_files_size_becomes_known(tmp_path):
    cells = np.zeros((1, CELLS, 5), np.float32)
    cells[0, 122] = (2.0, 0.125, -1.25, 0.625, 0.75)  # stride 32, column 2, row 0: the middle is at 80, 16
    detector = OnnxDetector(constant_network(tmp_path / "m.onnx", cells), facts())
    assert (detector.facts.layout, detector.facts.input) == ("person_grid", InputSize(64, 96))
    assert (detector.facts.colour, detector.facts.scale) == ("bgr", 1.0)
    found = detector.detect(frame(64, 96))
    np.testing.assert_allclose(found.boxes * (96, 64, 96, 64), [[16, 12, 40, 36]], atol=1e-4)


def test_it_says_who_it_is_and_how_long_it_took(tmp_path):
    path = constant_network(tmp_path / "m.onnx", one_person("yolov8"))
    detector = OnnxDetector(path, facts())
    assert (detector.name, detector.sha256, detector.last_ms) == ("tiny", "0" * 64, None)
    detector.detect(frame(64, 96))
    assert detector.last_ms is not None
    assert detector.last_ms > 0.0


def test_the_score_threshold_of_the_facts_can_be_replaced(tmp_path):
    path = constant_network(tmp_path / "m.onnx", one_person("yolov8"))
    strict = OnnxDetector(path, facts(person_class=1), score_threshold=0.8)
    assert strict.detect(frame(64, 96)).boxes.shape == (0, 4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_network_that_answers_nonsense_sees_nobody(tmp_path, value):
    path = constant_network(tmp_path / "m.onnx", np.full((1, CELLS, 85), value, np.float32))
    assert len(OnnxDetector(path, facts()).detect(frame(64, 96)).boxes) == 0


def test_a_dynamic_input_follows_the_aspect_of_the_camera_even_when_it_changes(tmp_path):
    path = cell_network(tmp_path / "m.onnx", shape=(1, 3, "h", "w"), divisor=255)
    detector = OnnxDetector(path, facts(input=InputSize(320, 320)))
    # The white square is one cell of stride 32 of an input of 192 x 320, and of 320 x 192: had the frame been fitted
    # into any other input, the box would be another.
    for height, width in ((192, 320), (320, 192), (192, 320)):
        picture = frame(height, width)
        picture.image[64:96, 96:128] = 255
        found = detector.detect(picture)
        expected = np.array([96, 64, 128, 96]) / (width, height, width, height)
        np.testing.assert_allclose(largest(found), expected, atol=1e-6)


def test_a_dynamic_input_is_rounded_up_so_that_the_longer_side_is_used_in_full(tmp_path):
    path = cell_network(tmp_path / "m.onnx", shape=(1, 3, None, None), divisor=255)
    detector = OnnxDetector(path, facts(input=InputSize(416, 416)))
    picture = frame(432, 768)  # 234 x 416 in an input of 256 x 416
    x, y = np.array([64, 96]) * 768 / 416, np.array([32, 64]) * 432 / 234
    picture.image[round(y[0]) : round(y[1]), round(x[0]) : round(x[1])] = 255
    expected = np.array([x[0], y[0], x[1], y[1]]) / (768, 432, 768, 432)
    np.testing.assert_allclose(largest(detector.detect(picture)), expected, atol=0.003)


def test_the_frame_before_leaves_no_trace(tmp_path):
    detector = OnnxDetector(cell_network(tmp_path / "m.onnx", shape=(1, 3, 64, 96), divisor=255), facts(pad=0))
    before = detector.detect(frame(96, 192, (255, 255, 255)))
    kept = before.boxes.copy()
    assert len(detector.detect(frame(96, 192)).boxes) == 0
    np.testing.assert_array_equal(before.boxes, kept)


@pytest.mark.parametrize(
    ("kind", "known", "divisor", "by_class"),
    [
        (TensorProto.FLOAT, {}, 255, (51, 102, 204)),  # the custom of YOLOX: BGR 0..255
        (TensorProto.FLOAT, {"colour": "rgb", "scale": 255}, 1, (204, 102, 51)),
        (TensorProto.FLOAT, {"colour": "rgb", "scale": 1}, 255, (204, 102, 51)),
        (TensorProto.FLOAT16, {}, 255, (51, 102, 204)),
        (TensorProto.FLOAT16, {"scale": 255}, 1, (51, 102, 204)),
        (TensorProto.UINT8, {"colour": "rgb"}, 255, (204, 102, 51)),
    ],
)
def test_colours_and_scale_reach_the_network_as_the_facts_say(tmp_path, kind, known, divisor, by_class):
    path = cell_network(tmp_path / "m.onnx", shape=(1, 3, 64, 96), kind=kind, divisor=divisor)
    for person_class, value in enumerate(by_class):
        detector = OnnxDetector(path, facts(layout="yolox", person_class=person_class, **known))
        scores = detector.detect(frame(128, 192, (51, 102, 204))).scores
        assert len(scores) == CELLS
        np.testing.assert_allclose(scores, value / 255, rtol=2e-3)


@pytest.mark.parametrize(("scale", "divisor"), [(1, 255), (255, 1)])
def test_the_padding_has_the_value_of_the_facts(tmp_path, scale, divisor):
    path = cell_network(tmp_path / "m.onnx", shape=(1, 3, 64, 96), divisor=divisor)
    detector = OnnxDetector(path, facts(pad=100, scale=scale))
    # A black frame fills 48 of 64 rows: half of each cell of stride 32 in the lower row is padding.
    found = detector.detect(frame(96, 192))
    np.testing.assert_allclose(found.scores, 100 / 255 / 2, rtol=1e-3)
    np.testing.assert_allclose(found.boxes[:, [1, 3]], [[32 / 48, 1.0]] * 3, atol=1e-6)


REFUSED: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "two inputs": ([("a", 1, (1, 3, 64, 96)), ("b", 1, (1, 3, 64, 96))], {}, r"expected one input, got 2: a, b"),
    "three axes": ([("a", 1, (3, 64, 96))], {}, r"expected an input of 1 x 3 x height x width, got \[3, 64, 96\]"),
    "grey": ([("a", 1, (1, 1, 64, 96))], {}, r"1 x 3 x height x width, got \[1, 1, 64, 96\]"),
    "channels last": ([("a", 1, (1, 64, 96, 3))], {}, r"1 x 3 x height x width, got \[1, 64, 96, 3\]"),
    "a batch": ([("a", 1, (4, 3, 64, 96))], {}, r"1 x 3 x height x width, got \[4, 3, 64, 96\]"),
    "doubles": ([("a", 11, (1, 3, 64, 96))], {}, r"expected an input of tensor\(float\).*, got tensor\(double\)"),
    "odd size": ([("a", 1, (1, 3, 64, 100))], {}, r"width of 32 to 4096 pixels in steps of 32, got 100"),
    "other size": ([("a", 1, (1, 3, 64, 96))], {"input": InputSize(64, 64)}, r"input width of 64 pixels, got 96"),
    "other layout": ([("a", 1, (1, 3, 64, 96))], {"layout": "yolov8"}, r"for layout yolov8 .*, got 1 x 126 x 7"),
    "no layout": ([("a", 1, (1, 3, 64, 64))], {}, r"expected the output shape of a YOLO layout.*, got 1 x 126 x 7"),
    "no such class": ([("a", 1, (1, 3, 64, 96))], {"person_class": 2}, r"person_class below 2, .*, got 2"),
    "bytes scaled": ([("a", 2, (1, 3, 64, 96))], {"scale": 255}, r"expected a scale of 1 .*, got 255"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_network_of_another_shape_is_refused_with_expected_and_found(tmp_path, case):
    inputs, known, text = REFUSED[case]
    node = helper.make_node("Identity", ["answer"], ["output"])
    output = one_person("yolox")
    path = save(tmp_path / "m.onnx", [node], inputs, {"answer": output}, (TensorProto.FLOAT, output.shape))
    with pytest.raises(ModelError, match=text) as caught:
        OnnxDetector(path, facts(**known))
    assert str(caught.value).startswith(f"{path}: ")


def test_an_output_of_whole_numbers_is_refused(tmp_path):
    path = constant_network(tmp_path / "m.onnx", one_person("yolox").astype(np.int64))
    with pytest.raises(ModelError, match="expected an output of floating point numbers, got int64"):
        OnnxDetector(path, facts())


def test_a_file_that_is_no_network_is_refused(tmp_path):
    whole = cell_network(tmp_path / "whole.onnx", shape=(1, 3, 64, 96)).read_bytes()
    path = tmp_path / "m.onnx"
    for content in (b"", b"GIF89a" * 100, whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=rf"m\.onnx: expected a complete ONNX file, got {len(content)} bytes: "):
            OnnxDetector(path, facts())


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path / "m.onnx", tmp_path):
        with pytest.raises(ModelError, match="expected an ONNX file, found none"):
            OnnxDetector(path, facts())


def test_a_network_that_fails_on_some_size_says_so_at_that_frame(tmp_path):
    constants = {"shape": np.array([1, 6, 2048], np.int64)}  # 3 x 64 x 64 numbers
    node = helper.make_node("Reshape", ["images", "shape"], ["output"])
    inputs = [("images", TensorProto.FLOAT, (1, 3, "h", "w"))]
    path = save(tmp_path / "m.onnx", [node], inputs, constants, (TensorProto.FLOAT, (1, 6, 2048)))
    detector = OnnxDetector(path, facts(input=InputSize(64, 64)))
    with pytest.raises(ModelError, match=r"m\.onnx: expected to run on an input of \(1, 3, 32, 64\), got: ."):
        detector.detect(frame(32, 64))


SPY = """
import json, os, sys
from pathlib import Path
import numpy as np
from edge.adapters.detector import OnnxDetector
from edge.core.model_facts import ModelFacts
from edge.core.types import Frame

at_import = {}

class Spy:
    def find_spec(self, name, path=None, target=None):
        if name in ("onnxruntime", "cv2"):
            at_import[name] = os.environ.get("ORT_DISABLE_TELEMETRY")

sys.meta_path.insert(0, Spy())
early = [name for name in ("onnxruntime", "cv2") if name in sys.modules]
detector = OnnxDetector(Path(sys.argv[1]), ModelFacts(name="m", sha256="0" * 64))
detector.detect(Frame(np.zeros((64, 96, 3), np.uint8), 0.0, 0))
print(json.dumps({"early": early, "at_import": at_import}))
"""


def test_the_runtime_is_imported_late_and_told_before_not_to_report_its_use(tmp_path):
    path = constant_network(tmp_path / "m.onnx", one_person("yolox"))
    home = tmp_path / "home"
    home.mkdir()
    # onnxruntime is quiet in CI anyway, which would hide a failure there.
    quiet = {"ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"}
    kept = {key: value for key, value in os.environ.items() if "CI" not in key and key not in quiet}
    kept = {key: value for key, value in kept.items() if not key.startswith(("GITHUB_", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", SPY, str(path)],
        env=kept | {"HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answer = json.loads(done.stdout)
    assert answer["early"] == []
    assert answer["at_import"]["onnxruntime"] == "1"
    assert "cv2" in answer["at_import"]
    assert list(home.rglob("*")) == []


def test_a_real_network_finds_the_one_person_at_the_table():
    import cv2

    network, clip = asset("models/yolox_nano_416.onnx"), asset("clips/one-by-one-person-detection.mp4")
    detector = OnnxDetector(network, facts(layout="yolox", input=InputSize(416, 416)))
    capture = cv2.VideoCapture(str(clip))
    try:
        found = {}
        for second in (3, 30, 48, 100):
            capture.set(cv2.CAP_PROP_POS_FRAMES, second * 10)
            _, image = capture.read()
            found[second] = detector.detect(Frame(np.asarray(image, np.uint8), float(second), second * 10))
    finally:
        capture.release()
    for second in (30, 100):
        strong = found[second].scores > 0.6
        assert strong.sum() == 1
        x0, y0, x1, y1 = found[second].boxes[strong][0]
        assert 0.40 < (x0 + x1) / 2 < 0.72  # the table of the truth file
        assert y0 < 0.1
        assert 0.80 < y1 < 0.95
        assert found[second].aspect == pytest.approx(768 / 432)
    for second in (3, 48):  # between two visits
        assert not (found[second].scores > 0.3).any()
