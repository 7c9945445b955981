"""People in a picture, found by an ONNX network through onnxruntime.

Owns the fitting of a frame into the network's input, and the way back to fractions of the frame. What
the numbers of the output mean is in core/layouts.py; where model files come from, this module does not know.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.adapters.detector.providers import Running, Wanted, open_network, reason, tell_fallback
from edge.core.layouts import Output, check_layout, infer_layout, read_people
from edge.core.message import Provider
from edge.core.model_facts import InputSize, ModelFacts
from edge.core.types import Detections, Frame, Image, Planes
from edge.errors import ModelError

if TYPE_CHECKING:
    import onnxruntime

_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
_ON_CPU = Wanted()
_STRIDE = 32
_DYNAMIC_SIDE = 640
"""Longer side of a dynamic input when the facts name none: what most of the family is trained at."""


@dataclass(frozen=True)
class _Input:
    """The one input of a network; a height or width of None is free."""

    name: str
    dtype: type[np.generic]
    height: int | None
    width: int | None


class Canvas:
    """The memory in which frames of one size become the network's input; written again for every frame.

    The picture keeps its aspect and lies in the upper left corner; the padding beside it is written once.
    """

    def __init__(self, frame: tuple[int, int], size: InputSize, dtype: type[np.generic], facts: ModelFacts) -> None:
        ratio = min(size.height / frame[0], size.width / frame[1])
        self.frame = frame
        self.size = size
        self.height, self.width = (max(1, round(side * ratio)) for side in frame)
        self._scale = None if facts.scale == 1.0 else dtype(1.0 / 255.0)
        self.tensor = np.full((1, 3, size.height, size.width), facts.pad, dtype)
        if self._scale is not None:
            self.tensor *= self._scale
        picture = self.tensor[0, :, : self.height, : self.width]
        self._channels = tuple(picture if facts.colour == "bgr" else picture[::-1])

    def fill(self, frame: Frame) -> None:
        """Two passes: shrink to bytes, then convert and scale them into the tensor."""
        picture = frame.picture
        size = self.height, self.width
        planes = _shrunk(picture, *size) if isinstance(picture, np.ndarray) else picture.planes(*size)
        for channel, plane in zip(self._channels, planes, strict=True):
            if self._scale is None:
                np.copyto(channel, plane)
            else:
                np.multiply(plane, self._scale, out=channel)


def _shrunk(image: Image, height: int, width: int) -> Planes:
    import cv2  # noqa: PLC0415 - video is shrunk by what decodes it, and does without

    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    blue, green, red = (plane.astype(np.uint8, copy=False) for plane in cv2.split(small))
    return blue, green, red


class _Bound:
    """A network whose input and output lie in the same memory in every run, so that nothing is allocated or copied."""

    def __init__(self, running: Running, name: str, output: onnxruntime.NodeArg, tensor: NDArray[Any]) -> None:
        import onnxruntime  # noqa: PLC0415

        self.tensor = tensor
        self._session = running.session
        self._binding = running.session.io_binding()
        self._value = onnxruntime.OrtValue.ortvalue_from_numpy(tensor)
        self._binding.bind_ortvalue_input(name, self._value)
        self._output: Output | None = None
        if output.type == "tensor(float)" and all(isinstance(axis, int) and axis > 0 for axis in output.shape):
            self._output = np.empty(output.shape, np.float32)
            where = self._output.ctypes.data
            self._binding.bind_output(output.name, "cpu", 0, np.float32, output.shape, where)
        else:  # as long as the network likes
            self._binding.bind_output(output.name, "cpu")

    def run(self) -> Output:
        """The output for what the tensor holds now."""
        self._session.run_with_iobinding(self._binding)
        return self._binding.copy_outputs_to_cpu()[0] if self._output is None else self._output


class OnnxDetector:
    """A detector of people; one network, one thread by default.

    Args:
        path: Of the ONNX file.
        facts: What is known about it (of the manifest, a sidecar, or only name and hash).
        score_threshold: Instead of that of the facts.
        wanted: On what it is to run; on the CPU when that cannot.

    Attributes:
        name: Of the model, as it is published.
        sha256: Of the model file.
        facts: The facts with nothing left open.
        last_ms: Milliseconds that the last `detect` took, all of it; None before the first.

    Raises:
        ModelError: The file cannot be loaded, or is not what the facts say.
    """

    def __init__(
        self,
        path: Path,
        facts: ModelFacts,
        *,
        score_threshold: float | None = None,
        wanted: Wanted = _ON_CPU,
    ) -> None:
        if score_threshold is not None:
            facts = replace(facts, score_threshold=score_threshold)
        self._path, self._sha256, self._wanted = path, facts.sha256, wanted
        self._bound: _Bound | None = None
        self._side = max(facts.input.height, facts.input.width) if facts.input else _DYNAMIC_SIDE
        with _blaming(path):
            self._running = open_network(path, facts.sha256, wanted)
            self._input = _only_input(self._running.session)
            self._output = self._running.session.get_outputs()[0]
            self.facts = self._settle(facts)
        self.name = facts.name
        self.sha256 = facts.sha256
        self.last_ms: float | None = None
        self._canvas: Canvas | None = None

    @property
    def provider(self) -> Provider:
        """What runs the network now."""
        return self._running.provider

    @property
    def provider_wanted(self) -> Provider:
        """What was to run it."""
        return self._wanted.provider

    def detect(self, frame: Frame) -> Detections:
        """People in a frame, with the frame's time and aspect; none when the network answers nonsense.

        Raises:
            ModelError: The network cannot run on an input of the size that fits this frame.
        """
        started_s = time.perf_counter()
        height, width = frame.size
        canvas = self._canvas
        if canvas is None or canvas.frame != (height, width):
            size = self._size_for(height, width)
            canvas = self._canvas = Canvas((height, width), size, self._input.dtype, self.facts)
            self._bound = None
        canvas.fill(frame)
        with _blaming(self._path):
            output = self._run(canvas.tensor)
        boxes, scores = read_people(output, self.facts, canvas.size)
        boxes /= np.array((canvas.width, canvas.height) * 2, np.float32)
        detections = Detections.sanitised(boxes, scores, frame.mono_s, width / height)
        self.last_ms = (time.perf_counter() - started_s) * 1000.0
        return detections

    def _run(self, tensor: NDArray[Any]) -> Output:
        """The output for a tensor; it may be written over by the next run."""
        try:
            if self._bound is None or self._bound.tensor is not tensor:
                self._bound = _Bound(self._running, self._input.name, self._output, tensor)
            return self._bound.run()
        except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions share no other base class
            self._bound = None
            if self.provider == "cpu":
                raise ModelError(f"expected to run on an input of {tensor.shape}, got: {reason(error)}") from None
            tell_fallback(self.provider, reason(error))
        self._running = open_network(self._path, self._sha256, Wanted("cpu", self._wanted.threads))
        return self._run(tensor)

    def _settle(self, facts: ModelFacts) -> ModelFacts:
        """Facts with nothing left open, checked against one run on an empty input, which also warms the session up."""
        declared = facts.input
        for axis, found in (("height", self._input.height), ("width", self._input.width)):
            if declared and found and found != getattr(declared, axis):
                raise ModelError(f"expected an input {axis} of {getattr(declared, axis)} pixels, got {found}")
        size = self._size_for(1, 1)
        output = self._run(np.zeros((1, 3, size.height, size.width), self._input.dtype))
        if not np.issubdtype(output.dtype, np.floating):
            raise ModelError(f"expected an output of floating point numbers, got {output.dtype}")
        layout = facts.layout or infer_layout(output.shape, size)
        check_layout(layout, output.shape, size, facts.person_class)
        if self._input.dtype is np.uint8:
            if facts.scale == 255.0:
                raise ModelError("expected a scale of 1 for an input of bytes, got 255")
            facts = replace(facts, scale=1.0)
        if self._input.height and self._input.width:
            facts = replace(facts, input=size)
        return facts.settled(layout)

    def _size_for(self, height: int, width: int) -> InputSize:
        """The input for frames of a size: as the file says, else the longer side of the facts at the frame's aspect."""
        ratio = self._side / max(height, width)
        free_height, free_width = (_STRIDE * max(1, -(-round(length * ratio) // _STRIDE)) for length in (height, width))
        return InputSize(self._input.height or free_height, self._input.width or free_width)


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Puts the model file in front of what is wrong with it."""
    try:
        yield
    except (ModelError, ValueError) as error:
        raise ModelError(f"{path}: {error}") from None


def _only_input(session: onnxruntime.InferenceSession) -> _Input:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(found.name for found in inputs)
        raise ModelError(f"expected one input, got {len(inputs)}: {names}")
    (found,) = inputs
    if found.type not in _DTYPES:
        raise ModelError(f"expected an input of {', '.join(_DTYPES)}, got {found.type}")
    # A free axis is a name or None.
    axes = [axis if isinstance(axis, int) and axis > 0 else None for axis in found.shape]
    if len(axes) != 4 or axes[0] not in (1, None) or axes[1] not in (3, None):
        raise ModelError(f"expected an input of 1 x 3 x height x width, got {found.shape}")
    return _Input(found.name, _DTYPES[found.type], axes[2], axes[3])
