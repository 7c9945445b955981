"""The drawn film of `make demo` as a case, for machines without a clip of their own."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.case import Case
from benchmarks.peers.clip import Clip
from edge.adapters.video import VideoWriter
from edge.demo import scene
from edge.demo.film import Film
from edge.evaluation.truth import parse_truth

SECONDS, FPS, SIZE = 60, 10, (270, 480)


def drawn_film(folder: Path) -> Case:
    """Draws a minute of the scripted shop into `folder`."""
    path = folder / "shop.mp4"
    crowd = [person for person in scene.people() if person.times_s[-1] < SECONDS - 1]
    with VideoWriter(path) as video:
        for at_s, picture in Film(crowd, *SIZE).frames(SECONDS, FPS):
            video.write(picture, at_s)
    (name, line), *_ = parse_truth(scene.truth(crowd, SECONDS), "the script").lines.items()
    return Case("drawn film", Clip.of(path), name, scene.DOOR, scene.INSIDE, line)
