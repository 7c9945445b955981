"""One row of the table in docs/reliability.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A test, what was to be reached, and what was.

    Attributes:
        name: What was done to the service.
        goal: What was to be reached.
        result: What was measured.
        reached: Whether that is enough.
    """

    name: str
    goal: str
    result: str
    reached: bool
