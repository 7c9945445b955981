"""What one contestant takes, measured from inside its process and written as JSON at the end.

Standard library alone: it also runs in the environments of the peers. It knows onnxruntime's session, which all of them
use, and nothing of what is counted.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Stopwatch:
    """Starts with the process, hears of the first counted picture and of the end.

    Args:
        began_s: When the process was started, on the monotonic clock, which all processes of a machine share.
        report: The file to write.
    """

    def __init__(self, began_s: float, report: Path) -> None:
        self._began_s, self._report = began_s, report
        self._first_s: float | None = None
        self._cpu_first_s = 0.0
        self._network_s = 0.0
        self._runs = 0
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when onnxruntime is imported
        session: Any = importlib.import_module("onnxruntime").InferenceSession
        for name in ("run", "run_with_iobinding"):
            setattr(session, name, self._timed(getattr(session, name)))

    def counted(self) -> None:
        """A picture has been counted; only the first one matters. What comes until then is the start."""
        if self._first_s is None:
            self._cpu_first_s = time.process_time()
            self._network_s, self._runs = 0.0, 0
            self._first_s = time.monotonic()

    def finish(self, **facts: object) -> None:
        """Writes the report: seconds of processor time from the first counted picture on, memory, and `facts`."""
        if self._first_s is None:
            raise SystemExit("expected at least one counted picture, got none")
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        # VmHWM starts anew with a program; getrusage's maximum would begin with the memory of whoever started it.
        peak_kb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        measured = {
            "start_s": self._first_s - self._began_s,
            "start_cpu_s": self._cpu_first_s,
            "cpu_s": time.process_time() - self._cpu_first_s,
            "network_s": self._network_s,
            "runs": self._runs,
            "peak_mb": peak_kb / 1024,
        }
        self._report.write_text(json.dumps(measured | facts), encoding="utf-8")

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            start_s = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self._network_s += time.process_time() - start_s
                self._runs += 1

        return timed
