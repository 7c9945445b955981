"""All pictures and labels of a training run in two files, so that reading a picture costs nothing.

Owns the format: `pictures.u8`, the pixels of all pictures one after the other, and `index.npz`. Labels carry a trust of
0..1: 1 for a box drawn by hand, less for one that only the teacher saw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.train.boxes import Floats


@dataclass(frozen=True)
class Labelled:
    """A picture with the people in it.

    Attributes:
        image: uint8 (H, W, 3) BGR.
        boxes: float32 (N, 4), x0 y0 x1 y1 in pixels.
        trust: float32 (N,), 0..1.
        empty: Nobody is in it, whatever a detector says.
    """

    image: NDArray[np.uint8]
    boxes: Floats
    trust: Floats
    empty: bool


@dataclass(frozen=True)
class Entry:
    """A picture on its way into the store: `source` is its folder, `labels` the kind of its labels."""

    picture: Labelled
    source: str
    labels: str


class Store:
    """The pictures of one folder, opened for reading.

    Attributes:
        sources: Name of the source of every picture.
    """

    def __init__(self, folder: Path) -> None:
        with np.load(folder / "index.npz") as index:
            self._offsets, self._sizes = index["offsets"], index["sizes"]
            self._first, self._boxes, self._trust = index["first"], index["boxes"], index["trust"]
            self._empty = index["empty"]
            self.sources: list[str] = index["sources"].tolist()
        self._pixels = np.memmap(folder / "pictures.u8", np.uint8, "r")

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, number: int) -> Labelled:
        height, width = self._sizes[number]
        start = self._offsets[number]
        rows = slice(self._first[number], self._first[number + 1])
        image = self._pixels[start : start + height * width * 3].reshape(height, width, 3)
        return Labelled(image, self._boxes[rows], self._trust[rows], bool(self._empty[number]))


def write(folder: Path, entries: Iterable[Entry]) -> None:
    """Writes a store anew."""
    folder.mkdir(parents=True, exist_ok=True)
    offsets, sizes, counts, boxes, trust, empty, sources = [], [], [0], [], [], [], []
    position = 0
    with (folder / "pictures.u8").open("wb") as file:
        for entry in entries:
            picture = entry.picture
            offsets.append(position)
            sizes.append(picture.image.shape[:2])
            counts.append(len(picture.boxes))
            boxes.append(picture.boxes.reshape(-1, 4))
            trust.append(picture.trust)
            empty.append(picture.empty)
            sources.append(entry.source)
            position += file.write(np.ascontiguousarray(picture.image).data)
    np.savez(
        folder / "index.npz",
        offsets=np.array(offsets, np.int64),
        sizes=np.array(sizes, np.int64),
        first=np.cumsum(counts),
        boxes=np.concatenate(boxes).astype(np.float32),
        trust=np.concatenate(trust).astype(np.float32),
        empty=np.array(empty, bool),
        sources=np.array(sources),
    )
