"""What a drawn person looks like: size, clothes and colours, by lot. Nobody's likeness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.demo.pinhole import Floats

Colour = tuple[float, float, float]

_SKIN: tuple[Colour, ...] = (
    (176, 200, 235),
    (150, 178, 220),
    (120, 152, 200),
    (86, 116, 166),
    (58, 82, 124),
    (38, 54, 84),
)
_HAIR: tuple[Colour, ...] = ((24, 22, 24), (36, 40, 52), (40, 66, 96), (92, 140, 176), (150, 152, 156), (50, 50, 120))


@dataclass(frozen=True)
class Look:
    """What one person looks like; colours are BGR 0..255, lengths are shares of the height.

    Attributes:
        tall_m: Height, metres.
        stout: Width of body and limbs, 1 is usual.
        coat: How far down the upper garment goes: 0 ends at the waist, 1 at the ankles.
        skirt: The legs are in one piece down to here, 0 (trousers) to 1 (ankle).
        sleeve: Share of the arm that is covered.
    """

    tall_m: float
    stout: float
    skin: Colour
    hair: Colour
    long_hair: bool
    hat: Colour | None
    top: Colour
    legs: Colour
    shoes: Colour
    coat: float
    skirt: float
    sleeve: float
    bag: Colour | None
    backpack: Colour | None
    folds: int  # which piece of the cloth texture
    bold: float  # contrast of the folds and patterns


def random_look(rng: np.random.Generator, tall_m: float | None = None) -> Look:
    """Somebody by lot: mostly adults in muted clothes, some bright ones, some children."""
    grown = rng.random() > 0.08
    skirt = float(rng.uniform(0.35, 1.0)) if rng.random() < 0.2 else 0.0
    return Look(
        tall_m=tall_m or float(rng.uniform(1.52, 1.93) if grown else rng.uniform(0.95, 1.45)),
        stout=float(rng.uniform(0.85, 1.35)),
        skin=_SKIN[rng.integers(len(_SKIN))],
        hair=_HAIR[rng.integers(len(_HAIR))],
        long_hair=bool(rng.random() < 0.4),
        hat=_cloth(rng) if rng.random() < 0.15 else None,
        top=_cloth(rng),
        legs=_cloth(rng, dark=0.75),
        shoes=_cloth(rng, dark=0.7),
        coat=float(rng.uniform(0.2, 1.0)) if rng.random() < 0.35 else float(rng.uniform(0.0, 0.15)),
        skirt=skirt,
        sleeve=float(rng.choice([1.0, 1.0, 1.0, 0.5, 0.25])),
        bag=_cloth(rng) if rng.random() < 0.25 else None,
        backpack=_cloth(rng) if rng.random() < 0.12 else None,
        folds=int(rng.integers(1 << 16)),
        bold=float(rng.uniform(0.1, 0.45)),
    )


def _cloth(rng: np.random.Generator, dark: float = 0.45) -> Colour:
    """Black, navy, grey and denim more often than anything bright."""
    kind = rng.random()
    if kind < dark:
        shade = rng.uniform(18, 85)
        denim = np.array([rng.uniform(0, 30), 0.0, 0.0])
        return _colour(shade + rng.normal(0, 7, 3) + denim)
    if kind < dark + 0.25 * (1 - dark) * 2:
        return _colour(rng.uniform(95, 235) + rng.normal(0, 9, 3))
    return _colour(rng.uniform(25, 235, 3))


def _colour(values: Floats) -> Colour:
    blue, green, red = np.clip(values, 6, 250)
    return float(blue), float(green), float(red)
