"""A network so small that exporting it takes no time, with norms and outputs that are not those of the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from models.train.network import PersonNet, Shape  # noqa: E402
from models.train.plans import Plan  # noqa: E402

if TYPE_CHECKING:
    from torch.nn import Module

HEIGHT, WIDTH, LIFT, LIFT_INT8 = 64, 96, 0.7, 0.2
SHAPE = Shape((8, 8, 16, 16, 16), (1, 1, 1, 1, 1), 16)
PLAN = Plan("tiny", SHAPE, HEIGHT, WIDTH, steps=1, lift=LIFT, lift_int8=LIFT_INT8)


def tiny_network() -> Module:
    """Not trained."""
    torch.manual_seed(0)
    network = PersonNet(SHAPE)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    for head in network.heads:  # no two weights alike: the exporter would write them once
        torch.nn.init.uniform_(head.logit.bias, -0.1, 0.1)
        torch.nn.init.uniform_(head.distances.bias, 1.8, 2.2)
    return network.eval()
