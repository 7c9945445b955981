"""One run of `edge run`, the service as it is: `python -m benchmarks.peers.ours SPEC.json BEGAN_S`.

The counts are read out of its books afterwards, as a reader would get them.
"""

from __future__ import annotations

import gc
import json
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from benchmarks.peers.stopwatch import Stopwatch
from edge.__main__ import main as edge


def main() -> None:
    """Counts one clip."""
    spec: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    gc.disable()  # as `edge run` does before it loads anything; the rest is loaded here only to have a hand on it
    watch = Stopwatch(float(sys.argv[2]), Path(spec["report"]))
    from edge.core.pipeline import Pipeline  # noqa: PLC0415

    step = Pipeline.step

    def first(pipeline: Pipeline, seen: Any) -> Any:  # noqa: ANN401
        answer = step(pipeline, seen)
        watch.counted()
        Pipeline.step = step  # type: ignore[method-assign]
        return answer

    Pipeline.step = first  # type: ignore[method-assign, assignment]
    state = Path(spec["state"])
    sys.argv = ["edge", "run", "--config", spec["config"], "--state-dir", str(state), "--speed", "max"]
    with suppress(SystemExit):
        edge()
    counts, frames = _books(state, spec["line_name"])
    watch.finish(pictures=frames, counts=counts, version="edge", nms="edge")


def _books(state: Path, line: str) -> tuple[dict[str, int], int]:
    (path,) = state.glob("*.db")
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT payload FROM rows WHERE topic LIKE ?", (f"%/line/{line}",))
        rows = [json.loads(text) for (text,) in found]
    return {way: sum(row[way] for row in rows) for way in ("in", "out")}, sum(row["frames"] for row in rows)


if __name__ == "__main__":
    main()
