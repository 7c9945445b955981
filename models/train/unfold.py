"""From a file that shipped back to a network that can be trained on: the way out of `export`.

Owns how batch norms are put back. Export folded them into the convolutions, and what they had measured is gone; it is
measured again on pictures, so that the network begins as the file and its norms as if it had been trained to here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from models.train.network import Conv, PersonNet
from models.train.plans import Plan

_PREFIX = "network."


def unfold(path: Path, plan: Plan, images: Tensor) -> PersonNet:
    """The network of a float32 file that `export.export` wrote.

    Args:
        path: Of the file.
        plan: That it was exported with.
        images: (B, 3, H, W), BGR 0..1, as in training; more of them measure the norms better.

    Raises:
        ValueError: The file holds other weights than the plan's network.
    """
    held = {
        weight.name.removeprefix(_PREFIX): torch.from_numpy(np.array(onnx.numpy_helper.to_array(weight)))
        for weight in onnx.load(path).graph.initializer
    }
    network = PersonNet(plan.shape)
    network.eval()
    hooks = []
    with torch.no_grad():
        for name, module in network.named_modules():
            if isinstance(module, Conv):
                weight, bias = _taken(held, name + ".0.weight", path), _taken(held, name + ".0.bias", path)
                length = weight.flatten(1).norm(dim=1).clamp(min=1e-6)
                _fill(module[0].weight, weight / length[:, None, None, None], name, path)
                hooks.append(module[1].register_forward_pre_hook(_Norm(length, bias)))
            elif isinstance(module, nn.Conv2d) and module.bias is not None:  # of the heads, with no norm behind it
                for part in ("weight", "bias"):
                    _fill(getattr(module, part), _taken(held, f"{name}.{part}", path), name, path)
        for head in network.heads:
            head.logit.bias -= plan.lift
        network(images)
    for hook in hooks:
        hook.remove()
    return network


class _Norm:
    """Sets a norm, as it is reached for the first time, to do to its input what the file did there."""

    def __init__(self, length: Tensor, bias: Tensor) -> None:
        self._length, self._bias = length, bias

    def __call__(self, norm: nn.BatchNorm2d, inputs: tuple[Any, ...]) -> None:
        var, mean = torch.var_mean(inputs[0], (0, 2, 3))
        norm.running_mean, norm.running_var = mean, var
        norm.weight.copy_(self._length * (var + norm.eps).sqrt())
        norm.bias.copy_(self._length * mean + self._bias)


def _taken(held: dict[str, Tensor], name: str, path: Path) -> Tensor:
    if name not in held:
        raise ValueError(f"{path}: expected weights named {_PREFIX}{name}, found none: is it of another network?")
    weight = held[name]
    return weight * 255.0 if name == "stem.0.weight" else weight


def _fill(target: Tensor, weight: Tensor, name: str, path: Path) -> None:
    if target.shape != weight.shape:
        raise ValueError(f"{path}: expected {tuple(target.shape)} weights in {name}, got {tuple(weight.shape)}")
    target.copy_(weight)
