"""What the loop looks at: a camera with its detector, or a recording of boxes, behind one face.

This is where the adapters of the input side are chosen and put together; nothing is counted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol

from edge.adapters import manifest, secrets
from edge.adapters.camera import Camera
from edge.adapters.recording import Recording, is_recording
from edge.config import Camera as CameraConfig
from edge.core.attention import Need
from edge.core.message import Provider
from edge.core.report import CameraState
from edge.core.types import Detections, Frame, Tracks
from edge.errors import ModelError
from edge.lookout import Lookout

if TYPE_CHECKING:
    from edge.adapters.manifest import ResolvedModel

Speed = Literal["real", "max"]


class Detector(Protocol):
    """Finds people in pictures."""

    name: str
    sha256: str
    last_ms: float | None

    @property
    def provider(self) -> Provider | None:
        """What runs the network; None: its package decides."""

    @property
    def provider_wanted(self) -> Provider | None:
        """What was to run it."""

    def detect(self, frame: Frame) -> Detections:
        """People in the picture, with its time and aspect."""


class Counter(Protocol):
    """Counts what is seen, and says what the next picture is needed for."""

    @property
    def need(self) -> Need:
        """By what was seen so far."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen in one picture; `frame` is None when it came from a recording."""

    seen: Detections | Tracks
    frame: Frame | None


class Observer:
    """Opens the source of a camera and its model, and looks.

    Args:
        camera: Its section of the configuration.
        source: Instead of the configured one.
        model: Instead of the configured one.
        speed: Of files and recordings; live sources come as they come.
        reconnect: Whether a live source is opened again when it fails.
        engines: Folder for what a provider builds of the model.

    Raises:
        CameraError: The file or recording cannot be read; live sources say so in `state` when they reconnect.
        ConfigError: The password's place holds none.
        ModelError: The model cannot be used.
    """

    def __init__(
        self,
        camera: CameraConfig,
        *,
        source: str | None = None,
        model: str | None = None,
        speed: Speed = "real",
        reconnect: bool = True,
        engines: Path | None = None,
    ) -> None:
        source = camera.source if source is None else source
        self._stack = ExitStack()
        self._camera: Camera | None = None
        self._recording: Recording | None = None
        self.detector: Detector | None = None
        self.lookout: Lookout | None = None
        if is_recording(source):
            self._recording = Recording(Path(source), max_fps=camera.detect_fps, speed=speed)
        else:
            self.detector = open_detector(camera, model or camera.model, engines)
            self.lookout = Lookout(
                self.detector,
                motion_gate=camera.motion_gate,
                adaptive_rate=camera.adaptive_rate,
                sure=camera.tracker.high_score,
            )
            own_source = source == camera.source
            self._camera = Camera(
                source,
                max_fps=camera.detect_fps,
                username=camera.username if own_source else None,
                password=secrets.resolve(camera.password) if camera.password and own_source else None,
                speed=speed,
                reconnect=reconnect,
            )

    def __enter__(self) -> Observer:
        self._stack.enter_context(self._camera or self._recording)  # type: ignore[arg-type]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, at)

    @property
    def live(self) -> bool:
        """Whether the source goes on without end and on the machine's own clock."""
        return self._camera is not None and self._camera.live

    @property
    def state(self) -> CameraState:
        """State of the camera; a file is always streaming."""
        return self._camera.state if self._camera is not None and self._camera.live else "streaming"

    @property
    def dropped(self) -> int:
        """Pictures so far that a live source delivered while the last one was being looked at."""
        return self._camera.dropped if self._camera is not None else 0

    def learn_anew(self) -> None:
        """Takes the view from now on for the right one: lines and zones were set on it."""
        if self._camera is not None:
            self._camera.learn_anew()

    @property
    def duration_s(self) -> float | None:
        """Length of a file, when it says so."""
        opened = self._camera or self._recording
        return opened.duration_s if opened is not None else None

    def observations(self, counter: Counter | None = None) -> Iterator[Observation | None]:
        """What is seen, picture by picture; None when a live source has nothing new, so that the loop can go on.

        Args:
            counter: Who counts it: what he does not need is not looked at. None: every picture is.
        """
        if self._recording is not None:
            for seen in self._recording.observations():
                yield Observation(seen, None)
        elif self._camera is not None and self.detector is not None and self.lookout is not None:
            for frame in self._camera.frames():
                if frame is None or self._camera.blind:
                    yield None
                elif counter is None:
                    yield Observation(self.detector.detect(frame), frame)
                elif (found := self.lookout.see(frame, counter.need)) is not None:
                    yield Observation(found, frame)


def open_detector(camera: CameraConfig, model: str, engines: Path | None = None) -> Detector:
    """The detector for a model's name or path, chosen by the kind of file.

    Args:
        camera: How it is to run.
        model: Name or path.
        engines: Folder for what a provider builds of it; None: nothing is kept.

    Raises:
        ModelError: The model is not there, or cannot be used.
    """
    from edge.adapters import ultralytics_detector  # noqa: PLC0415 - cheap, but only some need to know of it

    found: ResolvedModel = manifest.resolve(model)
    if found.path.suffix in ultralytics_detector.SUFFIXES:
        return ultralytics_detector.UltralyticsDetector(found.path, found.entry, score_threshold=camera.min_score)
    if found.path.suffix != ".onnx":
        raise ModelError(f"{found.path}: expected a file ending in .onnx, .pt or .engine, got {found.path.suffix!r}")
    from edge.adapters.detector import OnnxDetector, Wanted  # noqa: PLC0415

    wanted = Wanted(camera.provider, camera.threads, engines)
    return OnnxDetector(found.path, found.entry, score_threshold=camera.min_score, wanted=wanted)
