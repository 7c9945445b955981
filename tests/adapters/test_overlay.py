import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.adapters import overlay
from edge.core.rules import LineRule, ZoneRule
from edge.core.types import Tracks
from edge.errors import EdgeError

SIZES = [(720, 1280), (240, 320), (1280, 720), (2160, 3840)]
TINY = (40, 60)


def plain(height: int = 720, width: int = 1280, shade: int = 0) -> overlay.Image:
    return np.full((height, width, 3), shade, np.uint8)


def noise(height: int, width: int) -> overlay.Image:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def tracks(*boxes: tuple[float, float, float, float], observed: bool = True, first_id: int = 1) -> Tracks:
    count = len(boxes)
    shaped = np.array(boxes, np.float32).reshape(-1, 4)
    return Tracks(np.arange(first_id, first_id + count), shaped, np.full(count, observed), 0.0, 16 / 9)


def painted(image: overlay.Image, shade: int = 0) -> NDArray[np.bool_]:
    return np.asarray((image != shade).any(axis=2))


# Rules


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("inside_y", [0.1, 0.9])
@pytest.mark.parametrize("turned", [False, True])
def test_arrow_of_a_line_lies_on_the_inner_side(size, inside_y, turned):
    points = ((0.1, 0.5), (0.9, 0.5))
    image = plain(*size)
    overlay.draw_rules(image, [LineRule("door", points[::-1] if turned else points, (0.3, inside_y))], [])
    height, width = size
    middle = painted(image)[:, round(width * 0.45) : round(width * 0.55)].sum(axis=1)
    above, below = middle[: height // 2].sum(), middle[height // 2 :].sum()
    assert (below > 1.5 * above) if inside_y > 0.5 else (above > 1.5 * below)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("edge", [0.0, 0.01, 0.99, 1.0])
def test_arrow_at_the_edge_of_the_frame_points_into_it(size, edge):
    image = plain(*size)
    overlay.draw_rules(image, [LineRule("door", ((edge, 0.2), (edge, 0.8)), (0.5, 0.5))], [])
    height, width = size
    band = painted(image)[round(height * 0.4) : round(height * 0.6)]
    columns = np.flatnonzero(band.any(axis=0))
    reach = columns.max() / width if edge < 0.5 else 1 - columns.min() / width
    assert reach > 0.03


@pytest.mark.parametrize("at", [(0.0, 0.0), (0.97, 0.0), (0.0, 0.97), (0.97, 0.97)])
def test_names_are_whole_at_the_edges_of_the_frame(at):
    def white(x: float, y: float) -> int:
        image = plain()
        zone = ZoneRule("beauty-and-care", ((x, y), (x + 0.03, y), (x + 0.03, y + 0.03), (x, y + 0.03)))
        overlay.draw_rules(image, [], [zone])
        return int((image > 200).all(axis=2).sum())

    assert white(*at) == white(0.5, 0.5) > 100


@pytest.mark.parametrize("shade", [0, 70, 128, 190, 255])
def test_a_line_and_a_zone_show_on_any_ground(shade):
    image = plain(shade=shade)
    zone = ZoneRule("z", ((0.6, 0.6), (0.9, 0.6), (0.9, 0.9), (0.6, 0.9)))
    overlay.draw_rules(image, [LineRule("door", ((0.1, 0.2), (0.1, 0.8)), (0.5, 0.5))], [zone])
    contrast = np.abs(image.astype(int) - shade).max(axis=2)
    along_the_line = np.r_[200:340, 380:520]
    assert contrast[along_the_line, 120:137].max(axis=1).min() > 80
    assert contrast[540, 800:1100].min() > 20
    assert contrast[430:434, 800:1100].max(axis=0).min() > 80
    assert not contrast[300, 700]


def test_sizes_follow_the_picture():
    def share(height: int, width: int) -> float:
        image = plain(height, width)
        overlay.draw_rules(image, [LineRule("door", ((0.1, 0.5), (0.9, 0.5)), (0.5, 0.9))], [])
        overlay.draw_tracks(image, tracks((0.2, 0.2, 0.3, 0.6)))
        overlay.draw_counts(image, [("door in", "12")])
        return float(painted(image).mean())

    assert share(1440, 2560) == pytest.approx(share(720, 1280), rel=0.25)
    assert share(360, 640) == pytest.approx(share(720, 1280), rel=0.25)


def test_polyline_arrow_follows_the_side_that_is_counted():
    image = plain(600, 600)
    overlay.draw_rules(image, [LineRule("corner", ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8)), (0.9, 0.7))], [])
    text = np.asarray((image > 200).all(axis=2))
    rows = np.flatnonzero(text[:, 200:].any(axis=1))
    assert rows.max() < 0.2 * 600, "IN stands above the first leg: the region of (0.9, 0.7) goes around the corner"


# Tracks


def test_seen_boxes_are_solid_and_predicted_ones_are_dashed():
    def along_the_top(observed: bool) -> float:
        image = plain()
        overlay.draw_tracks(image, tracks((0.25, 0.25, 0.5, 0.75), observed=observed))
        return float((image[180, 330:630].max(axis=1) > 100).mean())

    assert along_the_top(True) == 1.0
    assert 0.2 < along_the_top(False) < 0.8


def test_foot_point_is_in_the_middle_of_the_lower_edge():
    image = plain()
    overlay.draw_tracks(image, tracks((0.25, 0.25, 0.5, 0.75)))
    assert painted(image)[535:544, 476:484].all()


def test_nothing_tells_one_person_from_another_unless_asked():
    box = (0.25, 0.25, 0.5, 0.75)
    one, other, numbered, renumbered = plain(), plain(), plain(), plain()
    overlay.draw_tracks(one, tracks(box, first_id=1))
    overlay.draw_tracks(other, tracks(box, first_id=4242))
    overlay.draw_tracks(numbered, tracks(box, first_id=1), numbers=True)
    overlay.draw_tracks(renumbered, tracks(box, first_id=4201), numbers=True)
    assert np.array_equal(one, other)
    assert not np.array_equal(one, numbered)
    assert np.array_equal(numbered, renumbered), "numbers are short: two digits"


def test_boxes_beyond_the_frame_and_no_boxes_draw_without_trouble():
    image = plain()
    overlay.draw_tracks(image, tracks())
    assert not painted(image).any()
    overlay.draw_tracks(image, tracks((-0.2, -0.1, 0.1, 1.3), (0.9, 0.9, 1.0, 1.0)), numbers=True)
    assert painted(image).any()


# Counts and grid


@pytest.mark.parametrize("size", [*SIZES, TINY])
def test_panel_fits_into_the_frame(size):
    image = plain(size[0], size[1], 255)
    overlay.draw_counts(image, [(f"a long name of a line {n}", "1234567 visits") for n in range(12)])
    there = painted(image, 255)
    assert there.mean() > 0.02
    assert not there[-1].any()
    assert not there[:, -1].any()


def test_panel_grows_by_the_row_and_is_absent_without_rows():
    image, two, three = plain(shade=255), plain(shade=255), plain(shade=255)
    overlay.draw_counts(image, [])
    overlay.draw_counts(two, [("in", "1"), ("out", "2")])
    overlay.draw_counts(three, [("in", "1"), ("out", "2"), ("shoes", "3")])
    assert not painted(image, 255).any()
    assert painted(two, 255).sum() < painted(three, 255).sum()


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_grid_lies_on_the_tenths(shade):
    image = plain(1000, 1000, shade)
    overlay.draw_grid(image)
    there = painted(image, shade)
    for tenth in range(1, 10):
        assert there[550, tenth * 100 - 3 : tenth * 100 + 3].any()
        assert there[tenth * 100 - 3 : tenth * 100 + 3, 550].any()
        assert there[5:15, tenth * 100 - 5 : tenth * 100 + 5].mean() > 0.7, "labelled at the upper edge"
        assert there[tenth * 100 - 5 : tenth * 100 + 5, -15:-5].mean() > 0.7, "labelled at the right edge"
    assert not there[550, 510:590].any()


# Blur


@pytest.mark.parametrize(("width", "height"), [(160, 400), (60, 150), (16, 40), (5, 9)])
def test_blur_leaves_no_detail_of_a_person(width, height):
    image = noise(720, 1280)
    x0, y0 = 500, 200
    box = np.array([[x0 / 1280, y0 / 720, (x0 + width) / 1280, (y0 + height) / 720]], np.float32)
    before = image.copy()
    overlay.blur_people(image, box)
    inside = slice(y0, y0 + height), slice(x0, x0 + width)
    sharp, blurred = (cv2.Laplacian(one[inside], cv2.CV_64F).var() for one in (before, image))
    assert blurred < 0.02 * sharp


def test_blur_keeps_no_more_than_a_few_cells():
    image = noise(720, 1280)
    overlay.blur_people(image, np.array([[0.4, 0.2, 0.5, 0.8]], np.float32))
    person = image[144:576, 512:640]
    cells = cv2.resize(person, (6, 16), interpolation=cv2.INTER_AREA)
    rebuilt = cv2.resize(cells, (128, 432), interpolation=cv2.INTER_CUBIC)
    assert np.abs(rebuilt.astype(int) - person).mean() < 4, "more than 6 x 16 cells of information is left"


def test_blur_reaches_beyond_the_box_and_leaves_all_else_alone():
    image = noise(720, 1280)
    before = image.copy()
    overlay.blur_people(image, np.array([[0.4, 0.2, 0.5, 0.8]], np.float32))
    changed = (image != before).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    margin_x, margin_y = 0.15 * 128, 0.15 * 432
    assert (columns.min(), columns.max()) == pytest.approx((512 - margin_x, 640 + margin_x), abs=2)
    assert (rows.min(), rows.max()) == pytest.approx((144 - margin_y, 576 + margin_y), abs=2)


def test_blur_takes_boxes_at_and_beyond_the_edge():
    image = noise(100, 100)
    boxes = np.array([[-0.1, -0.1, 0.2, 0.5], [0.95, 0.95, 1.2, 1.2], [2, 2, 3, 3], [0.5, 0.5, 0.5, 0.5]], np.float32)
    before = image.copy()
    overlay.blur_people(image, boxes)
    assert (image[:40, :15] != before[:40, :15]).any()
    assert np.array_equal(image[60:90, 40:80], before[60:90, 40:80])


# Files


def test_png_comes_back_as_it_was(tmp_path):
    image = noise(33, 47)
    overlay.write_png(tmp_path / "a.png", image)
    data = (tmp_path / "a.png").read_bytes()
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), image)  # type: ignore[arg-type]
    assert overlay.encode_png(image) == data


def test_png_that_cannot_be_written_names_the_place(tmp_path):
    with pytest.raises(EdgeError, match=r"missing/a.png: expected a place to write a PNG file, got: No such file"):
        overlay.write_png(tmp_path / "missing" / "a.png", plain(4, 4))
    with pytest.raises(EdgeError, match=r"expected a picture of uint8 \(H, W, 3\), got uint8 \(0, 4, 3\)"):
        overlay.encode_png(plain(0, 4))
