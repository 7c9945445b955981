"""Pictures that the project draws itself, with exact boxes (edge.demo.scenes), as a source to train on.

They teach the figures of the demo's film, that a person is a shape before it is a texture, and the view from a ceiling,
which the photographs lack.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from edge.demo.scenes import scenes
from models.train.store import Entry, Labelled

WIDTH, HEIGHT = 384, 216


def entries(count: int, seed: int) -> Iterator[Entry]:
    """`count` drawn pictures; the same seed, the same pictures."""
    for image, shares in islice(scenes(seed, HEIGHT, WIDTH), count):
        boxes = (shares * (WIDTH, HEIGHT, WIDTH, HEIGHT)).astype(np.float32)
        yield Entry(Labelled(image, boxes, np.ones(len(boxes), np.float32), not len(boxes)), "rendered", "boxes")
