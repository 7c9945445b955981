"""The power goes at many moments of one run; the disk tears what was not synced."""

from __future__ import annotations

import logging
from pathlib import Path

from benchmarks.chaos.row import Row
from tests.chaos.test_power_cut import cut_power


def power_cuts(folder: Path, *, points: int, intervals: int) -> Row:
    """Every start after a cut checks rows, numbers and registers; an error there ends all."""
    logging.disable(logging.WARNING)
    folder.mkdir(parents=True)
    problem = ""
    try:
        lost = cut_power(folder, intervals=intervals, points=points, seed=1)
    except AssertionError as error:
        lost, problem = [], str(error)
    finally:
        logging.disable(logging.NOTSET)
    result = problem or (
        f"{len(lost)} cuts over {intervals} intervals: 0 committed rows lost, 0 corrupt, registers equal; at most "
        f"{max(lost)} s of observation lost, and none of it said to have been watched"
    )
    goal = "0 committed rows lost, 0 corrupt, registers equal the sum of rows"
    return Row("simulated power cut with torn sectors", goal, result, not problem and len(lost) == points)
