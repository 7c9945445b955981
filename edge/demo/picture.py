"""Takes a picture of the scripted shop and draws the counts over it: nobody's photograph, for the README.

`python -m edge.demo.picture OUT.png` writes it. It knows the scene's floor plan, and nothing of the service.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from edge.adapters import overlay
from edge.core.rules import LineRule, ZoneRule
from edge.core.types import Tracks
from edge.demo import scene
from edge.demo.film import Film

AT_S = 139.7


def annotated(at_s: float) -> overlay.Image:
    """The shop with its line, zones, people and the counts up to then."""
    crowd = scene.people()
    happened = scene.truth(crowd)
    crossings = [event["inward"] for event in happened["lines"]["door"]["events"] if event["t_s"] <= at_s]
    rows = [("in", str(sum(crossings))), ("out", str(len(crossings) - sum(crossings)))]
    for name, facts in happened["zones"].items():
        stays = [visit["end_s"] - visit["start_s"] for visit in facts["visits"] if visit["end_s"] <= at_s]
        rows.append((name, f"{len(stays)} visits, {np.mean(stays):.0f} s"))
    image, boxes = Film(crowd, scene.HEIGHT, scene.WIDTH).labelled(at_s)
    zones = [ZoneRule(name, polygon) for name, polygon in scene.ZONES.items()]
    overlay.draw_rules(image, [LineRule("door", scene.DOOR, scene.INSIDE)], zones)
    overlay.draw_tracks(image, Tracks(np.arange(len(boxes)), boxes, np.ones(len(boxes), bool), at_s, scene.ASPECT))
    overlay.draw_counts(image, rows)
    return image


if __name__ == "__main__":
    overlay.write_png(Path(sys.argv[1]), annotated(AT_S))
