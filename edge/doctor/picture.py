"""Whether pictures are dark, blurred or frozen. Numbers in, findings out: it knows no camera.

Sharpness is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR
2000), of the picture at one width, so that a camera with more pixels is not taken for a blurred one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.doctor.finding import Finding, judged

WIDTH = 640
DARK = 40.0
"""Grey, of 255: at least a twentieth of the picture should be brighter."""
BLURRED = 20.0
"""Variance of the Laplacian: 100 to 2,300 on four clips of shops, 2 to 41 on the same ones blurred."""
FROZEN = 0.005
"""Mean absolute difference, of 255: a live camera of a still scene was seen to have 0.107, a frozen encoder 0.0002."""

Image = NDArray[np.uint8]


def small_grey(image: Image) -> Image:
    """The picture (H, W, 3) BGR in grey, `WIDTH` pixels wide; a narrower one keeps its size."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if width > WIDTH:
        grey = cv2.resize(grey, (WIDTH, max(1, round(height * WIDTH / width))), interpolation=cv2.INTER_AREA)
    return grey.astype(np.uint8, copy=False)


def examine_pictures(greys: Sequence[Image]) -> list[Finding]:
    """What is wrong with pictures of some seconds, oldest first, all of one size (`small_grey`); at least one."""
    last = greys[-1]
    bright = float(np.percentile(last, 95))
    sharp = float(cv2.Laplacian(last, cv2.CV_64F).var())
    found = [
        judged(
            "camera.light",
            "warning" if bright < DARK else "ok",
            f"a twentieth of the picture is brighter than {bright:.0f} of 255",
            f"{DARK:.0f} or more",
            "switch on the light, or look for what covers the lens",
        ),
        judged(
            "camera.focus",
            "warning" if sharp < BLURRED else "ok",
            f"sharpness {sharp:.0f}",
            f"{BLURRED:.0f} or more",
            "clean the lens and set its focus; look at it with: edge snapshot",
        ),
    ]
    if len(greys) > 1:
        found.append(_movement(greys))
    return found


def _movement(greys: Sequence[Image]) -> Finding:
    # The median: a frozen encoder still writes its picture anew, a little differently, every second or so.
    change = median(float(cv2.absdiff(one, other).mean()) for one, other in pairwise(greys))
    return judged(
        "camera.frozen",
        "failure" if change < FROZEN else "ok",
        f"one picture differs from the next by {change:.4f} of 255",
        f"{FROZEN} or more: a live picture has noise",
        "restart the camera: it repeats one picture",
    )
