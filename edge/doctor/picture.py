"""Whether pictures are dark, bare, blurred or frozen. Numbers in, findings out: it knows no camera.

What is dark, bare and frozen is what the service takes for it (edge/core/view.py). Sharpness is the variance of the
Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000), of the picture at one
width, so that a camera with more pixels is not taken for a blurred one.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.scenery import edges
from edge.core.view import BARE, DIM, brightness
from edge.doctor.finding import Finding, judged

WIDTH = 640
BLURRED = 20.0
"""Variance of the Laplacian: 100 to 2,300 on four clips of shops, 2 to 41 on the same ones blurred."""

Image = NDArray[np.uint8]


def examine_picture(image: Image, small: Image) -> list[Finding]:
    """What is wrong with a picture (H, W, 3) BGR, whose small grey one is (h, w)."""
    bright, detail, sharp = brightness(small), edges(small), sharpness(image)
    return [
        judged(
            "camera.light",
            "warning" if bright < DIM else "ok",
            f"a twentieth of the picture is brighter than {bright:.0f} of 255",
            f"{DIM:.0f} or more",
            "switch on the light, or look for what covers the lens",
        ),
        judged(
            "camera.bare",
            "warning" if detail < BARE else "ok",
            f"{detail:.1%} of the picture are edges",
            f"{BARE:.0%} or more",
            "look for what covers the lens; the service counts nobody in a bare picture",
        ),
        judged(
            "camera.focus",
            "warning" if sharp < BLURRED else "ok",
            f"sharpness {sharp:.0f}",
            f"{BLURRED:.0f} or more",
            "clean the lens and set its focus; look at it with: edge snapshot",
        ),
    ]


def examine_life(*, lively: bool, seconds: float) -> Finding:
    """Whether a live camera sends new pictures."""
    return judged(
        "camera.frozen",
        "ok" if lively else "failure",
        "pictures that differ" if lively else f"the same picture for {seconds:.0f} s",
        "pictures that differ: a live one has noise",
        "restart the camera: it repeats one picture",
    )


def sharpness(image: Image) -> float:
    """Of a picture (H, W, 3) BGR, at `WIDTH`; a narrower one keeps its size."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if width > WIDTH:
        grey = cv2.resize(grey, (WIDTH, max(1, round(height * WIDTH / width))), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())
