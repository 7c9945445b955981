"""Model files that are broken or foul: always a ModelError in words, never a crash, and none under a good hash."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge.adapters.detector import OnnxDetector
from edge.adapters.manifest import ModelEntry, resolve
from edge.errors import ModelError
from tests.adapters.test_detector import cell_network, facts

ROOT = Path(__file__).parents[2]
MUTANTS = 200


def with_weights_elsewhere(source: Path, target: Path, place: str) -> Path:
    model = onnx.load(str(source))
    tensor = model.graph.initializer[0]
    weights = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", place), ("offset", "0"), ("length", str(len(weights)))):
        tensor.external_data.add(key=key, value=value)
    (target.parent / place).write_bytes(weights)
    target.write_bytes(model.SerializeToString())
    return target


@pytest.mark.parametrize("place", ["weights.bin", "../weights.bin", "/weights.bin", "a" * 90 + ".bin"])
def test_weights_in_another_file_are_refused_wherever_it_is(tmp_path, place):
    folder = tmp_path / "in"
    folder.mkdir()
    whole = cell_network(folder / "whole.onnx", shape=(1, 3, 64, 96))
    place = str(tmp_path) + place if place.startswith("/") else place
    path = with_weights_elsewhere(whole, folder / "m.onnx", place)
    with pytest.raises(ModelError, match=r"expected all weights in this file, .*, got some in ") as caught:
        OnnxDetector(path, facts())
    assert repr(place) in str(caught.value)
    OnnxDetector(whole, facts())


def test_operators_that_this_machine_lacks_are_told_as_such(tmp_path):
    node = helper.make_node("Conv", ["images", "w"], ["output"])
    ends = [helper.make_tensor_value_info(name, TensorProto.BFLOAT16, (1, 3, 64, 96)) for name in ("images", "output")]
    weight = helper.make_tensor("w", TensorProto.BFLOAT16, [3, 3, 1, 1], [1.0] * 9)
    graph = helper.make_graph([node], "half", ends[:1], ends[1:], [weight])
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10), str(path))
    with pytest.raises(ModelError, match=r"m\.onnx: expected .*operators that this machine can run .*fp16.*Conv"):
        OnnxDetector(path, facts())


def test_an_operator_that_does_not_exist_is_told_as_such(tmp_path):
    model = onnx.load(str(cell_network(tmp_path / "m.onnx", shape=(1, 3, 64, 96))))
    model.graph.node[1].op_type = "AveragePol"
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"expected a network that onnxruntime can load, got: .*AveragePol"):
        OnnxDetector(tmp_path / "m.onnx", facts())


def mutant(content: bytes, rng: np.random.Generator) -> bytes:
    """The file with bits flipped, bytes replaced, a piece lost, doubled or moved, or the end missing."""
    data = bytearray(content)
    kind = rng.integers(6)
    start, stop = sorted(int(at) for at in rng.integers(0, len(data), 2))
    stop = min(stop, start + 64)
    if kind == 0:
        for at in rng.integers(0, len(data), rng.integers(1, 9)):
            data[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        for at in rng.integers(0, len(data), rng.integers(1, 9)):
            data[at] = int(rng.integers(256))
    elif kind == 2:
        del data[start:stop]
    elif kind == 3:
        data[start:start] = data[start:stop]
    elif kind == 4:
        data[start:stop] = bytes([int(rng.choice([0, 0xFF, 0x7F]))]) * (stop - start)
    else:
        del data[max(1, stop) :]
    return bytes(data)


TRY_ALL = """
import resource, sys
from pathlib import Path
import numpy as np
from edge.adapters.detector import OnnxDetector
from edge.core.model_facts import ModelFacts
from edge.core.types import Frame
from edge.errors import ModelError

resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # a mutant may ask for any size of tensor
frame = Frame(np.full((96, 192, 3), 90, np.uint8), 0.0, 0)
for path in sorted(Path(sys.argv[1]).glob("*.onnx"))[int(sys.argv[2]):]:
    print(f"\\n{path.name} ", end="", flush=True)
    try:
        detector = OnnxDetector(path, ModelFacts(name="m", sha256="0" * 64))
        detector.detect(frame)
        print("loaded", end="", flush=True)
    except ModelError:
        print("refused", end="", flush=True)
"""


def outcomes(folder: Path) -> dict[str, str]:
    """What became of every model in a folder: `loaded`, `refused`, or how the process died that tried it."""
    found: dict[str, str] = {}
    while len(found) < len(list(folder.glob("*.onnx"))):
        command = [sys.executable, "-c", TRY_ALL, str(folder), str(len(found))]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        lines = [line.split() for line in done.stdout.splitlines() if line.split()]
        assert lines, done.stderr
        found |= {
            line[0]: line[1] if len(line) > 1 else f"died: {done.returncode} {done.stderr[-300:]}" for line in lines
        }
    return found


def test_200_mutated_files_crash_nothing_and_pass_for_nothing(tmp_path):
    content = cell_network(tmp_path / "tiny.onnx", shape=(1, 3, 64, 96)).read_bytes()
    entries = {"tiny": ModelEntry(name="tiny", file="tiny.onnx", sha256=hashlib.sha256(content).hexdigest())}
    resolve("tiny", [tmp_path], entries)
    folder = tmp_path / "mutants"
    folder.mkdir()
    rng = np.random.default_rng(17)
    for index in range(MUTANTS):
        changed = content
        while changed == content:
            changed = mutant(content, rng)
        (tmp_path / "tiny.onnx").write_bytes(changed)
        with pytest.raises(ModelError, match="expected sha256"):
            resolve("tiny", [tmp_path], entries)
        (folder / f"{index:03}.onnx").write_bytes(changed)
    found = outcomes(folder)
    assert len(found) == MUTANTS
    assert set(found.values()) <= {"loaded", "refused"}, json.dumps(found, indent=1)
    assert list(found.values()).count("refused") > MUTANTS // 3  # else the mutants are too tame
