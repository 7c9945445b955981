"""What is wrong with the network's cells: labels assigned to cells, and the teacher's opinion of each cell.

Boxes are assigned to the cells that already answer best (task-aligned, arXiv 2108.07755); a score aims at the quality
of its box times the trust in the label. Where the teacher is asked, half of the aim is its own score for the same cell,
unless it sees a part of somebody there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.train.boxes import PART_OF, PART_WITHIN
from models.train.network import cell_centres, decode

_TOP = 10
_SCORE_POWER, _OVERLAP_POWER = 0.5, 5.0
_TEACHERS_PART = 0.5
_BOX_GAIN = 5.0
_SURE = 0.3


@dataclass(frozen=True)
class Targets:
    """What a batch ought to say.

    Attributes:
        boxes: (B, G, 4), x0 y0 x1 y1 in pixels, padded with zeros.
        trust: (B, G); 0 where padded.
        seen: (B, N), the teacher's scores.
        seen_boxes: (B, N, 4), pixels.
        asked: (B, N), 1 where the teacher counts.
        counted: (B, N), 0 where neither a label nor nobody is right; a cell that answers for a label counts anyway.
    """

    boxes: Tensor
    trust: Tensor
    seen: Tensor
    seen_boxes: Tensor
    asked: Tensor
    counted: Tensor


class Loss(nn.Module):
    """For inputs of one size."""

    centres: Tensor
    strides: Tensor

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        centres, strides = cell_centres(height, width)
        self.register_buffer("centres", centres)
        self.register_buffer("strides", strides)

    def forward(self, raw: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
        """The loss of scores and that of boxes, for raw cells (B, N, 5)."""
        distances, logits = decode(raw)
        boxes = self.boxes(distances)
        with torch.no_grad():
            asked = targets.asked * ~parts(targets)
            aim, owner = assign(boxes, logits.sigmoid(), targets, self.centres, self.strides)
            counted = torch.maximum(targets.counted, (aim > 0).float())
            sure = counted * asked * targets.seen * (targets.seen > _SURE)
            half = _TEACHERS_PART * asked
            mixed = (1 - half) * aim + half * targets.seen
            owned = targets.boxes.gather(1, owner[..., None].expand(-1, -1, 4))
        total = (counted * mixed).sum().clamp(min=1.0)
        score = nn.functional.binary_cross_entropy_with_logits(logits, mixed, counted, reduction="sum") / total
        box = (aim * (1 - closeness(boxes, owned))).sum()
        box = box + _TEACHERS_PART * (sure * (1 - closeness(boxes, targets.seen_boxes))).sum()
        return score, _BOX_GAIN * box / total

    def boxes(self, distances: Tensor) -> Tensor:
        """(B, N, 4) x0 y0 x1 y1 in pixels, of distances in strides."""
        reach = distances * self.strides
        return torch.cat((self.centres - reach[..., :2], self.centres + reach[..., 2:]), -1)


def assign(boxes: Tensor, scores: Tensor, targets: Targets, centres: Tensor, strides: Tensor) -> tuple[Tensor, Tensor]:
    """Which label each cell answers for, and how good its score should be.

    Args:
        boxes: (B, N, 4) as the network sees them now.
        scores: (B, N), 0..1.
        targets: The labels.
        centres: (N, 2) of the cells, pixels.
        strides: (N, 1).

    Returns:
        The aims (B, N), 0 for a cell that answers for none, and the labels' indices (B, N).
    """
    there = targets.trust > 0
    overlap = _overlap(targets.boxes[:, :, None], boxes[:, None])  # (B, G, N)
    # A label smaller than a cell still needs a centre inside: it is stretched to one cell.
    middle = (targets.boxes[..., :2] + targets.boxes[..., 2:]) / 2
    half = (targets.boxes[..., 2:] - targets.boxes[..., :2])[:, :, None] / 2
    away = (centres - middle[:, :, None]).abs()
    inside = (away <= torch.maximum(half, strides / 2)).all(-1) & there[..., None]
    match = scores[:, None] ** _SCORE_POWER * overlap**_OVERLAP_POWER * inside
    top = match.topk(_TOP, -1).indices
    chosen = torch.zeros_like(inside).scatter_(-1, top, value=True) & (match > 1e-12)
    overlap = overlap * chosen
    best, owner = overlap.max(1)
    mine = chosen & (owner[:, None] == torch.arange(owner_count(targets))[None, :, None])
    match = match * mine
    top_match = match.amax(-1, keepdim=True).clamp(min=1e-12)
    top_overlap = (overlap * mine).amax(-1, keepdim=True)
    aim = (match / top_match * top_overlap * targets.trust[..., None]).amax(1)
    return aim * (best > 0), owner


def parts(targets: Targets) -> Tensor:
    """(B, N): where the teacher sees a part of somebody who is labelled, and takes it for a person."""
    whole, seen = targets.boxes[:, :, None], targets.seen_boxes[:, None]
    low, high = torch.maximum(whole[..., :2], seen[..., :2]), torch.minimum(whole[..., 2:], seen[..., 2:])
    within = (high - low).clamp(min=0).prod(-1) > PART_WITHIN * _area(seen)
    smaller = _area(seen) < PART_OF * _area(whole)
    return (within & smaller & (targets.trust > _SURE)[..., None]).any(1)


def owner_count(targets: Targets) -> int:
    """Labels of the fullest picture of the batch."""
    return int(targets.boxes.shape[1])


def _overlap(ours: Tensor, theirs: Tensor) -> Tensor:
    """Intersection over union of boxes (.., 4)."""
    low, high = torch.maximum(ours[..., :2], theirs[..., :2]), torch.minimum(ours[..., 2:], theirs[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    return shared / (_area(ours) + _area(theirs) - shared).clamp(min=1e-6)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def closeness(ours: Tensor, theirs: Tensor) -> Tensor:
    """Overlap less the squared distance of the centres within the common hull (DIoU, arXiv 1911.08287): -1..1."""
    hull = torch.maximum(ours[..., 2:], theirs[..., 2:]) - torch.minimum(ours[..., :2], theirs[..., :2])
    apart = (ours[..., :2] + ours[..., 2:] - theirs[..., :2] - theirs[..., 2:]) / 2
    return _overlap(ours, theirs) - apart.square().sum(-1) / hull.square().sum(-1).clamp(min=1e-6)
