"""The mean of two networks of one shape: often better than either (model soups, arXiv 2203.05482).

Both must have grown from the same weights, or their channels have nothing to do with each other. Batch norms are
measured anew, since what they had measured belongs to neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from models.train.network import PersonNet


def mean(first: Mapping[str, Tensor], second: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """The weights between two, `share` of the way from the first (0) to the second (1)."""
    return {
        name: first[name].lerp(weight, share) if weight.dtype.is_floating_point else weight
        for name, weight in second.items()
    }


def measure_norms(network: PersonNet, batches: Iterable[Tensor]) -> None:
    """Sets the batch norms to what pictures show: the mean over batches (B, 3, H, W), BGR 0..1, as in training."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # a plain mean
            module.reset_running_stats()
    with torch.no_grad():
        for images in batches:
            network(images)
    network.eval()
