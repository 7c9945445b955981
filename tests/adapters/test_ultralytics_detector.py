"""The ultralytics adapter against a fake of that package: it brings torch and is AGPL-3.0, so tests do without."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.adapters.ultralytics_detector import UltralyticsDetector
from edge.core.model_facts import InputSize, ModelFacts
from edge.core.types import Frame
from edge.errors import ModelError

FAKE = '''
import os
import sys
from types import SimpleNamespace
import numpy as np

console = sys.stdout
at_import = {key: os.environ.get(key) for key in ("YOLO_OFFLINE", "YOLO_AUTOINSTALL")}
calls = []
answer = {"xyxyn": [], "conf": [], "cls": []}
names = {0: "person", 3: "cart"}


class Tensor:
    """Where the numbers of a tensor lie, numpy cannot see: they have to be asked for."""

    def __init__(self, values, columns):
        self.values = np.array(values, np.float32).reshape((-1, 4) if columns else -1)

    def __array__(self, *args, **kwargs):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def cpu(self):
        return SimpleNamespace(numpy=lambda: self.values)


class YOLO:
    def __init__(self, path, task=None):
        print("Creating new settings", file=console)
        if os.path.getsize(path) == 0:
            raise EOFError("Ran out of input\\nsecond line")
        self.made = (path, task)

    def predict(self, source, **options):
        calls.append((self.made, source.shape, source.dtype.name, options))
        if source.shape[0] == 13:
            raise RuntimeError("CUDA error: out of memory\\nat line 1")
        boxes = SimpleNamespace(**{key: Tensor(value, key == "xyxyn") for key, value in answer.items()})
        return [SimpleNamespace(boxes=boxes if answer else None, names=names)]
'''


@pytest.fixture
def fake(tmp_path, monkeypatch) -> Any:
    """The fake package, importable as ultralytics but not imported yet; its module once it is."""
    folder = tmp_path / "site/ultralytics"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(FAKE)
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.delitem(sys.modules, "ultralytics", raising=False)
    for key in ("YOLO_OFFLINE", "YOLO_AUTOINSTALL"):
        monkeypatch.setenv(key, "as the user had it")
    yield lambda: sys.modules["ultralytics"]
    sys.modules.pop("ultralytics", None)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "best.pt"
    path.write_bytes(b"weights")
    return path


def facts(**known: Any) -> ModelFacts:
    return ModelFacts(**({"name": "best", "sha256": "0" * 64} | known))


def frame(height: int = 48, width: int = 96) -> Frame:
    return Frame(np.zeros((height, width, 3), np.uint8), 7.5, 1)


def test_people_come_out_and_nothing_else(fake, weights):
    detector = UltralyticsDetector(weights, facts())
    boxes = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.6, 0.7], [0.7, 0.1, 1.2, 0.9], [np.nan, 0.0, 1.0, 1.0]]
    fake().answer.update(xyxyn=boxes, conf=[0.9, 0.8, 0.7, 0.6], cls=[0, 3, 0, 0])
    found = detector.detect(frame())
    np.testing.assert_allclose(found.boxes, [[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 1.0, 0.9]], rtol=1e-6)
    np.testing.assert_allclose(found.scores, [0.9, 0.7], rtol=1e-6)
    assert (found.mono_s, found.aspect) == (7.5, 2.0)
    assert (detector.name, detector.sha256) == ("best", "0" * 64)
    assert detector.last_ms is not None


def test_nobody_is_an_empty_answer(fake, weights):
    assert UltralyticsDetector(weights, facts()).detect(frame()).boxes.shape == (0, 4)


def test_the_package_is_told_before_its_import_to_stay_off_the_network(fake, weights):
    assert "ultralytics" not in sys.modules
    UltralyticsDetector(weights, facts())
    assert fake().at_import == {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false"}


def test_what_the_package_says_does_not_get_between_the_results(fake, weights, capsys):
    UltralyticsDetector(weights, facts())
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Creating new settings" in printed.err


def test_the_facts_reach_the_package(fake, weights):
    detector = UltralyticsDetector(weights, facts(person_class=3, iou_threshold=0.6, input=InputSize(384, 640)))
    detector.detect(frame())
    options = {"classes": [3], "conf": 0.1, "iou": 0.6, "verbose": False, "imgsz": (384, 640)}
    assert fake().calls[-1] == ((str(weights), "detect"), (48, 96, 3), "uint8", options)
    UltralyticsDetector(weights, facts(), score_threshold=0.3).detect(frame())
    assert fake().calls[-1][3] == {"classes": [0], "conf": 0.3, "iou": 0.5, "verbose": False}


def test_without_the_package_the_extra_and_its_licence_are_named(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(ModelError, match=r"best\.pt: expected the package ultralytics .*\[ultralytics\].*AGPL-3\.0"):
        UltralyticsDetector(weights, facts())


def test_a_file_that_is_missing_or_of_another_kind_is_refused_before_the_import(tmp_path, fake):
    with pytest.raises(ModelError, match=r"best\.engine: expected a model file, found none"):
        UltralyticsDetector(tmp_path / "best.engine", facts())
    with pytest.raises(ModelError, match=r"expected a file ending in \.pt or \.engine, got '\.onnx'"):
        UltralyticsDetector(tmp_path / "best.onnx", facts())
    assert "ultralytics" not in sys.modules


def test_what_the_package_raises_becomes_one_line(fake, weights):
    detector = UltralyticsDetector(weights, facts())
    with pytest.raises(
        ModelError, match=r"best\.pt: expected to run on .*\(13, 96, 3\), got: CUDA error: out of memory$"
    ):
        detector.detect(frame(height=13))
    weights.write_bytes(b"")
    with pytest.raises(ModelError, match=r"expected a model that ultralytics can load, got: Ran out of input$"):
        UltralyticsDetector(weights, facts())


def test_a_network_without_that_class_or_without_boxes_is_refused_at_once(fake, weights):
    with pytest.raises(ModelError, match=r"expected a person_class out of 0 person, 3 cart, got 1"):
        UltralyticsDetector(weights, facts(person_class=1))
    fake().answer.clear()
    with pytest.raises(ModelError, match="expected a network that gives boxes, got one that gives none"):
        UltralyticsDetector(weights, facts())
