"""What the model need not see: counts are those of the full rate, whatever the camera does, and the cost is bounded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge.adapters.outbox import Outbox
from edge.bookkeeper import Bookkeeper
from edge.core.books import Sender
from edge.core.pipeline import Pipeline
from edge.observer import Observer
from edge.replay import Tally, replay
from edge.self_report import SelfReport
from tests.films import Film, Image, Walk, camera, camera_config, visit

SECONDS = 75.0
STAYS = (visit(20.0, 12.0), visit(45.0, 4.0))
"""Two come, one after the other; before, between and after them the shop is empty."""


@dataclass(frozen=True)
class Run:
    """How a film was counted, and in how many of its pictures the model looked."""

    tally: Tally
    pictures: int
    looks: int
    last_s: float

    @property
    def crossings(self) -> list[tuple[float, bool]]:
        return sorted(self.tally.lines["door"].events)

    @property
    def visits(self) -> list[tuple[float, float]]:
        return [(visit.start_s, visit.mono_s) for visit in self.tally.zones["table"].visits]


def run(folder: Path, source: Path, **changes: object) -> Run:
    chosen = camera(folder, source, **changes)
    pipeline = Pipeline(chosen.line_rules(), chosen.zone_rules(), chosen.tracker_rule())
    with Observer(chosen, speed="max") as observer:
        tally = replay(observer.observations(pipeline), chosen, pipeline)
        lookout = observer.lookout
    assert lookout is not None
    looks = lookout.pictures - lookout.gated - lookout.waited
    return Run(tally, lookout.pictures, looks, tally.last_s)


def same(lean: Run, full: Run, within_s: float = 0.25) -> None:
    """The counts of both, and their times."""
    assert [inward for _, inward in lean.crossings] == [inward for _, inward in full.crossings]
    assert [t for t, _ in lean.crossings] == pytest.approx([t for t, _ in full.crossings], abs=within_s)
    assert len(lean.visits) == len(full.visits)
    for mine, true in zip(lean.visits, full.visits, strict=True):
        assert mine == pytest.approx(true, abs=within_s)
    for kind in ("in_raw", "out_raw", "in_", "out", "uturns", "static"):
        assert lean.tally.lines["door"].counts[kind] == full.tally.lines["door"].counts[kind], kind


def both(tmp_path: Path, film: Film, **changes: object) -> tuple[Run, Run]:
    source = film.save(tmp_path / "film.ts")
    full = run(tmp_path, source, motion_gate=False, adaptive_rate=False, **changes)
    assert full.looks == full.pictures
    return run(tmp_path, source, **changes), full


def right(run: Run) -> None:
    assert [inward for _, inward in run.crossings] == [True, False, True, False]
    assert len(run.visits) == 2


def test_the_counts_are_those_of_the_full_rate_for_a_third_of_the_looks(tmp_path):
    lean, full = both(tmp_path, Film(STAYS, SECONDS))
    right(full)
    same(lean, full)
    assert full.looks == SECONDS * 10
    assert lean.looks < 0.35 * full.looks


@pytest.mark.parametrize(("gate", "rate"), [(True, False), (False, True)])
def test_each_of_the_two_helps_alone(tmp_path, gate, rate):
    source = Film(STAYS, SECONDS).save(tmp_path / "film.ts")
    lean = run(tmp_path, source, motion_gate=gate, adaptive_rate=rate)
    right(lean)
    assert lean.looks < 0.9 * lean.pictures


def noisy(image: Image, t: float, sd: float) -> Image:
    noise = np.random.default_rng(round(t * 1000)).normal(0.0, sd, image.shape)
    spoilt: Image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return spoilt


def rain(image: Image, t: float) -> Image:
    return noisy(image, t, 6.0)


def downpour(image: Image, t: float) -> Image:
    """Noise beyond measure, for 20 s in the first empty time."""
    return noisy(image, t, 70.0 if t < 15.0 else 3.0)


def black(image: Image, t: float) -> Image:
    """One black picture in 7 s, also while somebody is there."""
    return image if round(t * 10) % 70 else np.zeros_like(image)


def flash(image: Image, t: float) -> Image:
    spoilt: Image = np.minimum(image.astype(np.uint16) + (120 if round(t * 10) % 90 == 0 else 0), 199).astype(np.uint8)
    return np.where(image > 200, image, spoilt)


def switched(image: Image, t: float) -> Image:
    """The light goes out for a while between the two, and is half as bright while the second one is there."""
    dim: Image = np.where(image > 200, image, (image * (0.3 if 38.0 < t < 42.0 else 0.5 if t > 47.0 else 1.0)))
    return dim.astype(np.uint8)


def exposed(image: Image, t: float) -> Image:
    """The exposure hunts by a tenth."""
    hunted: Image = np.where(image > 200, image, image * (1.0 + 0.1 * np.sin(1.5 * t)))
    return hunted.astype(np.uint8)


@pytest.mark.parametrize(
    ("spoil", "share"),
    [(rain, 0.35), (downpour, 0.6), (black, 0.5), (flash, 0.5), (switched, 0.4), (exposed, 0.4)],
)
def test_light_and_noise_hide_nobody_and_cost_little(tmp_path, spoil, share):
    lean, full = both(tmp_path, Film(STAYS, SECONDS, spoil=spoil))
    right(full)
    same(lean, full)
    assert lean.looks < share * full.looks


@pytest.mark.parametrize("repeats", [3, 10])
def test_a_camera_that_repeats_its_pictures_is_counted_as_at_the_full_rate(tmp_path, repeats):
    class Repeating(Film):
        def picture(self, t: float) -> Image:
            return super().picture(round(t * self.fps) // repeats * repeats / self.fps)

    lean, full = both(tmp_path, Repeating(STAYS, SECONDS))
    right(full)
    same(lean, full, within_s=0.1 * repeats)
    assert lean.looks < 0.5 * full.looks


def test_a_stream_whose_pictures_change_their_size(tmp_path):
    sizes = [(90, 160), (180, 320), (72, 128)]
    lean, full = both(tmp_path, Film(STAYS, SECONDS, size=lambda t: sizes[int(t / 10.0) % 3]))
    right(full)
    same(lean, full)
    assert lean.looks < 0.4 * full.looks


def test_one_picture_a_second(tmp_path):
    slowly = Walk(((20.0, 0.5, 0.42), (26.0, 0.5, 0.88), (50.0, 0.5, 0.88), (56.0, 0.5, 0.42)))
    lean, full = both(tmp_path, Film((slowly,), 80.0, fps=1))
    assert full.pictures == 80
    same(lean, full, within_s=0.01)
    assert lean.looks < full.looks


def test_a_hundred_and_twenty_pictures_a_second(tmp_path):
    lean, full = both(tmp_path, Film((visit(4.0, 4.0),), 16.0, fps=120))
    assert [inward for _, inward in full.crossings] == [True, False]
    same(lean, full)
    assert full.pictures == pytest.approx(160, abs=2)
    assert lean.looks < 0.75 * full.looks


def test_pictures_of_four_thousand_pixels(tmp_path):
    lean, full = both(tmp_path, Film((visit(2.0, 1.0),), 9.0, fps=5, size=lambda _: (2160, 3840)))
    assert [inward for _, inward in full.crossings] == [True, False]
    same(lean, full)
    assert lean.looks < full.looks


def test_an_empty_shop_is_looked_at_by_the_heartbeat_alone(tmp_path):
    lean, _ = both(tmp_path, Film((), 120.0, spoil=lambda image, t: noisy(image, t, 3.0)))
    assert lean.looks <= 120.0 / 6.0 + 0.02 * lean.pictures
    assert lean.tally.frames == lean.pictures
    assert lean.tally.seconds == pytest.approx(119.9, abs=0.1)


def test_health_says_what_the_model_need_not_see(tmp_path):
    source = Film(STAYS, SECONDS).save(tmp_path / "film.ts")
    config = camera_config(tmp_path, source)
    chosen = config.cameras[0]
    pipeline = Pipeline(chosen.line_rules(), chosen.zone_rules(), chosen.tracker_rule())
    with Observer(chosen, speed="max") as observer, Outbox(tmp_path / "outbox.db") as outbox:
        about = SelfReport(config, chosen, "feedface", observer)
        keeper = Bookkeeper(outbox, Sender("shop", "box", "feedface"), str, retain_s=60.0, live=False)
        assert (about.health(outbox, keeper, None).gated, about.health(outbox, keeper, None).waited) == (None, None)
        for observation in observer.observations(pipeline):
            if observation is not None:
                pipeline.step(observation.seen)
                about.count_frame()
        told, then = about.health(outbox, keeper, None), about.health(outbox, keeper, None)
        lookout = observer.lookout
    assert lookout is not None
    assert told.gated == pytest.approx(lookout.gated / lookout.pictures, abs=0.001)
    assert told.waited == pytest.approx(lookout.waited / lookout.pictures, abs=0.001)
    assert (told.gated or 0.0) > 0.5
    assert (told.waited or 0.0) > 0.05
    assert (then.fps, then.gated, then.waited) == (0.0, None, None)
