"""All checks of a box, in the order in which an operator would look; one that breaks is a failure of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from edge import wiring
from edge.config import Camera, Config
from edge.core.types import Frame
from edge.doctor.broker import examine_broker
from edge.doctor.camera import examine_camera
from edge.doctor.clock import examine_clock
from edge.doctor.disk import examine_disk
from edge.doctor.finding import Finding
from edge.doctor.heat import examine_heat
from edge.doctor.model import examine_model
from edge.doctor.unit import examine_unit


def examine(config: Config, camera: Camera, state_dir: Path) -> Iterator[Finding]:
    """Every finding, as it is made."""
    frames: list[Frame] = []

    def look() -> list[Finding]:
        found, frame = examine_camera(camera)
        frames.extend([frame] if frame else [])
        return found

    device = camera.source.startswith("/dev/") or camera.source.isdecimal()
    books = wiring.outbox_file(config, camera, state_dir).parent
    checks: tuple[tuple[str, Callable[[], list[Finding]]], ...] = (
        ("camera", look),
        ("model", lambda: examine_model(camera, frames[0] if frames else None)),
        ("broker", lambda: examine_broker(config, config.device_of(camera))),
        ("clock", examine_clock),
        ("disk", lambda: examine_disk(books, config.outbox.max_mb)),
        ("heat", examine_heat),
        ("unit", lambda: examine_unit(camera.name, device=device)),
    )
    for name, check in checks:
        yield from _guarded(name, check)


def _guarded(name: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    """One check that breaks does not end the others; its text is kept back, for it may hold anything."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001
        return [Finding(name, "failure", f"{type(error).__name__} in the check itself", "an answer", "report it")]
