"""Which networks are trained, how large they are, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from models.train.network import Shape

WEIGHTS = {
    "capston2": 2.5,
    "ccp_fashion": 1.0,
    "css_site": 2.0,
    "detect_persons": 1.5,
    "tcc_overhead": 2.0,
    "neg_clothing": 1.2,
    "neg_css_tiles": 0.5,
    "neg_grocery": 0.4,
    "rendered": 0.45,
}
"""Rooms and streets more often, posed pictures less: a shop's camera sees the former."""


@dataclass(frozen=True)
class Plan:
    """One training run.

    Attributes:
        name: Of the model.
        shape: Of the network.
        height: Of the input, pixels, a multiple of 32.
        width: Likewise.
        early_size: Height and width in the first `early` of the steps: smaller pictures, more of them.
        early: Share of the steps.
        steps: Of the optimiser, in all; the rate falls over the last `cooldown` of them.
        batch: Pictures a step, shared by all processes.
        start: The plan whose finished weights this one begins with; None: from scratch.
        muon_rate: Learning rate of the convolutions.
        adam_rate: Learning rate of everything else.
        cooldown: Share of the steps over which the rates fall to nothing.
        warmup: Steps over which they rise.
        lift: Added to the logits of the float32 file that ships: at most the highest, in steps of 0.05, at which the
            best score in all but one in fifty of the pictures of empty clothes of `val` stays below 0.475 (a logit of
            -0.1).
        lift_int8: The same of the int8 file.
        seed: Of weights, order and augmentation.
        weights: How often a source is drawn, as a multiple of its number of pictures.
    """

    name: str
    shape: Shape
    height: int
    width: int
    steps: int
    batch: int = 64
    early_size: tuple[int, int] = (128, 224)
    early: float = 0.6
    start: str | None = None
    muon_rate: float = 0.02
    adam_rate: float = 2e-3
    cooldown: float = 0.4
    warmup: int = 100
    lift: float = 0.0
    lift_int8: float = 0.0
    seed: int = 1
    weights: dict[str, float] = field(default_factory=lambda: dict(WEIGHTS))

    def lasting(self, steps: int | None) -> Plan:
        """The same for another number of steps; None: for as many as it says."""
        return self if steps is None else replace(self, steps=steps)

    def going_on(self) -> Plan:
        """The same from trained weights on: at the full size from the first step, and at half the rates."""
        return replace(self, early=0.0, muon_rate=self.muon_rate / 2, adam_rate=self.adam_rate / 2)

    def size(self, step: int) -> tuple[int, int]:
        """Height and width of the input at a step."""
        return self.early_size if step < self.early * self.steps else (self.height, self.width)

    def is_varied(self, step: int) -> bool:
        """Whether variety still counts for more than likeness to what a camera will show."""
        return self.start is None and step < self.early * self.steps

    def rate(self, step: int) -> float:
        """What the rates are multiplied by at a step: up, level, and down to nothing (arXiv 2405.18392)."""
        left = (self.steps - step) / max(1.0, self.cooldown * self.steps)
        return max(0.0, min(1.0, (step + 1) / self.warmup, left))


PLANS = {
    plan.name: plan
    for plan in (
        Plan(
            "person-n",
            Shape((8, 16, 48, 96, 128), (1, 1, 2, 1, 1), 48),
            192,
            320,
            steps=4350,
            lift=0.65,
            lift_int8=0.65,
        ),
        Plan(
            "person-s",
            Shape((8, 16, 48, 96, 128), (2, 3, 4, 2, 2), 48),
            288,
            448,
            early_size=(192, 320),
            early=0.5,
            steps=2000,
            lift=0.2,
            lift_int8=0.15,
            batch=48,
            start="person-n",
            muon_rate=0.01,
            adam_rate=1e-3,
            cooldown=0.7,
        ),
    )
}
