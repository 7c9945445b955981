"""The broker is away for days of rows, which pass in minutes; then it comes."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.chaos.parts import last_seqs, make, missing, reader, service, wait_for
from benchmarks.chaos.row import Row
from benchmarks.chaos.shop import configuration, record
from tests.mosquitto import Mosquitto

MOST_MB, WARM_S = 5.0, 15.0


def broker_away(folder: Path, *, hours: float) -> Row:
    """Counts without a broker, looks at the memory, and then lets the rows out."""
    folder.mkdir(parents=True)
    film = folder / "shop.jsonl"
    record(film, hours * 3600.0, fps=1.0, every_s=60.0, walk_s=10.0)
    with Mosquitto(folder / "broker", start=False) as mosquitto:
        box = make(folder / "box", configuration(film, mosquitto.port, interval_s=300))
        start_s = time.time() - hours * 3600.0 - 600.0
        warm_mb = most_mb = 0.0
        with service(box, start_s=start_s) as counting:
            began_s = time.monotonic()
            while counting.running:
                time.sleep(0.2)
                if counting.running and time.monotonic() - began_s > WARM_S:
                    now_mb = counting.resident_mb()
                    warm_mb = warm_mb or now_mb
                    most_mb = max(most_mb, now_mb)
            code = counting.code
        expected = last_seqs(box)
        mosquitto.start()
        record(film, 900.0, fps=10.0)  # from now on at the rate of a camera: rows go out with the turns of the loop
        with reader(box, mosquitto.port), service(box, speed="real") as sending:
            late_s = wait_for(lambda: missing(box, expected) == 0, 120.0, 0.5)
            most_mb = max(most_mb, sending.resident_mb())
    rows, lost = sum(expected.values()), missing(box, expected)
    result = (
        f"{rows} rows of {hours:g} h: {lost} lost, all there {late_s or 0.0:.1f} s after the broker; memory "
        f"{warm_mb:.1f} MB after {WARM_S:g} s, at most {most_mb:.1f} MB ({most_mb - warm_mb:+.1f})"
    )
    reached = code == 0 and lost == 0 and late_s is not None and most_mb - warm_mb <= MOST_MB
    return Row(f"broker away for {hours:g} h of rows", "0 lost, RSS + at most 5 MB", result, reached)
