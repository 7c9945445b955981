from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from models.train.loss import Loss, Targets, assign, closeness  # noqa: E402
from models.train.network import cell_centres, cell_count  # noqa: E402

SIZE = 64
CELLS = cell_count(SIZE, SIZE)


def _targets(
    boxes: list[list[float]], trust: list[float], *, asked: float = 0.0, seen: float = 0.0, counted: float = 1.0
) -> Targets:
    return Targets(
        torch.tensor([boxes]),
        torch.tensor([trust]),
        torch.full((1, CELLS), seen),
        torch.zeros(1, CELLS, 4),
        torch.full((1, CELLS), asked),
        torch.full((1, CELLS), counted),
    )


def _raw(box: list[float], logit: float) -> Any:
    """Cells that all see the same box (as far as they can), and are as sure of it where they lie in it."""
    centres, strides = cell_centres(SIZE, SIZE)
    x0, y0, x1, y1 = box
    reach = torch.stack((centres[:, 0] - x0, centres[:, 1] - y0, x1 - centres[:, 0], y1 - centres[:, 1]), 1) / strides
    inside = (reach > 0).all(1)
    raw = torch.log(torch.expm1(reach.clamp(min=1e-3)))
    return torch.cat((raw, torch.where(inside, logit, -logit)[:, None]), 1)[None]


def test_who_is_right_has_less_loss_than_who_is_wrong():
    box, other = [16.0, 8.0, 40.0, 56.0], [40.0, 8.0, 60.0, 30.0]
    loss, targets = Loss(SIZE, SIZE), _targets([box], [1.0])
    right = loss(_raw(box, 4.0), targets)
    unsure = loss(_raw(box, -4.0), targets)
    elsewhere = loss(_raw(other, 4.0), targets)
    assert right[0] < unsure[0]
    assert right[0] < elsewhere[0]
    assert right[1] < 0.05
    assert sum(right) < sum(elsewhere)


def test_only_cells_within_a_box_answer_for_it():
    centres, strides = cell_centres(SIZE, SIZE)
    targets = _targets([[16.0, 8.0, 40.0, 56.0], [0.0, 0.0, 0.0, 0.0]], [1.0, 0.0])
    boxes = torch.cat((centres - 12, centres + 12), 1)[None]
    aim, owner = assign(boxes, torch.full((1, CELLS), 0.5), targets, centres, strides)
    chosen = aim[0] > 0
    assert 1 <= chosen.sum() <= 10
    assert (owner[0][chosen] == 0).all()
    x, y = centres[chosen].T
    assert ((x > 16) & (x < 40) & (y > 8) & (y < 56)).all()


def test_a_person_smaller_than_a_cell_has_a_cell():
    centres, strides = cell_centres(SIZE, SIZE)
    targets = _targets([[9.0, 9.0, 11.0, 14.0]], [1.0])
    boxes = torch.cat((centres - 4, centres + 4), 1)[None]
    aim, _ = assign(boxes, torch.full((1, CELLS), 0.5), targets, centres, strides)
    assert (aim > 0).any()


def test_less_trust_aims_lower():
    centres, strides = cell_centres(SIZE, SIZE)
    boxes = torch.cat((centres - 12, centres + 12), 1)[None]
    aims = [
        assign(boxes, torch.full((1, CELLS), 0.5), _targets([[16.0, 8.0, 40.0, 56.0]], [trust]), centres, strides)[0]
        for trust in (1.0, 0.5)
    ]
    assert torch.allclose(aims[0], 2 * aims[1])
    assert aims[0].max() > 0


def test_the_teacher_counts_only_where_it_is_asked():
    raw = _raw([0.0, 0.0, 1.0, 1.0], 3.0)
    loss = Loss(SIZE, SIZE)
    deaf = [loss(raw, _targets([[0.0] * 4], [0.0], seen=seen)) for seen in (0.0, 0.9)]
    hearing = loss(raw, _targets([[0.0] * 4], [0.0], asked=1.0, seen=0.9))
    assert torch.equal(deaf[0][0], deaf[1][0])
    assert not torch.equal(deaf[0][0], hearing[0])


def test_what_is_not_counted_may_be_called_either_and_a_label_there_still_holds():
    loss, box, nobody = Loss(SIZE, SIZE), [16.0, 8.0, 40.0, 56.0], [0.0] * 4
    for asked in (0.0, 1.0):
        targets = _targets([nobody], [0.0], asked=asked, seen=0.9, counted=0.0)
        assert [float(part) for part in loss(_raw(box, 4.0), targets)] == [0.0, 0.0]
    sure, unsure = (loss(_raw(box, logit), _targets([box], [1.0], counted=0.0))[0] for logit in (4.0, -4.0))
    assert 0 < sure < unsure


def test_the_teacher_is_not_heard_where_it_sees_a_part_of_somebody_who_is_labelled():
    loss, box, legs = Loss(SIZE, SIZE), [16.0, 8.0, 40.0, 56.0], torch.tensor([18.0, 40.0, 30.0, 56.0])
    deaf = _targets([box], [1.0])
    told = {}
    for trust in (1.0, 0.1):
        targets = _targets([box], [trust], asked=1.0, seen=0.6)
        targets = replace(targets, seen_boxes=legs.expand(1, CELLS, 4))
        told[trust] = loss(_raw(box, 4.0), targets)
    assert told[1.0][0] == loss(_raw(box, 4.0), deaf)[0]
    assert told[0.1][0] != loss(_raw(box, 4.0), _targets([box], [0.1]))[0]


def test_boxes_that_do_not_touch_are_told_apart_by_their_distance():
    here = torch.tensor([0.0, 0.0, 10.0, 10.0])
    near, far = torch.tensor([12.0, 0.0, 22.0, 10.0]), torch.tensor([40.0, 0.0, 50.0, 10.0])
    assert closeness(here, here) == pytest.approx(1.0)
    assert closeness(here, near) > closeness(here, far)
