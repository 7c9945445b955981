"""Folders of pictures through OpenCV, in the order in which people number files.

It must not know how fast the pictures are consumed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from edge.adapters.camera.played import Shot
from edge.adapters.camera.still import StillPicture
from edge.errors import CameraError

log = logging.getLogger(__name__)

SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


class PictureFolder:
    """The pictures of a folder as a video of `fps` pictures a second.

    Attributes:
        corrupt: Pictures that could not be read and were skipped; their time passes all the same.
        duration_s: Seconds at `fps`.

    Raises:
        CameraError: The folder cannot be read, or has no pictures.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._fps = fps
        self.corrupt = 0
        self._readable = 0
        try:
            files = [file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file()]
        except OSError as error:
            raise CameraError(f"{path}: expected a readable folder of pictures, got: {error.strerror}") from None
        if not files:
            raise CameraError(f"{path}: expected pictures ({' '.join(sorted(SUFFIXES))}), found none in the folder")
        self._files = sorted(files, key=lambda file: natural(file.name))
        self.duration_s = len(files) / fps

    def shots(self) -> Iterator[Shot]:
        """Every picture, read when it is asked for.

        Raises:
            CameraError: None of them can be read.
        """
        for index, file in enumerate(self._files):
            yield index / self._fps, partial(self._read, file)
        if self.corrupt and not self._readable:
            raise CameraError(f"{self._path}: expected pictures, found {self.corrupt} files that OpenCV cannot read")

    def _read(self, file: Path) -> StillPicture | None:
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is not None:
            self._readable += 1
            return StillPicture(image.astype(np.uint8, copy=False))
        self.corrupt += 1
        if self.corrupt == 1:
            log.warning("%s: skipped, OpenCV cannot read it; further ones are only counted", file)
        return None

    def close(self) -> None:
        """Nothing stays open between pictures."""


def natural(name: str) -> list[tuple[int, str]]:
    """A sorting key that puts numbers in order of their value.

    >>> sorted(["p10.png", "p9.png", "p1.png"], key=natural)
    ['p1.png', 'p9.png', 'p10.png']
    """
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
