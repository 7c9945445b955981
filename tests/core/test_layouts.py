import numpy as np
import pytest

from edge.core.layouts import MAX_CANDIDATES, check_layout, infer_layout, read_people
from edge.core.model_facts import InputSize, Layout, ModelFacts
from edge.errors import ModelError

SIZE = InputSize(64, 96)  # cells: 8 x 12, 4 x 6, 2 x 3
CELLS = 96 + 24 + 6
PERSON = 2


def facts(layout: Layout | None, person_class: int = PERSON, iou_threshold: float = 0.5) -> ModelFacts:
    return ModelFacts(name="m", sha256="0" * 64, layout=layout, person_class=person_class, iou_threshold=iou_threshold)


def empty(layout: Layout, classes: int = 4) -> np.ndarray:
    rows = {"yolov5": 3 * CELLS, "end2end": 300}.get(layout, CELLS)
    shapes = {"person_grid": (1, rows, 5), "yolov8": (1, 4 + classes, rows), "end2end": (1, rows, 6)}
    shape = shapes.get(layout, (1, rows, 5 + classes))
    return np.zeros(shape, np.float32)


def put(layout: Layout, output: np.ndarray, index: int, box: tuple[float, ...], score: float, *, klass: int = PERSON):
    """Writes one candidate, its box given as centre and lengths in pixels."""
    x, y, w, h = box
    if layout == "end2end":
        output[0, index] = (x - w / 2, y - h / 2, x + w / 2, y + h / 2, score, klass)
    elif layout == "yolov8":
        output[0, :4, index] = box
        output[0, 4 + klass, index] = score
    else:
        output[0, index, :4] = box
        output[0, index, 4] = 0.8
        output[0, index, 5 + klass] = score / 0.8


DECODED: list[Layout] = ["yolox_decoded", "yolov5", "yolov8", "end2end"]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("layout", DECODED)
def test_reads_the_people_of_a_decoded_layout_best_first(layout, dtype):
    output = empty(layout)
    put(layout, output, 3, (20, 30, 10, 20), 0.4)
    put(layout, output, 100, (70, 40, 16, 32), 0.75)
    put(layout, output, 50, (50, 20, 10, 10), 0.9, klass=1)
    put(layout, output, 51, (50, 20, 10, 10), 0.05)
    boxes, scores = read_people(output.astype(dtype), facts(layout), SIZE)
    np.testing.assert_allclose(boxes, [[62, 24, 78, 56], [15, 20, 25, 40]])
    np.testing.assert_allclose(scores, [0.75, 0.4], rtol=2e-3)
    assert boxes.dtype == scores.dtype == np.float32


@pytest.mark.parametrize(
    ("index", "column", "row", "stride"),
    [(0, 0, 0, 8), (13, 1, 1, 8), (95, 11, 7, 8), (96, 0, 0, 16), (103, 1, 1, 16), (120, 0, 0, 32), (125, 2, 1, 32)],
)
def test_reads_an_undecoded_cell_of_each_stride(index, column, row, stride):
    output = empty("yolox")
    put("yolox", output, index, (0.25, 0.5, np.log(2.0), np.log(3.0)), 0.6)
    boxes, scores = read_people(output, facts("yolox"), SIZE)
    x, y = (column + 0.25) * stride, (row + 0.5) * stride
    np.testing.assert_allclose(
        boxes, [[x - stride, y - 1.5 * stride, x + stride, y + 1.5 * stride]], rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(scores, [0.6])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("bins", [1, 4])
@pytest.mark.parametrize(
    ("index", "where"), [(0, (0, 0, 8)), (13, (1, 1, 8)), (96, (0, 0, 16)), (103, (1, 1, 16)), (125, (2, 1, 32))]
)
def test_reads_a_cell_of_people_only(index, where, bins, dtype):
    output = np.zeros((1, CELLS, 4 * bins + 1), np.float32)
    sides = np.array([1.5, 2.0, 0.25, 1.0])
    if bins == 1:
        output[0, index, :4] = sides
    else:  # a share of the weight on each of the two bins around the distance
        low = np.floor(sides).astype(int)
        logits = np.full((4, bins), -20.0)
        logits[range(4), low] = np.log(1 - (sides - low))
        logits[range(4), low + 1] = np.log(np.maximum(sides - low, 1e-9))
        output[0, index, :-1] = logits.ravel() + 7.0  # a softmax does not mind
    output[0, index, -1] = 0.5
    output[0, index - 1, -1] = 0.05
    boxes, scores = read_people(output.astype(dtype), facts("person_grid", person_class=0), SIZE)
    column, row, stride = where
    x, y = (column + 0.5) * stride, (row + 0.5) * stride
    expected = [x - 1.5 * stride, y - 2 * stride, x + 0.25 * stride, y + stride]
    np.testing.assert_allclose(boxes, [expected], atol=1e-3 if dtype == np.float32 else 0.3)
    np.testing.assert_allclose(scores, [0.5])
    assert boxes.dtype == scores.dtype == np.float32


@pytest.mark.parametrize("layout", ["yolox", *DECODED])
def test_an_empty_output_has_nobody(layout):
    boxes, scores = read_people(empty(layout), facts(layout), SIZE)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


@pytest.mark.parametrize("layout", ["yolox", "person_grid", *DECODED])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, -3e38])
def test_an_output_that_is_nonsense_all_over_is_read_without_an_error(layout, value):
    boxes, scores = read_people(np.full_like(empty(layout), value), facts(layout), SIZE)
    assert np.isfinite(boxes).all()
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("layout", ["yolox", *DECODED])
def test_one_candidate_that_is_not_finite_leaves_the_others(layout):
    output = empty(layout)
    put(layout, output, 0, (1, 2, 3, 3), 0.5)
    good, _ = read_people(output, facts(layout), SIZE)
    put(layout, output, 7, (np.nan, 30, 10, 20), 0.9)
    put(layout, output, 8, (20, 30, np.inf, 20), 0.9)
    put(layout, output, 9, (20, 30, 1, 2), np.inf)
    boxes, _ = read_people(output, facts(layout), SIZE)
    np.testing.assert_array_equal(boxes, good)


def test_overlapping_people_are_suppressed_unless_the_network_has_done_so():
    for layout in DECODED:
        output = empty(layout)
        put(layout, output, 0, (20, 30, 10, 20), 0.9)
        put(layout, output, 1, (20, 32, 10, 20), 0.8)
        assert len(read_people(output, facts(layout), SIZE)[0]) == (2 if layout == "end2end" else 1)


def test_a_network_that_sees_people_everywhere_is_cut_to_the_best_candidates():
    output = np.zeros((1, 5, 5000), np.float32)
    output[0, 0] = np.arange(5000) * 20
    output[0, 2:4] = 10
    output[0, 4] = np.linspace(0.2, 0.9, 5000)
    boxes, scores = read_people(output, facts("yolov8", person_class=0), SIZE)
    assert len(boxes) == MAX_CANDIDATES
    np.testing.assert_array_equal(scores, output[0, 4, ::-1][:MAX_CANDIDATES])


def test_reading_needs_a_layout():
    with pytest.raises(ValueError, match="settled"):
        read_people(empty("yolox"), facts(None), SIZE)


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((1, CELLS, 5), "person_grid"),
        ((1, CELLS, 85), "yolox"),
        ((1, CELLS, 6), "yolox"),
        ((1, 3 * CELLS, 85), "yolov5"),
        ((1, 3 * CELLS, 6), "yolov5"),
        ((1, 84, CELLS), "yolov8"),
        ((1, 5, CELLS), "yolov8"),
        ((1, 300, 6), "end2end"),
    ],
)
def test_a_layout_is_inferred_from_the_shape(shape, layout):
    assert infer_layout(shape, SIZE) == layout
    check_layout(layout, shape, SIZE, 0)


@pytest.mark.parametrize(
    "shape", [(), (1,), (1, 84), (2, 84, CELLS), (1, CELLS + 1, 85), (1, 4, CELLS), (1, CELLS, 4), (1, 1, CELLS, 85)]
)
def test_a_shape_of_no_layout_is_told_with_those_that_are(shape):
    with pytest.raises(ModelError, match=rf"expected .*yolox: 1 x {CELLS} x .*got"):
        infer_layout(shape, SIZE)


def test_an_output_of_another_layout_is_refused_with_both_shapes():
    with pytest.raises(
        ModelError, match=rf"1 x {3 * CELLS} x \(5 \+ classes\) for layout yolov5 .*got 1 x {CELLS} x 85"
    ):
        check_layout("yolov5", (1, CELLS, 85), SIZE, 0)


def test_a_person_grid_has_four_sides_of_equally_many_bins_and_no_other_class():
    check_layout("person_grid", (1, CELLS, 65), SIZE, 0)
    for shape in ((1, CELLS, 66), (1, CELLS, 1), (1, CELLS + 1, 5)):
        with pytest.raises(
            ModelError, match=rf"expected an output of 1 x {CELLS} x \(4R \+ 1\) for layout person_grid"
        ):
            check_layout("person_grid", shape, SIZE, 0)
    with pytest.raises(ModelError, match=r"person_class below 1, .* got 2"):
        check_layout("person_grid", (1, CELLS, 5), SIZE, 2)


@pytest.mark.parametrize(("layout", "shape"), [("yolox", (1, CELLS, 8)), ("yolov8", (1, 7, CELLS))])
def test_a_class_that_the_output_lacks_is_refused(layout, shape):
    check_layout(layout, shape, SIZE, 2)
    with pytest.raises(ModelError, match=r"person_class below 3, .* got 3"):
        check_layout(layout, shape, SIZE, 3)
