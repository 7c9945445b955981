"""An eye on what a live camera shows: tells in words when that is dark, covered, frozen or somewhere else.

It must not know how the pictures come; what is what, edge/core/view.py knows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from edge.adapters.camera.small import small_luma
from edge.core.types import Frame
from edge.core.view import BLIND, Trouble, View

log = logging.getLogger(__name__)

WORDS: dict[Trouble, str] = {
    "dark": "expected a picture with light in it, got a dark one; switch on the light, or see what covers the lens",
    "covered": "expected a picture with something in it, got a bare one; see what covers or dirties the lens",
    "frozen": "expected new pictures, got the same one again and again; start the camera anew",
    "moved": "expected the view that it had, got another; turn the camera back, or set lines and zones anew",
}


class Watch:
    """Looks at some pictures a second.

    Args:
        shown: The camera, for people; without secrets.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._view = View()

    @property
    def trouble(self) -> Trouble | None:
        """What is the matter with what the camera shows."""
        return self._view.trouble

    @property
    def blind(self) -> bool:
        """Whether nobody can be seen in it."""
        return self._view.trouble in BLIND

    def watched(self, frames: Iterator[Frame | None]) -> Iterator[Frame | None]:
        """The same frames, each looked at before it is handed out."""
        for frame in frames:
            if frame is not None:
                self._look(frame)
            yield frame

    def _look(self, frame: Frame) -> None:
        """Judges a frame; logs changes, not pictures."""
        if not self._view.wants(frame.mono_s):
            return
        before = self._view.trouble
        self._view.look(small_luma(frame.luma), frame.mono_s)
        trouble = self._view.trouble
        if trouble is not None and trouble != before:
            log.warning("camera %s: %s (%s)", self._shown, WORDS[trouble], trouble)
        elif trouble != before:
            log.info("camera %s: no longer %s", self._shown, before)

    def learn_anew(self) -> None:
        """Takes the view from now on for the right one."""
        self._view.learn_anew()
