"""Real pictures in every format that the libraries here can write, and much that is none."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge.privacy.signatures import signatures
from tests.commands import ROOT, film
from tests.rtsp import _Packets, barcode


@pytest.mark.parametrize(
    ("suffix", "form"),
    [(".jpg", "JPEG"), (".png", "PNG"), (".webp", "WebP"), (".bmp", "BMP"), (".tiff", "TIFF"), (".gif", "GIF")],
)
def test_a_picture_is_found_wherever_it_stands(suffix: str, form: str) -> None:
    if suffix == ".gif" and not cv2.haveImageWriter("x.gif"):
        coded = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
    else:
        coded = cv2.imencode(suffix, barcode(3))[1].tobytes()
    assert signatures(coded) == {form}
    assert form in signatures(b'{"in": 3}' + coded + b"tail")


@pytest.mark.parametrize(("suffix", "form"), [(".jpg", "base64 JPEG"), (".png", "base64 PNG")])
def test_a_picture_in_text_is_found(suffix: str, form: str) -> None:
    text = base64.b64encode(cv2.imencode(suffix, barcode(3))[1].tobytes())
    assert form in signatures(b'{"note": "' + text + b'"}')


def test_video_is_found_as_a_file_and_as_a_stream(tmp_path: Path) -> None:
    assert "ISO media" in signatures(film(tmp_path / "walk.mp4", seconds=0.5).read_bytes())
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base = _Packets(10.0)._open(av.VideoFrame(320, 240, "yuv420p")).time_base
    frame = av.VideoFrame.from_ndarray(barcode(1), format="bgr24").reformat(format="yuv420p")
    stream = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
    assert "H.264" in signatures(stream)


def test_a_database_and_texts_are_no_pictures(tmp_path: Path) -> None:
    database = tmp_path / "rows.db"
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, payload BLOB)")
        row = b'{"schema": 1, "in": 3, "histogram": [0, 1, 2]}'
        opened.executemany(
            "INSERT INTO rows (payload) VALUES (?)", [(row * (number % 9 + 1),) for number in range(5000)]
        )
    assert signatures(database.read_bytes()) == set()
    assert signatures((ROOT / "edge/demo/shop.jsonl").read_bytes()) == set()
    assert signatures(bytes(4_000_000)) == set()
    assert signatures(bytes(range(256)) * 1000) == set()


def test_noise_is_rarely_taken_for_a_picture() -> None:
    """Ciphertext looks like noise: three bytes and a third of a fourth are a JPEG once in 60 MB or so."""
    noise = np.random.default_rng(2).integers(0, 256, 4_000_000, dtype=np.uint8).tobytes()
    assert signatures(noise) == set()
