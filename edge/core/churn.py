"""Tracks that begin or end where nobody can come from nowhere: a meter of the tracker's mistakes without labels.

In the interior of the shop, away from every line and from the frame's edges, a new track is an old one lost, and a
track that ends there is a person who is still about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.core.sighting import Sighting

MIN_OBSERVATIONS = 3
"""Tracks seen less often are false boxes, not people."""
LOST_S = 2.0
"""A track unseen for so long has ended."""


@dataclass
class _Life:
    born: Sighting
    last: Sighting
    observations: int = 1


class Churn:
    """Counts births and deaths in the interior."""

    def __init__(self) -> None:
        self._lives: dict[int, _Life] = {}

    def update(
        self, sightings: list[Sighting], mono_s: float, interior: Callable[[Sighting], bool]
    ) -> tuple[list[float], list[float]]:
        """When people appeared and vanished in the interior, as far as this picture brings to light.

        Args:
            sightings: Of one picture.
            mono_s: Its time.
            interior: Whether a sighting is away from all lines.
        """
        births, deaths = [], []
        for sighting in sightings:
            life = self._lives.get(sighting.track)
            if life is None:
                self._lives[sighting.track] = _Life(sighting, sighting)
                continue
            life.last = sighting
            life.observations += 1
            if life.observations == MIN_OBSERVATIONS and life.born.out_by is None and interior(life.born):
                births.append(life.born.mono_s)
        for track in [t for t, life in self._lives.items() if mono_s - life.last.mono_s > LOST_S]:
            life = self._lives.pop(track)
            if life.observations >= MIN_OBSERVATIONS and life.last.out_by is None and interior(life.last):
                deaths.append(life.last.mono_s)
        return births, deaths
