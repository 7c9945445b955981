"""A detector held against labelled pictures: through the real onnxruntime, with answers that are known exactly."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

from edge.errors import EdgeError
from edge.evaluation.average_precision import Seen, match
from edge.evaluation.pictures import read_pictures
from tests.adapters.test_detector import constant_network, one_person
from tests.assets import asset
from tests.commands import edge

HERE = "1 0.375 0.375 0.25 0.375\n"
"""Where `one_person` sees somebody, as a label of class 1: x 24..48 of 96, y 12..36 of 64."""


@pytest.fixture(autouse=True)
def library():
    return pytest.importorskip("pycocotools", reason="the package pycocotools of the extra [eval] is not installed")


def picture(path: Path, label: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((64, 96, 3), np.uint8))
    if label is not None:
        path.with_suffix(".txt").write_text(label)


@pytest.fixture
def shop(tmp_path):
    """Two pictures with the person that is seen, one with somebody else too, one empty, one not labelled."""
    network = constant_network(tmp_path / "tiny.onnx", one_person("yolov8"))
    (tmp_path / "tiny.onnx.yaml").write_text("layout: yolov8\nperson_class: 1\ninput: {height: 64, width: 96}\n")
    for name, label in (("a", HERE), ("b", HERE), ("c", HERE + "1 0.8 0.9 0.1 0.15\n0 0.1 0.1 0.1 0.1\n"), ("d", "")):
        picture(tmp_path / "shop" / f"{name}.png", label)
    picture(tmp_path / "shop" / "e.png", None)
    return network


def test_numbers_of_a_detector_whose_answers_are_known(shop, capsys):
    outcome = edge(
        capsys, "eval", "detector", shop.parent / "shop", "--model", shop, "--person-class", "1", "--json", "-"
    )
    assert outcome.err == ""
    result = outcome.json()
    assert result["left_out"] == {"none": 1}
    (found,) = result["models"]
    assert (found["name"], found["pictures"], found["people"], found["input"]) == ("tiny", 4, 4, [64, 96])
    # Three of four are found, with precision 1 up to a recall of 0.75: 76 of COCO's 101 points.
    assert found["ap50"] == found["ap50_95"] == pytest.approx(76 / 101, abs=1e-4)
    assert (found["recall"], found["precision"]) == (0.75, 1.0)
    assert found["recall_by_height"] == {"0..0.1": None, "0.1..0.2": 0.0, "0.2..0.4": 1.0, "0.4..1": None}
    assert (found["empty_pictures"], found["empty_with_boxes"]) == (1, 1.0)
    assert found["ms"] > 0
    assert found["by_source"] == {}


def test_below_the_threshold_nobody_is_found_but_the_curve_stays(shop, capsys):
    options = ("--person-class", "1", "--score", "0.8", "--json", "-")
    (found,) = edge(capsys, "eval", "detector", shop.parent / "shop", "--model", shop, *options).json()["models"]
    assert (found["threshold"], found["recall"], found["precision"], found["empty_with_boxes"]) == (0.8, 0.0, None, 0.0)
    assert found["ap50"] == pytest.approx(76 / 101, abs=1e-4)


def test_detectors_stand_side_by_side_in_a_table_and_a_plot(shop, capsys, tmp_path):
    worse = constant_network(tmp_path / "worse.onnx", np.zeros((1, 6, 126), np.float32))
    picture(tmp_path / "other" / "f.png", HERE)
    places = (tmp_path / "shop", tmp_path / "other")
    plot = tmp_path / "out.svg"
    models = ("--model", shop, "--model", worse, "--person-class", "1", "--plot", plot)
    outcome = edge(capsys, "eval", "detector", *places, *models)
    assert (outcome.code, outcome.err) == (0, "")
    for words in (
        "5 people in 5 pictures",
        "tiny",
        "worse",
        "By source",
        "other",
        "left out: 1 labelled 'none'",
        "80.2",
    ):
        assert words in outcome.out
    root = ET.fromstring(plot.read_text())
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")].count("worse") == 2
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 2


def test_a_list_says_what_is_labelled_how(shop, tmp_path):
    rows = ["path,split,labels", "shop/a.png,val,boxes", "shop/b.png,train,boxes", "shop/c.png,val,partial"]
    rows += ["shop/e.png,val,empty", "shop/c.png,val,none"]
    (tmp_path / "list.csv").write_text("\n".join(rows) + "\n")
    pictures = read_pictures([tmp_path / "list.csv"], "val", person_class=1)
    assert [(one.path.name, one.source, len(one.people)) for one in pictures.labelled] == [
        ("a.png", "shop", 1),
        ("e.png", "shop", 0),
    ]
    assert pictures.left_out == {"partial": 1, "none": 1}
    np.testing.assert_allclose(pictures.labelled[0].people, [[0.25, 0.1875, 0.5, 0.5625]])


@pytest.mark.parametrize("given", [".", "images"])
def test_labels_may_lie_in_a_folder_of_their_own(tmp_path, given):
    picture(tmp_path / "data/images/day/a.png", None)
    label = tmp_path / "data/labels/day/a.txt"
    label.parent.mkdir(parents=True)
    label.write_text("0 0.5 0.5 0.2 0.2\n")
    (found,) = read_pictures([tmp_path / "data" / given]).labelled
    assert len(found.people) == 1


@pytest.mark.parametrize(
    ("label", "words"),
    [("0 0.5 0.5 0.2\n", "line 1: expected 'class x y width height', got '0 0.5 0.5 0.2'"), ("a b c d e\n", "line 1")],
)
def test_a_label_that_cannot_be_read_is_told_with_its_line(tmp_path, label, words):
    picture(tmp_path / "a.png", label)
    with pytest.raises(EdgeError, match=r"a\.txt: ") as caught:
        read_pictures([tmp_path])
    assert words in str(caught.value)


def test_what_is_not_there_is_told(tmp_path, shop, capsys):
    for place, words in (
        (tmp_path / "none", "expected a folder of pictures or a CSV list"),
        (tmp_path / "none.csv", "expected a CSV list of pictures, got: No such file"),
    ):
        with pytest.raises(EdgeError, match=words):
            read_pictures([place])
    (tmp_path / "bare.csv").write_text("file,labels\na,boxes\n")
    with pytest.raises(EdgeError, match="expected the columns labels, path, got file, labels"):
        read_pictures([tmp_path / "bare.csv"])
    (tmp_path / "shop" / "a.png").write_bytes(b"no picture")
    edge(capsys, "eval", "detector", tmp_path / "shop", "--model", shop).failed(1, "a.png: expected a picture")


def test_matching_is_that_of_coco():
    """Two people and three boxes: the best first, each person once."""
    people = np.array([[0, 0, 100, 100], [200, 0, 300, 100]], np.float32)
    boxes = np.array([[0, 0, 100, 60], [5, 0, 100, 100], [210, 0, 300, 100]], np.float32)
    found = match([Seen(people, boxes, np.array([0.9, 0.8, 0.3], np.float32))])
    # The first box (overlap 0.6) answers for the first person at 0.5; the second comes too late; the third is right.
    assert found.found.tolist() == pytest.approx([0.9, 0.3])
    assert sorted(zip(found.scores.round(1).tolist(), found.true.tolist(), strict=True)) == [
        (0.3, True),
        (0.8, False),
        (0.9, True),
    ]
    assert found.ap50 == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_nobody_at_all_has_no_average_precision():
    nothing = np.zeros((0, 4), np.float32)
    assert np.isnan(match([Seen(nothing, nothing, np.zeros(0, np.float32))]).ap50)


def test_the_real_detector_on_the_real_lobby(capsys, monkeypatch):
    monkeypatch.setenv("EDGE_MODELS_DIR", str(asset("models")))
    options = ("--split", "test_entrance", "--model", "yolox_nano_416", "--json", "-")
    (found,) = edge(capsys, "eval", "detector", asset("train/split.csv"), *options).json()["models"]
    assert found["pictures"] == 71
    assert 0.8 < found["ap50"] < 0.9
    assert json.dumps(found["recall_by_height"])
