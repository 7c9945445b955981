"""A video file: how large, how fast, how long; its pictures. It knows nothing of what they show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2


@dataclass(frozen=True)
class Clip:
    """A file and what it says of itself; times in seconds."""

    path: Path
    width: int
    height: int
    fps: float
    pictures: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.pictures / self.fps

    @staticmethod
    def of(path: Path) -> Clip:
        """Opens the file.

        Raises:
            ValueError: It is no video.
        """
        video = cv2.VideoCapture(str(path))
        pictures, fps = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), video.get(cv2.CAP_PROP_FPS)
        if pictures <= 0 or fps <= 0:
            raise ValueError(f"{path}: expected a video with pictures, got none")
        size = (int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        return Clip(path, *size, fps, pictures)
