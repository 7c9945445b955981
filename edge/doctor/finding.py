"""What a check has found, in words that an operator can act on. It knows no check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "failure", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: Its name, such as `camera.fps`.
        verdict: A failure means that the box does not count, or loses counts; a warning, that somebody should look.
        saw: What was seen; no secret.
        expected: What should have been seen.
        advice: What to do; empty when there is nothing to do.
    """

    check: str
    verdict: Verdict
    saw: str
    expected: str
    advice: str = ""


def judged(check: str, verdict: Verdict, saw: str, expected: str, advice: str) -> Finding:
    """A finding that gives its advice only when something is wrong.

    >>> judged("disk.room", "ok", "9 GB", "1 GB", "delete something").advice
    ''
    """
    return Finding(check, verdict, saw, expected, "" if verdict == "ok" else advice)
