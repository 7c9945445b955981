"""Builds a stream in which nobody is to be seen nine tenths of the time, out of a clip: a shop in a quiet hour.

Empty stretches of the clip are looped around one stretch with people, of whom it is known when they crossed the line.
A stretch is played forwards and backwards, because a jump in the light every second is nothing that a shop has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.peers.case import Case
from benchmarks.peers.clip import Clip
from edge.adapters.detector import OnnxDetector
from edge.adapters.manifest import resolve
from edge.adapters.video import VideoWriter
from edge.core.types import Frame
from edge.evaluation.truth import Event, Line

EMPTY = 0.9
_SURE_S = 1.0  # so long before and after somebody was seen, nothing counts as empty
_SCORE = 0.1  # whatever might be somebody
_KEPT = 100  # pictures of an empty stretch that are held in memory

Stretch = tuple[int, int]
"""First picture, and the one after the last."""


def quiet_stream(case: Case, model: str, folder: Path) -> Case | None:
    """Writes the stream into `folder`; None when the clip has no second in which nobody is to be seen.

    Args:
        case: The clip.
        model: Who decides what is empty.
        folder: For the file.
    """
    clip = case.clip
    empty = _stretches(_without_people(clip, model), clip.fps)
    busy = [stretch for stretch in _between(empty) if _crossings(case, stretch)]
    if not busy:
        return None
    stretch = min(busy, key=lambda one: one[1] - one[0])
    needed = round((stretch[1] - stretch[0]) * EMPTY / (1 - EMPTY))
    path = folder / "quiet.mp4"
    _write(path, clip, stretch, empty, needed)
    events = tuple(Event(t_s=t_s + needed // 2 / clip.fps, inward=inward) for t_s, inward in _crossings(case, stretch))
    share = f"{case.title}, {EMPTY:.0%} empty"
    return replace(case, title=share, clip=replace(Clip.of(path), fps=clip.fps), truth=Line(events=events))


def _pictures(clip: Clip) -> Iterator[Any]:
    video = cv2.VideoCapture(str(clip.path))
    while (answer := video.read())[0]:
        yield answer[1]


def _without_people(clip: Clip, model: str) -> list[bool]:
    """Of every picture, whether nobody was found around it."""
    found = resolve(model)
    detector = OnnxDetector(found.path, found.entry, score_threshold=_SCORE)
    seen = [
        len(detector.detect(Frame(picture, index / clip.fps, index)).boxes) > 0
        for index, picture in enumerate(_pictures(clip))
    ]
    sure = round(_SURE_S * clip.fps)
    return [not any(seen[max(0, index - sure) : index + sure + 1]) for index in range(len(seen))]


def _stretches(holds: list[bool], fps: float) -> list[Stretch]:
    """Where it holds, at least for half a second.

    >>> _stretches([False, True, True, True, False, True], 4)
    [(1, 4)]
    """
    edges = np.flatnonzero(np.diff(np.array([False, *holds, False], np.int8))).reshape(-1, 2)
    return [(int(first), int(last)) for first, last in edges if last - first >= fps / 2]


def _between(empty: list[Stretch]) -> list[Stretch]:
    return [(before[1], after[0]) for before, after in pairwise(empty)]


def _crossings(case: Case, stretch: Stretch) -> list[tuple[float, bool]]:
    """Those of the truth within a stretch, with their time since its beginning."""
    first_s, last_s = (picture / case.clip.fps for picture in stretch)
    return [(event.t_s - first_s, event.inward) for event in case.truth.events if first_s <= event.t_s < last_s]


def _write(path: Path, clip: Clip, stretch: Stretch, empty: list[Stretch], needed: int) -> None:
    """Half of the empty pictures, the people, the other half."""
    people: list[Any] = []
    nobody: list[list[Any]] = [[] for _ in empty]
    for index, picture in enumerate(_pictures(clip)):
        if stretch[0] <= index < stretch[1]:
            people.append(picture)
        for kept, (first, last) in zip(nobody, empty, strict=True):
            if first <= index < min(last, first + _KEPT):
                kept.append(picture)
    quiet = _to_and_fro(nobody, needed)
    pictures = [*quiet[: needed // 2], *people, *quiet[needed // 2 :]]
    with VideoWriter(path) as video:
        for index, picture in enumerate(pictures):
            video.write(picture, index / clip.fps)


def _to_and_fro(stretches: Sequence[list[Any]], needed: int) -> list[Any]:
    """Each stretch forwards and backwards again and again for its share of the time, so that hardly a picture jumps.

    >>> _to_and_fro([[1, 2, 3], [7, 8]], 12)
    [1, 2, 3, 3, 2, 1, 7, 8, 8, 7, 7, 8]
    """
    ends = [needed * number // len(stretches) for number in range(len(stretches) + 1)]
    return [
        picture
        for kept, (begin, end) in zip(stretches, pairwise(ends), strict=True)
        for picture in islice(cycle([*kept, *reversed(kept)]), end - begin)
    ]
