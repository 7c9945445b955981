"""`python -m edge`, and the command `edge`.

Nearly every start is `edge run` of a service: in its plain form it begins here, without the command line's library and
without the other commands. Whatever is not understood here at first sight goes to the command line, which knows better.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

# Before the libraries are loaded that read them.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime reports its use to its maker from 1.29 on
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # whatever else is installed would be looked for, and read all rows
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's matrices here are tiny: its threads only take memory

_OPTIONS = {"--config": "config", "-c": "config", "--camera": "camera", "--state-dir": "state_dir", "--speed": "speed"}


def main() -> None:
    """Runs the command line."""
    options = _plain_run(sys.argv[1:])
    if options is None:
        from edge.cli import main as command_line  # noqa: PLC0415 - it costs more than a service needs to start

        return command_line()
    from edge.commands.exits import exit_codes  # noqa: PLC0415
    from edge.commands.running import run  # noqa: PLC0415

    gc.disable()  # loading makes no garbage worth a search; the service enables it when it has started
    state_dir = options.get("state_dir")
    with exit_codes():
        run(
            Path(options.get("config", "config.yaml")),
            options.get("camera"),
            Path(state_dir) if state_dir else None,
            "max" if options.get("speed") == "max" else "real",
        )
    return None


def _plain_run(words: list[str]) -> dict[str, str] | None:
    """The options of a plain `edge run`; None when it is another command, or not as plain as that.

    >>> _plain_run(["run", "-c", "shop.yaml", "--speed", "max"])
    {'config': 'shop.yaml', 'speed': 'max'}
    >>> _plain_run(["run", "--help"]), _plain_run(["run", "--speed", "fast"]), _plain_run(["check"])
    (None, None, None)
    """
    if words[:1] != ["run"] or len(words) % 2 == 0:
        return None
    options = dict(zip(words[1::2], words[2::2], strict=True))
    plain = set(options) <= set(_OPTIONS) and not any(not value or value.startswith("-") for value in options.values())
    if not plain or len(options) * 2 != len(words) - 1 or options.get("--speed", "real") not in ("real", "max"):
        return None
    return {_OPTIONS[name]: value for name, value in options.items()}


if __name__ == "__main__":
    main()
