import numpy as np

from models.train.boxes import area_shared, areas, cell_grid, parts_of


def test_boxes_share_the_area_of_their_intersection():
    ours = np.array([[0, 0, 2, 2]], np.float32)
    theirs = np.array([[0, 0, 2, 1], [4, 4, 5, 5]], np.float32)
    assert area_shared(ours, theirs).tolist() == [[0.5, 0.0]]


def test_nobody_shares_nothing():
    assert area_shared(np.empty((0, 4), np.float32), np.ones((3, 4), np.float32)).shape == (0, 3)


def test_a_box_turned_inside_out_has_no_area():
    assert areas(np.array([[2, 0, 1, 5], [0, 0, 2, 3]], np.float32)).tolist() == [0.0, 6.0]


def test_a_part_lies_within_a_larger_box_but_for_a_rim():
    whole = np.array([[0, 0, 10, 20]], np.float32)
    ours = np.array([[1, 10, 5, 21], [8, 10, 14, 20], [0, 0, 10, 18]], np.float32)
    assert parts_of(ours, whole)[:, 0].tolist() == [True, False, False]


def test_cells_come_row_by_row_and_the_finest_first():
    corners, strides = cell_grid(32, 64)
    assert len(corners) == 4 * 8 + 2 * 4 + 1 * 2
    assert corners[:2].tolist() == [[0, 0], [1, 0]]
    assert corners[-1].tolist() == [1, 0]
    assert strides[[0, 31, 32, -1], 0].tolist() == [8, 8, 16, 32]
