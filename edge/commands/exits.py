"""How a command ends that went wrong: an EdgeError is one line on stderr and its exit code, without any secret."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import EdgeError

_SECRET = re.compile(r"(?<=:/).*@|(?<=password=)[^\s&'\"]*")
"""User and password of an address, also when pathlib has taken one of its slashes."""

_INTERRUPTED = 130
"""What a shell says of a program that was ended with Ctrl-C."""


def discreet(text: str) -> str:
    """The text without passwords: people paste a camera's address wherever it seems to fit."""
    return _SECRET.sub("…", text)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turns what ends a command into how the process ends."""
    try:
        yield
    except EdgeError as error:
        print(f"edge: {discreet(str(error))}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None
