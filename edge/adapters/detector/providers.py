"""What runs a network: onnxruntime on the wanted execution provider, or on the CPU when that one cannot.

Owns the session's options, the names and options of the providers, and the way back to the CPU, which is told and never
silent. It must not know what goes into a network and what comes out.
"""

from __future__ import annotations

import logging
import mmap
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.core.message import Provider
from edge.errors import ModelError

if TYPE_CHECKING:
    import onnxruntime

log = logging.getLogger(__name__)

_CPU = "CPUExecutionProvider"
_NAMES: dict[Provider, tuple[str, ...]] = {
    "cpu": (_CPU,),
    "cuda": ("CUDAExecutionProvider", _CPU),
    "tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider", _CPU),
    "openvino": ("OpenVINOExecutionProvider", _CPU),
}
"""What onnxruntime calls each of them, and who gets the operators that it does not know."""

_ELSEWHERE = re.compile(rb"\x6a..?\x0a\x08location\x12.", re.DOTALL)
"""How the place of weights outside of the file is written in it: TensorProto.external_data, its key, and a length."""


@dataclass(frozen=True)
class Wanted:
    """How a network is to be run.

    Attributes:
        provider: On what.
        threads: Threads of one run on the CPU.
        engines: Folder in which TensorRT keeps what it has built for a model; None: it builds anew at every start.
    """

    provider: Provider = "cpu"
    threads: int = 1
    engines: Path | None = None


@dataclass(frozen=True)
class Running:
    """A network that is ready to run.

    Attributes:
        session: It.
        provider: What it runs on: the wanted one, or the CPU.
    """

    session: onnxruntime.InferenceSession
    provider: Provider


def open_network(path: Path, sha256: str, wanted: Wanted) -> Running:
    """A network on the wanted provider, or on the CPU when that one is not built in or fails; then the log says why.

    Args:
        path: Of the ONNX file.
        sha256: Of the file: what is built from it is kept under its hash.
        wanted: How to run it.

    Raises:
        ModelError: The file cannot be run on the CPU either.
    """
    if wanted.provider != "cpu":
        try:
            return Running(_session(path, sha256, wanted), wanted.provider)
        except ModelError as error:
            tell_fallback(wanted.provider, str(error))
    return Running(_session(path, sha256, Wanted("cpu", wanted.threads)), "cpu")


def tell_fallback(provider: Provider, why: str) -> None:
    """Logs that the CPU takes over; health says so as long as it lasts."""
    log.warning("the network runs on the CPU, not on %s: %s", provider, why)


def reason(error: Exception) -> str:
    """The last part of onnxruntime's text, without its code numbers and the path that is said already."""
    return str(error).rsplit("failed:", 1)[-1].strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _session(path: Path, sha256: str, wanted: Wanted) -> onnxruntime.InferenceSession:
    # Since 1.29 the library reports its use to its maker unless this is set before it is imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - see above

    if not path.is_file():
        raise ModelError("expected an ONNX file, found none")
    _refuse_parts(path)
    built_in = onnxruntime.get_available_providers()
    first, *others = _NAMES[wanted.provider]
    if first not in built_in:
        raise ModelError(f"expected an onnxruntime with {first}, got one with {', '.join(built_in)}")
    providers = [first, *(name for name in others if name in built_in)]
    options = _options(onnxruntime, wanted.threads)
    try:
        # Falling back to another provider would be told on stdout, which is not onnxruntime's to write to.
        session = onnxruntime.InferenceSession(
            str(path),
            options,
            providers=providers,
            provider_options=[_provider_options(name, sha256, wanted) for name in providers],
            enable_fallback=0,
        )
    except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions share no other base class
        raise ModelError(f"{_expected(error, path)}: {reason(error)}") from None
    if session.get_providers()[0] != first:
        raise ModelError(f"expected {first} to load, got {session.get_providers()[0]}; its libraries are missing")
    return session


def _options(onnxruntime: Any, threads: int) -> onnxruntime.SessionOptions:  # noqa: ANN401 - the module
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_mem_pattern = False  # it plans memory anew after the first run and keeps both: megabytes for nothing
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _provider_options(name: str, sha256: str, wanted: Wanted) -> dict[str, str]:
    """TensorRT takes minutes to build an engine: it is kept, under the hash of the model it was built from."""
    if name != "TensorrtExecutionProvider" or wanted.engines is None:
        return {}
    folder = wanted.engines / sha256
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("%s: expected a folder for TensorRT's engines, got: %s", folder, error.strerror)
        return {}
    return {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}


def _refuse_parts(path: Path) -> None:
    """Refuses a file that keeps weights in other files: its hash would vouch for none of them, wherever they lie."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return  # cannot be mapped, and is refused as a network anyway
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = _ELSEWHERE.search(content)
            if found is None:
                return
            start, length = found.end(), content[found.end() - 1]
            named = content[start : start + length].decode("utf-8", "replace")
    raise ModelError(f"expected all weights in this file, whose hash vouches for them, got some in {named!r}")


def _expected(error: Exception, path: Path) -> str:
    kind = type(error).__name__
    if kind == "NotImplemented":
        return (
            "expected a network of operators that this machine can run (half precision, fp16, often needs a GPU: "
            "take the fp32 or int8 file), got"
        )
    if kind in ("InvalidProtobuf", "InvalidArgument"):
        return f"expected a complete ONNX file, got {path.stat().st_size} bytes"
    return "expected a network that onnxruntime can load, got"
