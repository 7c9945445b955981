"""How weights move: the direction of a convolution's step made orthogonal (Muon), everything else by AdamW.

Muon: Keller Jordan and others, 2024, kellerjordan.github.io/posts/muon. It needs markedly fewer steps than AdamW here,
and steps are what a processor without an accelerator has few of.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Momentum, then the nearest orthogonal matrix of each convolution's gradient."""

    def __init__(self, params: list[nn.Parameter], lr: float, momentum: float = 0.95, decay: float = 0.01) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    def step(self, closure: None = None) -> None:
        """One step along the gradients that the parameters hold."""
        with torch.no_grad():
            self._step()

    def _step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                gradient: Tensor = weight.grad
                speed = self.state[weight].setdefault("speed", torch.zeros_like(gradient))
                speed.mul_(group["momentum"]).add_(gradient)
                ahead = gradient + group["momentum"] * speed
                matrix = ahead.reshape(len(ahead), -1)
                rows, columns = matrix.shape
                move = orthogonal(matrix).view(ahead.shape) * max(1.0, rows / columns) ** 0.5
                weight.mul_(1 - group["lr"] * group["decay"]).add_(move, alpha=-group["lr"])


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """A matrix with about the same singular vectors and singular values near 1."""
    a, b, c = _NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


def optimisers(network: nn.Module, muon_rate: float, adam_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the convolutions within the network; AdamW for the first, the last, the norms and the biases."""
    inner, norms, rest = [], [], []
    for name, weight in network.named_parameters():
        if weight.ndim < 2:
            norms.append(weight)
        elif name.startswith("stem") or ".distances" in name or ".logit" in name:
            rest.append(weight)
        else:
            inner.append(weight)
    groups = [{"params": rest, "weight_decay": 0.02}, {"params": norms, "weight_decay": 0.0}]
    return [Muon(inner, muon_rate), torch.optim.AdamW(groups, lr=adam_rate, betas=(0.9, 0.99))]
