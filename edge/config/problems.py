"""What is wrong with a configuration, said so that a person can mend it.

This module knows places and wording, not the keys. Nothing it prints can be a secret: a path ends at a key that holds
one, and a text that could be a URL with a password is described, not shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.errors import ConfigError

Loc = tuple[str | int, ...]
"""Where a value stands: keys of mappings and positions in lists, from the top."""

SECRET_KEYS = frozenset({"password"})
_SHOWN_CHARS = 40


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    Attributes:
        line: Line of the YAML text, from 1.
        path: Such as `cameras[0].lines[0].points`; empty for the text as a whole.
        message: What was expected and what came.

    >>> print(Problem(14, "cameras[0].lines[0].point", "unknown key; did you mean 'points'?"))
    line 14: cameras[0].lines[0].point: unknown key; did you mean 'points'?
    """

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (f"line {self.line}", self.path, self.message) if part)


class InvalidConfigError(ConfigError):
    """A configuration that cannot be used, with every problem that was found in it, in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line))
        super().__init__("\n".join(map(str, self.problems)))


def is_secret(loc: Loc) -> bool:
    """Whether a value at `loc` is a secret or a part of one."""
    return not SECRET_KEYS.isdisjoint(loc)


def path_text(loc: Loc) -> str:
    """The path as people write it; it ends at a secret, because a misplaced secret may have become a key.

    A key that is no plain word is quoted, so that no character of it reaches a terminal as it is.

    >>> path_text(("cameras", 0, "lines", 2, "name")), path_text(("mqtt", "password", "hunter2"))
    ('cameras[0].lines[2].name', 'mqtt.password')
    """
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step if step.isidentifier() else shown(step)}"
        if step in SECRET_KEYS:
            break
    return text.removeprefix(".")


def shown(value: object) -> str:
    """A found value in the words of YAML, at most 40 characters of it.

    >>> shown(None), shown(True), shown("foots"), shown((1, 2)), shown({}), shown(float("nan"))
    ('nothing', 'true', "'foots'", 'a list of 2', 'a mapping', '.nan')
    >>> shown("rtsp://admin:secret@camera/")
    "a text with '@' (not shown)"
    """
    if isinstance(value, str):
        return "a text with '@' (not shown)" if "@" in value else repr(_shortened(value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{value}".replace("inf", ".inf")
    if isinstance(value, tuple):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "a mapping"
    return "nothing" if value is None else _shortened(str(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
