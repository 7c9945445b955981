"""The data that flows through the service, frozen and checked where it is made.

Every time names its clock (`mono_s`: seconds of the camera's monotonic clock, or of a file's presentation time) and
every length its unit. Coordinates are fractions of the frame, origin top left. Because a frame is rarely square, a
distance needs the aspect ratio too: it travels with the boxes as `aspect` = width / height.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Planes = tuple[Image, Image, Image]
"""Blue, green and red of a picture, each uint8 (height, width); not to be written to."""
Ended = Literal["left", "lost", "capped"]


class Picture(Protocol):
    """Pixels that are converted only when somebody asks for them."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels, upright."""

    def bgr(self) -> Image:
        """uint8 (H, W, 3), upright; converted once."""

    def luma(self) -> Image:
        """Brightness, uint8 (h, w): as the camera sent it, so it may lie on its side. Not to be written to."""

    def planes(self, height: int, width: int) -> Planes:
        """The whole picture at another size, upright; not kept, and converted anew by every call."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the camera. Never stored, never leaves the process.

    Attributes:
        picture: uint8 (H, W, 3), BGR, or what becomes that when somebody looks.
        mono_s: Seconds, stamped at capture (live: monotonic clock; files: presentation time).
        index: Number of the picture in its source, from 0; gaps are pictures that were dropped.
    """

    picture: Picture | Image
    mono_s: float
    index: int

    @property
    def image(self) -> Image:
        """The picture, uint8 (H, W, 3), BGR."""
        return self.picture if isinstance(self.picture, np.ndarray) else self.picture.bgr()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels; asking for them converts nothing."""
        height, width = self.picture.shape[:2] if isinstance(self.picture, np.ndarray) else self.picture.size
        return height, width

    @property
    def luma(self) -> Image:
        """Brightness, uint8 (h, w), the camera's way up: for judging what need not be converted."""
        if not isinstance(self.picture, np.ndarray):
            return self.picture.luma()
        blue, green, red = (self.picture[..., channel].astype(np.uint16) for channel in range(3))
        return ((29 * blue + 150 * green + 77 * red) >> 8).astype(np.uint8)  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Detections:
    """People found in one picture.

    Attributes:
        boxes: float32 (N, 4), x0 y0 x1 y1 in fractions of the frame.
        scores: float32 (N,), 0..1.
        mono_s: Seconds, of the picture.
        aspect: Width / height of the picture.

    Raises:
        ValueError: Shapes that do not fit each other, or an aspect that is not a positive number.
    """

    boxes: Floats
    scores: Floats
    mono_s: float
    aspect: float

    def __post_init__(self) -> None:
        if self.boxes.ndim != 2 or self.boxes.shape[1] != 4 or self.scores.shape != self.boxes.shape[:1]:
            raise ValueError(f"expected boxes (N, 4) and scores (N,), got {self.boxes.shape} and {self.scores.shape}")
        if not 0.0 < self.aspect < 100.0:
            raise ValueError(f"expected an aspect ratio between 0 and 100, got {self.aspect}")

    @staticmethod
    def sanitised(
        boxes: NDArray[np.floating], scores: NDArray[np.floating], mono_s: float, aspect: float
    ) -> Detections:
        """Detections of whatever a network or a file gave: what is not a box inside the frame is dropped or clipped.

        Boxes with a NaN or infinite corner or score are dropped, boxes are clipped to the frame, and those that are
        inverted or empty after that are dropped.

        >>> kept = Detections.sanitised(
        ...     np.array([[0.1, 0.1, 0.2, 1.5], [0.5, 0.5, 0.4, 0.6], [np.nan, 0, 1, 1]]), np.ones(3), 0.0, 1.5)
        >>> kept.boxes.tolist()
        [[0.10000000149011612, 0.10000000149011612, 0.20000000298023224, 1.0]]
        """
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is dropped as such
            boxes32 = np.asarray(boxes, np.float32).reshape(-1, 4)
            scores32 = np.asarray(scores, np.float32).reshape(-1)
        finite = np.isfinite(boxes32).all(axis=1) & np.isfinite(scores32)
        clipped = np.clip(boxes32, 0.0, 1.0)
        keep = finite & (clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])
        return Detections(clipped[keep], np.clip(scores32[keep], 0.0, 1.0), mono_s, aspect)


@dataclass(frozen=True, slots=True)
class Tracks:
    """People being followed in one picture: a type of its own, so that tracks without ids cannot exist.

    Attributes:
        ids: int64 (M,), unique in the run of the process; they never leave it.
        boxes: float32 (M, 4), as in `Detections`.
        observed: bool (M,): matched to a detection in this picture; False is a prediction.
        mono_s: Seconds, of the picture.
        aspect: Width / height of the picture.
    """

    ids: NDArray[np.int64]
    boxes: Floats
    observed: NDArray[np.bool_]
    mono_s: float
    aspect: float

    def __post_init__(self) -> None:
        count = len(self.ids)
        if self.boxes.shape != (count, 4) or self.observed.shape != (count,):
            raise ValueError(
                f"expected {count} boxes (M, 4) and observed (M,), got {self.boxes.shape} and {self.observed.shape}"
            )


@dataclass(frozen=True, slots=True)
class Dwell:
    """One finished visit to a zone.

    Attributes:
        zone: Name of the zone.
        start_s: First instant inside, camera clock.
        mono_s: Last instant inside, camera clock.
        seconds: Time inside; less than `mono_s - start_s` when the visitor was away in between.
        ended: `left`, `lost` (censored: a lower bound) or `capped` (longer than any shopper stays).
    """

    zone: str
    start_s: float
    mono_s: float
    seconds: float
    ended: Ended
