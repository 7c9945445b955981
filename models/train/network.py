"""The network: a small anchor-free YOLO for one class, made of convolutions, batch norms and ReLUs.

Owns the layers and their names. It does not know how it is trained, nor how it becomes an ONNX file.

A stem, three stages at strides 8, 16 and 32, a path back up and down again (arXiv 1803.01534), and a head that parts
boxes from scores (arXiv 2107.08430). Residual branches end without an activation and start at zero, so that a network
with more blocks, or the same one with more added, begins as the shallower one: that is how `person-s` starts from
`person-n`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class Shape:
    """How large a network is.

    Attributes:
        widths: Channels of the stem and at strides 4, 8, 16 and 32.
        depths: Residual blocks at strides 4, 8, 16 and 32, and in each part of the neck.
        head: Channels in each branch of the head.
    """

    widths: tuple[int, int, int, int, int]
    depths: tuple[int, int, int, int, int]
    head: int


class Conv(nn.Sequential):
    """Convolution, batch norm, and a ReLU unless `act` is False."""

    def __init__(self, width_in: int, width: int, kernel: int = 3, stride: int = 1, *, act: bool = True) -> None:
        super().__init__(
            nn.Conv2d(width_in, width, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(width, eps=1e-3, momentum=0.03),
            nn.ReLU(inplace=True) if act else nn.Identity(),
        )


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside the way straight on; nothing at the start of training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = Conv(width, width)
        self.second = Conv(width, width, act=False)
        nn.init.zeros_(self.second[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        return x + self.second(self.first(x))


class Stage(nn.Module):
    """Half of the channels pass through residual blocks, half pass by (arXiv 1911.11929)."""

    def __init__(self, width_in: int, width: int, depth: int) -> None:
        super().__init__()
        self.aside = Conv(width_in, width // 2, 1)
        self.through = Conv(width_in, width // 2, 1)
        self.blocks = nn.Sequential(*(Residual(width // 2) for _ in range(depth)))
        self.join = Conv(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width_in, H, W) to (B, width, H, W)."""
        return self.join(torch.cat((self.aside(x), self.blocks(self.through(x))), 1))


class Surroundings(nn.Module):
    """Three maxima over growing neighbourhoods beside the features themselves (arXiv 1406.4729)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduce = Conv(width, width // 2, 1)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.join = Conv(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        near = self.reduce(x)
        wide = self.pool(near)
        wider = self.pool(wide)
        return self.join(torch.cat((near, wide, wider, self.pool(wider)), 1))


class Head(nn.Module):
    """For every cell of one stride the distances to the four sides, in strides, and the logit of a person."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.reduce = Conv(width_in, width, 1)
        self.box = Conv(width, width)
        self.score = Conv(width, width)
        self.distances = nn.Conv2d(width, 4, 1)
        self.logit = nn.Conv2d(width, 1, 1)
        nn.init.constant_(self.distances.bias, 2.0)
        nn.init.constant_(self.logit.bias, -5.0 + 0.5 * (stride // 16))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, H * W, 5): before softplus and sigmoid."""
        x = self.reduce(x)
        return torch.cat((self.distances(self.box(x)), self.logit(self.score(x))), 1).flatten(2).transpose(1, 2)


class PersonNet(nn.Module):
    """The whole network, from pixels to cells."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        stem, w4, w8, w16, w32 = shape.widths
        d4, d8, d16, d32, neck = shape.depths
        self.stem = Conv(3, stem, 3, 2)
        self.at4 = nn.Sequential(Conv(stem, w4, 3, 2), Stage(w4, w4, d4))
        self.at8 = nn.Sequential(Conv(w4, w8, 3, 2), Stage(w8, w8, d8))
        self.at16 = nn.Sequential(Conv(w8, w16, 3, 2), Stage(w16, w16, d16))
        self.at32 = nn.Sequential(Conv(w16, w32, 3, 2), Stage(w32, w32, d32), Surroundings(w32))
        self.up = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.up16 = Stage(w32 + w16, w16, neck)
        self.up8 = Stage(w16 + w8, w8, neck)
        self.down16 = Conv(w8, w8, 3, 2)
        self.out16 = Stage(w8 + w16, w16, neck)
        self.down32 = Conv(w16, w16, 3, 2)
        self.out32 = Stage(w16 + w32, w32, neck)
        self.heads = nn.ModuleList(
            Head(width, shape.head, stride) for width, stride in zip((w8, w16, w32), STRIDES, strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Raw cells of pictures.

        Args:
            x: (B, 3, H, W), BGR 0..1, H and W multiples of 32.

        Returns:
            (B, N, 5), strides 8, 16, 32 one after the other, each row by row: distances before softplus, and a logit.
        """
        x8 = self.at8(self.at4(self.stem(x)))
        x16 = self.at16(x8)
        x32 = self.at32(x16)
        u16 = self.up16(torch.cat((self.up(x32), x16), 1))
        o8 = self.up8(torch.cat((self.up(u16), x8), 1))
        o16 = self.out16(torch.cat((self.down16(o8), u16), 1))
        o32 = self.out32(torch.cat((self.down32(o16), x32), 1))
        return torch.cat([head(o) for head, o in zip(self.heads, (o8, o16, o32), strict=True)], 1)


def decode(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Distances (.., 4) in strides, at least 0, and logits (..) of raw cells (.., 5), in float32."""
    raw = raw.float()
    return nn.functional.softplus(raw[..., :4]), raw[..., 4]


def cell_count(height: int, width: int) -> int:
    """Cells of an input, over all strides."""
    return sum((height // stride) * (width // stride) for stride in STRIDES)


def cell_centres(height: int, width: int, strides: Sequence[int] = STRIDES) -> tuple[Tensor, Tensor]:
    """Centres (N, 2) as x, y in pixels, and strides (N, 1), of all cells of an input."""
    centres, sizes = [], []
    for stride in strides:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        centres.append((torch.stack((x, y), -1).reshape(-1, 2) + 0.5) * stride)
        sizes.append(torch.full((len(centres[-1]), 1), float(stride)))
    return torch.cat(centres), torch.cat(sizes)
