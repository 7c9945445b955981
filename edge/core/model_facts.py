"""What has to be known about a network to feed it and to read its answer: frozen, and checked where it is made.

This module does not know where the facts come from, nor what a layout's numbers mean (layouts.py does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

Layout = Literal["person_grid", "yolox", "yolox_decoded", "yolov8", "yolov5", "end2end"]
Colour = Literal["bgr", "rgb"]

STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class InputSize:
    """Height and width of a network's input, pixels: multiples of 32, the largest stride."""

    height: int
    width: int

    def __post_init__(self) -> None:
        for name, value in (("height", self.height), ("width", self.width)):
            if not 32 <= value <= 4096 or value % 32:
                raise ValueError(f"expected an input {name} of 32 to 4096 pixels in steps of 32, got {value}")

    @property
    def cells(self) -> int:
        """Grid cells over all strides: n of the table above.

        >>> InputSize(416, 416).cells
        3549
        """
        return sum((self.height // stride) * (self.width // stride) for stride in STRIDES)


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What has to be known to feed one network and to read its answer. None: found out when the file is loaded.

    Attributes:
        name: As it is published: letters, digits, '.', '_' and '-', at most 64.
        sha256: Of the file, 64 hexadecimal digits, lower case.
        layout: Layout of the output; None: by its shape (`infer_layout`).
        input: Size of the input; of a dynamic input only the longer side counts. None: as the file says.
        colour: Order of the channels; None: as is the custom of the layout.
        scale: The divisor of the pixel values 0..255, 1 or 255; None: as is the custom of the layout.
        pad: Value of the pixels beside the picture, 0..255 before the division.
        person_class: Index of the class of people.
        score_threshold: People come out from this score on; low, so that the tracker's second stage sees weak boxes.
        iou_threshold: Of two boxes that overlap by more, the weaker one is suppressed.

    Raises:
        ValueError: A value outside its range.
    """

    name: str
    sha256: str
    layout: Layout | None = None
    input: InputSize | None = None
    colour: Colour | None = None
    scale: float | None = None
    pad: int = 114
    person_class: int = 0
    score_threshold: float = 0.1
    iou_threshold: float = 0.5

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.name):
            raise ValueError(f"expected a name of letters, digits, '.', '_' and '-', at most 64, got {self.name!r}")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"expected a sha256 of 64 hexadecimal digits in lower case, got {self.sha256!r}")
        if self.scale not in (None, 1.0, 255.0):
            raise ValueError(f"expected a scale of 1 or 255, got {self.scale}")
        if not 0 <= self.pad <= 255:
            raise ValueError(f"expected a pad value of 0 to 255, got {self.pad}")
        if self.person_class < 0:
            raise ValueError(f"expected a person_class from 0 on, got {self.person_class}")
        for name, value in (("score_threshold", self.score_threshold), ("iou_threshold", self.iou_threshold)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"expected a {name} of 0 to 1, got {value}")

    def settled(self, layout: Layout) -> ModelFacts:
        """The same facts with `layout`, and what is None about the pixels replaced by the custom of that layout.

        YOLOX is trained on BGR 0..255, our own networks take the camera's bytes, and all others RGB 0..1.
        """
        plain = layout in ("yolox", "yolox_decoded", "person_grid")
        return replace(
            self,
            layout=layout,
            colour=self.colour or ("bgr" if plain else "rgb"),
            scale=self.scale or (1.0 if plain else 255.0),
        )
