"""What `python -m benchmarks.network` says of a network whose arithmetic can be counted by hand."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks import network


def two_convolutions(path: Path) -> Path:
    """3 x 8 x 8, to 4 channels with 3 x 3 weights at half the size, then to 2 with 1 x 1."""
    first = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "first")
    second = numpy_helper.from_array(np.ones((2, 4, 1, 1), np.float32), "second")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "first"], ["between"], strides=[2, 2], pads=[1, 1, 1, 1]),
            helper.make_node("Conv", ["between", "second"], ["last"]),
            helper.make_node("Relu", ["last"], ["cells"]),
        ],
        "two",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("cells", TensorProto.FLOAT, [1, 2, 4, 4])],
        [first, second],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_multiply_adds_are_those_of_the_convolutions(tmp_path: Path) -> None:
    assert network._macs(two_convolutions(tmp_path / "two.onnx")) == 4 * 3 * 3 * 3 * 4 * 4 + 2 * 4 * 4 * 4


def test_an_int8_network_has_the_multiply_adds_of_the_float_one() -> None:
    models = Path(__file__).parents[2] / "models"
    assert network._macs(models / "person-n-int8.onnx") == network._macs(models / "person-n.onnx") > 0


def test_each_network_gets_a_row_and_is_compared_with_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_convolutions(tmp_path / "two.onnx")
    monkeypatch.setattr("sys.argv", ["network", "person-n-int8", str(path), "--rounds", "2"])
    network.main()
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row[0].strip() for row in rows[2:]] == ["person-n-int8", "two"]
    assert rows[0][2].strip() == "of two"
    assert rows[3][2].strip() == "1.000"
    assert float(rows[2][2]) > 1.0
