import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.adapters.recording import LONGEST_LINE, Recording, RecordingWriter
from edge.core.types import Detections, Tracks
from edge.errors import CameraError

HEADER = '{"recording": 1, "width": 640, "height": 480, "fps": 10}'


@pytest.fixture
def write(tmp_path):
    def write_lines(*lines):
        path = tmp_path / "boxes.jsonl"
        path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
        return path

    return write_lines


def read(path: Path, **options: Any) -> list[Detections | Tracks]:
    with Recording(path, **options) as recording:
        return list(recording.observations())


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "boxes.jsonl"
    generator = np.random.default_rng(1)
    corners = np.sort(generator.uniform(0, 1, (50, 2, 2)), axis=1).reshape(50, 4)
    given = [
        Detections.sanitised(corners[:count], generator.uniform(0, 1, count), 100.0 + count / 30, 1.5)
        for count in range(50)
    ]
    with RecordingWriter(path, width=768, height=512, fps=30) as writer:
        for detections in given:
            writer.write(detections)
    with Recording(path) as recording:
        assert (recording.aspect, recording.fps) == (1.5, 30.0)
        found = list(recording.observations())
    assert len(found) == 50
    for before, after in zip(given, found, strict=True):
        assert isinstance(after, Detections)
        np.testing.assert_allclose(after.boxes, before.boxes, atol=1e-5)
        np.testing.assert_allclose(after.scores, before.scores, atol=1e-5)
        assert after.mono_s == pytest.approx(before.mono_s, abs=1e-5)
        assert after.aspect == 1.5


def test_a_frame_with_ids_is_tracks_and_loses_what_is_no_box(write):
    boxes = [[0.1, 0.1, 0.2, 1.5, 0.9], [0.5, 0.5, 0.4, 0.6, 0.9], [0.3, 0.3, 0.4, 0.4]]
    path = write(
        HEADER,
        json.dumps({"t_s": 0, "boxes": boxes, "ids": [7, 8, -(2**63)]}),
        '{"t_s": 0.1, "boxes": [], "ids": []}',
        json.dumps({"t_s": 0.2, "boxes": boxes}),
    )
    first, empty, plain = read(path)
    assert isinstance(first, Tracks)
    assert first.ids.tolist() == [7, -(2**63)]
    assert first.ids.dtype == np.int64
    assert first.observed.tolist() == [True, True]
    assert isinstance(plain, Detections)
    np.testing.assert_array_equal(first.boxes, plain.boxes)
    assert plain.scores.tolist() == pytest.approx([0.9, 1.0])
    assert isinstance(empty, Tracks)
    assert empty.boxes.shape == (0, 4)


def test_the_rate_limit_goes_by_time_stamps(write):
    path = write(HEADER, *(json.dumps({"t_s": index / 10, "boxes": []}) for index in range(20)))
    assert [observation.mono_s for observation in read(path, max_fps=5)] == [index / 5 for index in range(10)]


def test_real_time_gives_the_same_and_takes_as_long_as_the_original(write):
    path = write(HEADER, *(json.dumps({"t_s": 50 + index / 10, "boxes": []}) for index in range(6)))
    start_s = time.monotonic()
    found = read(path, speed="real")
    assert time.monotonic() - start_s >= 0.49
    assert [one.mono_s for one in found] == [one.mono_s for one in read(path)]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "one JSON object"),
        ("[1]", "one JSON object"),
        ('{"width": 1, "height": 1, "fps": 1}', '"recording"'),
        ('{"recording": 2, "width": 1, "height": 1, "fps": 1}', "got 2"),
        ('{"recording": true, "width": 1, "height": 1, "fps": 1}', "got True"),
        ('{"recording": 1, "width": 0, "height": 1, "fps": 1}', "above 0"),
        ('{"recording": 1, "width": "640", "height": 1, "fps": 1}', '"width"'),
        ('{"recording": 1, "width": 640, "height": 1, "fps": 1}', "above 0"),
        ('{"recording": 1, "width": 640, "height": 480}', '"fps"'),
        ('{"recording": 1, "width": 640, "height": 480, "fps": 1e999}', '"fps"'),
    ],
)
def test_a_wrong_header_names_line_1(write, header, words):
    with pytest.raises(CameraError) as caught:
        read(write(header))
    assert "boxes.jsonl, line 1: expected" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "one JSON object"),
        ('{"t_s": 1, "boxes": [', "one JSON object"),
        ("[" * 100_000, "one JSON object"),
        (b"\xff\xfe\x00\x01", "one JSON object"),
        (b'{"t_s": 1, "boxes": []}\x00', "one JSON object"),
        ('{"t_s": NaN, "boxes": []}', "NaN"),
        ('{"t_s": 1, "boxes": [[0, 0, Infinity, 1, 1]]}', "Infinity"),
        ('{"t_s": 1, "boxes": [[0, 0, 1e999, 1, 1]]}', "each box"),
        ('{"t_s": 1, "boxes": [[0, 0, ' + "9" * 400 + ", 1, 1]]}", "each box"),
        ('{"t_s": 1e11, "boxes": []}', '"t_s"'),
        ('{"t_s": true, "boxes": []}', '"t_s"'),
        ('{"t_s": "1", "boxes": []}', '"t_s"'),
        ('{"boxes": []}', '"t_s"'),
        ('{"t_s": 1}', '"boxes"'),
        ('{"t_s": 1, "boxes": {}}', '"boxes"'),
        ('{"t_s": 1, "boxes": [1]}', "each box"),
        ('{"t_s": 1, "boxes": [[1, 2, 3]]}', "each box"),
        ('{"t_s": 1, "boxes": [[1, 2, 3, 4, 5, 6]]}', "each box"),
        ('{"t_s": 1, "boxes": [[0, 0, "1", 1, 1]]}', "each box"),
        ('{"t_s": 1, "boxes": [[0, 0, 1, 1, null]]}', "each box"),
        ('{"t_s": 1, "boxes": [[0, 0, 1, 1]], "ids": []}', '1 "ids"'),
        ('{"t_s": 1, "boxes": [], "ids": [1]}', '0 "ids"'),
        ('{"t_s": 1, "boxes": [[0, 0, 1, 1], [0, 0, 1, 1]], "ids": [3, 3]}', "only once"),
        ('{"t_s": 1, "boxes": [[0, 0, 1, 1]], "ids": [9223372036854775808]}', "64 bits"),
        ('{"t_s": 1, "boxes": [[0, 0, 1, 1]], "ids": [1.5]}', "64 bits"),
        ('{"t_s": 1, "boxes": [[0, 0, 1, 1]], "ids": [true]}', "64 bits"),
        ('{"t_s": 1, "boxes": [[0, 0, 1, 1]], "ids": null}', "64 bits"),
        ('{"t_s": -0.5, "boxes": []}', "not before 0.0"),
        (" " * (LONGEST_LINE + 5), "at most"),
    ],
)
def test_a_wrong_line_names_its_number_and_what_was_expected(write, line, words):
    path = write(HEADER, '{"t_s": 0, "boxes": []}', line)
    with Recording(path) as recording:
        observations = recording.observations()
        assert next(observations).mono_s == 0.0
        with pytest.raises(CameraError) as caught:
            next(observations)
    assert "boxes.jsonl, line 3: expected" in str(caught.value)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_file_that_is_no_recording_is_an_error(tmp_path):
    binary = tmp_path / "video.jsonl"
    binary.write_bytes(np.random.default_rng(1).bytes(100_000))
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    for path in (binary, empty, tmp_path / "missing.jsonl", tmp_path):
        with pytest.raises(CameraError, match="expected") as caught:
            read(path)
        assert str(path) in str(caught.value)


def test_a_recording_that_cannot_be_written_is_an_error(tmp_path):
    path = tmp_path / "no such folder" / "boxes.jsonl"
    with pytest.raises(CameraError, match="can be written"), RecordingWriter(path, width=1, height=1, fps=1):
        pass


def test_a_full_disk_is_an_error():
    nobody = Detections.sanitised(np.empty((0, 4)), np.empty(0), 0.0, 1.0)
    writer = RecordingWriter("/dev/full", width=1, height=1, fps=1).__enter__()
    writer.write(nobody)
    with pytest.raises(CameraError, match="No space left"):
        writer.__exit__(None, None, None)


def test_a_jump_of_more_than_a_day_is_a_slip(tmp_path):
    path = tmp_path / "jump.jsonl"
    path.write_text(
        '{"recording": 1, "width": 640, "height": 480, "fps": 10}\n'
        '{"t_s": 0, "boxes": []}\n{"t_s": 90000, "boxes": []}\n'
    )
    with Recording(path) as recording, pytest.raises(CameraError, match=r"line 3.*at most 86400 s after 0.0"):
        list(recording.observations())
