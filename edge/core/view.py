"""Whether a camera shows what it is there for: not dark, not covered, not the same picture for ever, not moved.

Numbers in, verdicts out. It must not know where pictures come from: it is given small grey ones with their times, some
a second, and all its limits are in grey levels of 255, shares of the picture and seconds. Right after something
happened it says nothing: people come close, lamps flicker, and a scene may be quiet.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.core.scenery import Scenery, edges

Trouble = Literal["dark", "covered", "frozen", "moved"]

BLIND: frozenset[str] = frozenset({"dark", "covered", "frozen"})
"""In these nobody can be seen. A camera that was moved sees, but somewhere else."""

EVERY_S, SCENE_EVERY_S = 0.5, 2.0
GAP_S = 2.0
"""A pause between pictures after which what lasts has to begin to last anew."""
DIM = 40.0
"""Grey: if not even a twentieth of the picture is brighter, light is short."""
BLACK = 16.0
"""Grey levels between the brightest and the darkest twentieth of a dim picture below which it is dark: a detector finds
half of what it does by day there, on a clip with its light taken away. (Levels as such say less: black is 16 in video.)
"""
BARE = 0.02
"""Share of the picture that is an edge: 0.06 to 0.8 in 360 pictures of many places, 0.04 and more of them in a quarter
of the light, below 0.013 in 19 of 20 that were blurred as a thing in front of the lens is, with the noise of a sensor.
"""
NEWS, STRONG_NEWS = (1, 0.05), (12, 0.003)
"""A picture is not a repeated one if more than this share of it differs by more than so many grey levels: noise, or
somebody at the far end. One that is encoded again and again, a running clock in it, differs in up to 0.042 (and in 0.12
when it gets far too few bits); live ones with little noise, in poor light and strongly compressed, in 0.10 and more.
How this was measured: docs/decisions/0021."""
OLD_S, REMEMBER_S = 5.0, 13.0
"""Pictures are compared with those of so many seconds before. Between two key frames an encoder repeats what does not
move, noise and all; it has to last longer than most cameras wait between them."""


class View:
    """Follows what a live camera shows.

    Attributes:
        trouble: What is the matter; None when nothing is.
        lively: Whether some picture so far differed from older ones, as a live camera's do.
    """

    def __init__(self) -> None:
        self._signs: dict[Trouble, _Sign] = {  # the first that holds is the one that is said
            "dark": _Sign(5.0, 2.0),
            "covered": _Sign(5.0, 2.0),
            "frozen": _Sign(7.0, 0.0),  # and the OLD_S before; it ends with the first picture that is new
            "moved": _Sign(60.0, 10.0),
        }
        self._scenery = Scenery()
        self._past: deque[tuple[float, NDArray[np.int16]]] = deque()
        self._last_s = self._due_s = self._scene_due_s = float("-inf")
        self.lively = False

    @property
    def trouble(self) -> Trouble | None:
        """See the class."""
        return next((trouble for trouble, sign in self._signs.items() if sign.holds), None)

    def wants(self, mono_s: float) -> bool:
        """Whether to make a small picture of the one of this time."""
        return mono_s >= self._due_s or self._signs["frozen"].holds

    def look(self, grey: NDArray[np.uint8], mono_s: float) -> None:
        """Judges a picture, uint8 (h, w), and how long it has been so; times never fall."""
        if mono_s - self._last_s > GAP_S or (self._past and self._past[-1][1].shape != grey.shape):
            self._past.clear()
            for sign in self._signs.values():
                sign.pause()
        self._last_s, self._due_s = mono_s, mono_s + EVERY_S
        dark = is_dark(grey)
        bare = edges(grey) < BARE
        self._signs["dark"].see(dark, mono_s)
        self._signs["covered"].see(bare and not dark, mono_s)
        self._signs["frozen"].see(self._repeats(grey, mono_s), mono_s)
        if mono_s >= self._scene_due_s and not (dark or bare or self._signs["frozen"].holds):
            self._scene_due_s = mono_s + SCENE_EVERY_S
            fit = self._scenery.look(grey)
            self._signs["moved"].see(fit is not None and fit.moved, mono_s)

    def learn_anew(self) -> None:
        """What is seen from now on is how it is to be: somebody has set the camera up."""
        self._scenery = Scenery()
        self._signs["moved"] = _Sign(60.0, 10.0)

    def _repeats(self, grey: NDArray[np.uint8], mono_s: float) -> bool:
        now = grey.astype(np.int16)
        while self._past and self._past[0][0] < mono_s - REMEMBER_S:
            self._past.popleft()
        old = [picture for at_s, picture in self._past if at_s <= mono_s - OLD_S]
        repeats = any(same(now, picture) for picture in old)
        self.lively |= bool(old) and not repeats
        if not self._past or mono_s >= self._past[-1][0] + EVERY_S:
            self._past.append((mono_s, now))
        return repeats


class _Sign:
    """Something that is believed when it has lasted, until it has been gone for a while."""

    def __init__(self, lasts_s: float, clears_s: float) -> None:
        self._lasts_s, self._clears_s = lasts_s, clears_s
        self._seen: bool | None = None
        self._since_s = 0.0
        self.holds = False

    def see(self, seen: bool, mono_s: float) -> None:
        if seen is not self._seen:
            self._seen, self._since_s = seen, mono_s
        if mono_s - self._since_s >= (self._lasts_s if seen else self._clears_s):
            self.holds = seen

    def pause(self) -> None:
        self._seen = None


def brightness(grey: NDArray[np.uint8]) -> float:
    """Grey level that a twentieth of the picture is above."""
    return float(np.percentile(grey, 95))


def is_dark(grey: NDArray[np.uint8]) -> bool:
    """Whether nothing can be made out for want of light.

    >>> is_dark(np.full((90, 160), 16, np.uint8)), is_dark(np.full((90, 160), 90, np.uint8))
    (True, False)
    """
    darkest, brightest = np.percentile(grey, (5, 95))
    return bool(brightest < DIM + BLACK and brightest - darkest < BLACK)


def same(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    """Whether two pictures (h, w) are one, but for what an encoder makes of it.

    >>> noise = np.random.default_rng(1).normal(100, 1, (2, 90, 160)).astype(np.int16)
    >>> same(noise[0], noise[0]), same(noise[0], noise[1])
    (True, False)
    """
    change = np.abs(one - other)
    return all(float((change > levels).mean()) <= share for levels, share in (NEWS, STRONG_NEWS))
