"""The dashboard and the metrics know each other: nothing is asked for that is not there, nothing is left out unsaid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.metrics import Metrics
from tests.adapters.test_metrics import HEALTH, scraped

DASHBOARD = json.loads((Path(__file__).parents[1] / "docs" / "grafana" / "boxes.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
NOT_SHOWN = {"process_virtual_memory_bytes", "process_max_fds"}
"""Of the process; nobody would look at them."""


def queries() -> Iterator[str]:
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])
    yield from (variable["definition"] for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query")


def named(query: str) -> set[str]:
    """Names of metrics in a query: what is neither a label nor a function."""
    without_labels = re.sub(r"\{[^}]*\}|\b(?:by|on) \([^)]*\)", "", query)
    return set(re.findall(r"\b(?:edge|process)_\w+", without_labels))


@pytest.fixture(scope="module")
def exported() -> dict[tuple[str, ...], float]:
    with Metrics(0) as metrics:
        metrics.about(site="shop", device="box", camera="entrance", software="0.1.0")
        metrics.watched(1, 1)
        metrics.line("door", 1, 1)
        metrics.zone("table", 1)
        metrics.health(HEALTH)
        return scraped(metrics)


def test_every_query_asks_for_what_is_exported(exported: dict[tuple[str, ...], float]) -> None:
    there = {name for name, *_ in exported}
    for query in queries():
        assert named(query), query
        assert named(query) <= there, query


def test_every_metric_is_shown_or_said_not_to_be(exported: dict[tuple[str, ...], float]) -> None:
    shown = {name for query in queries() for name in named(query)}
    assert {name for name, *_ in exported} - shown == NOT_SHOWN


def test_every_panel_asks_the_chosen_source_about_the_chosen_boxes() -> None:
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "instance"}
    for panel in PANELS:
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert target["expr"].count("{") == target["expr"].count('{instance=~"$instance"}') > 0


def test_panels_do_not_lie_on_each_other() -> None:
    taken: dict[tuple[int, int], Any] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
