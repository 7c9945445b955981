"""How good tracks are: HOTA, IDF1, MOTA and id switches, by the package `trackers` of the extra [dev].

HOTA: J. Luiten et al., IJCV 129 (2021). IDF1: E. Ristani et al., ECCV workshops 2016. MOTA: K. Bernardin and
R. Stiefelhagen, EURASIP JIVP 2008. The service never loads any of this.
"""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edge.errors import EdgeError
from edge.evaluation.motchallenge import Boxes, Sequence
from edge.evaluation.peers import Answer, Peer, available


@dataclass(frozen=True)
class Quality:
    """Shares from 0 to 1 (MOTA can be negative), and a number."""

    hota: float
    idf1: float
    mota: float
    id_switches: int


@dataclass(frozen=True)
class Comparison:
    """What a sequence holds, what each tracker made of it, and which ones are not here."""

    fps: float
    frames: int
    people: int
    detections: int
    found: dict[str, Quality]
    skipped: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """The object that `edge eval tracking --json` writes, shares to 4 digits."""
        found = {
            name: {key: round(value, 4) for key, value in asdict(quality).items()}
            for name, quality in self.found.items()
        }
        about = {key: getattr(self, key) for key in ("fps", "frames", "people", "detections")}
        return {**about, "trackers": found, "skipped": self.skipped}


def compare(sequence: Sequence) -> Comparison:
    """Tracks the detections with ours and with each peer that is installed.

    Raises:
        EdgeError: The package that computes the metrics is missing.
    """
    _library()
    peers, skipped = available(sequence.fps, sequence.size)
    return Comparison(
        fps=sequence.fps,
        frames=len(sequence.people),
        people=len({identity for boxes in sequence.people for identity in boxes.ids.tolist()}),
        detections=sum(len(boxes.ids) for boxes in sequence.detections),
        found={name: quality(sequence.people, track(sequence, peer)) for name, peer in peers.items()},
        skipped=skipped,
    )


def track(sequence: Sequence, peer: Peer) -> list[Answer]:
    """The tracks in each picture; the first is taken at 0 s."""
    return [
        peer.unwrap(peer.update(peer.wrap(boxes, number / sequence.fps)))
        for number, boxes in enumerate(sequence.detections)
    ]


def quality(people: tuple[Boxes, ...], tracks: list[Answer]) -> Quality:
    """Compares tracks with people, picture by picture; boxes are the same from an overlap (IoU) of 0.5.

    Raises:
        EdgeError: The package that computes the metrics is missing.
    """
    library = _library()
    true_ids = [boxes.ids for boxes in people]
    ids = [ids for ids, _ in tracks]
    overlaps = [
        library.box_iou(boxes.corners, corners)
        if len(boxes.ids) and len(corners)
        else np.zeros((len(boxes.ids), len(corners)))
        for boxes, (_, corners) in zip(people, tracks, strict=True)
    ]
    clear = library.compute_clear_metrics(true_ids, ids, overlaps)
    return Quality(
        hota=float(library.compute_hota_metrics(true_ids, ids, overlaps)["HOTA"]),
        idf1=float(library.compute_identity_metrics(true_ids, ids, overlaps)["IDF1"]),
        mota=float(clear["MOTA"]),
        id_switches=int(clear["IDSW"]),
    )


def _library() -> Any:  # noqa: ANN401 - a module of an extra that may not be installed
    try:
        return importlib.import_module("trackers.eval")
    except ImportError as error:
        raise EdgeError(
            f"edge eval tracking: expected the package trackers, which computes HOTA, IDF1 and MOTA, got: {error}; "
            "install the extra [dev]"
        ) from None
