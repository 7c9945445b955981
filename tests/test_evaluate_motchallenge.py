"""Files of MOTChallenge, right and wrong."""

import re
from pathlib import Path

import numpy as np
import pytest

from edge.errors import EdgeError
from edge.evaluation.motchallenge import SIZE, read_sequence

GT = "1,7,10,20,30,60,1,1,1\n2,7,12,20,30,60,1,1,0.5\n"
DET = "1,-1,11,21,30,60,0.9\n2,-1,12,20,30,60,0.4,-1,-1,-1\n"
INFO = "[Sequence]\nname=x\nframeRate=25\nseqLength=4\nimWidth=640\nimHeight=480\n"


@pytest.fixture
def read(tmp_path: Path):
    """Reads two files of this content."""

    def read(gt: str = GT, det: str = DET, fps: float | None = 10.0):
        (tmp_path / "gt.txt").write_text(gt)
        (tmp_path / "det.txt").write_text(det)
        return read_sequence(tmp_path / "gt.txt", tmp_path / "det.txt", fps)

    return read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sequence as the benchmark lays it out."""
    for name, content in (("gt/gt.txt", GT), ("det/det.txt", DET), ("seqinfo.ini", INFO)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_two_files_are_a_sequence(read):
    sequence = read()
    assert (sequence.fps, sequence.size, len(sequence.people), len(sequence.detections)) == (10.0, SIZE, 2, 2)
    assert sequence.people[1].ids.tolist() == [7]
    assert sequence.people[1].corners.tolist() == [[12.0, 20.0, 42.0, 80.0]]
    assert sequence.detections[0].corners.tolist() == [[11.0, 21.0, 41.0, 81.0]]
    assert [boxes.scores.tolist() for boxes in sequence.detections] == [[0.9], [0.4]]


def test_a_folder_tells_rate_size_and_length(folder):
    sequence = read_sequence(folder, folder)
    assert (sequence.fps, sequence.size, len(sequence.people)) == (25.0, (640, 480), 4)
    assert [len(boxes.ids) for boxes in sequence.detections] == [1, 1, 0, 0], "empty pictures are pictures"


def test_the_file_in_a_folder_is_told_the_same(folder):
    assert read_sequence(folder / "gt" / "gt.txt", folder / "det" / "det.txt").fps == 25.0


def test_a_rate_that_is_given_wins(folder):
    assert read_sequence(folder, folder, 5.0).fps == 5.0


def test_lines_may_come_in_any_order(read):
    """The benchmark itself sorts gt.txt by id."""
    sequence = read(gt="3,1,1,1,9,9\n1,1,1,1,9,9\n2,2,1,1,9,9\n1,2,5,5,9,9\n", det="3,-1,1,1,9,9\n1,-1,1,1,9,9\n")
    assert [boxes.ids.tolist() for boxes in sequence.people] == [[1, 2], [2], [1]]
    assert [len(boxes.ids) for boxes in sequence.detections] == [1, 0, 1]


def test_what_does_not_count_is_left_out(read):
    gt = GT + "1,8,0,0,9,9,0,1,1\n1,9,0,0,9,9,1,3,1\n1,10,0,0,9,9,1,-1,-1,-1\n1,11,0,0,9,9\n"
    assert read(gt=gt).people[0].ids.tolist() == [7, 10, 11], "neither the ignored nor the vehicle"


def test_detections_without_size_are_left_out_and_scores_stay_in_range(read):
    det = "1,-1,1,1,0,9,0.9\n1,-1,1,1,9,-2,0.9\n1,-1,1,1,9,9,3.5\n2,-1,1,1,9,9,-0.5\n2,-1,1,1,9,9\n"
    assert [boxes.scores.tolist() for boxes in read(det=det).detections] == [[1.0], [0.0, 1.0]]


@pytest.mark.parametrize("det", ["", "\n\n", "1,-1,1,1,0,0,0.9\n"])
def test_no_detection_at_all_is_a_result(read, det):
    sequence = read(det=det)
    assert [len(boxes.ids) for boxes in sequence.detections] == [0, 0]
    assert sequence.detections[0].corners.shape == (0, 4)
    assert np.isfinite(sequence.people[0].corners).all()


@pytest.mark.parametrize(
    ("gt", "message"),
    [
        ("", "gt.txt: expected at least one box of a person, got none"),
        ("1,1,0,0,9,9,0\n", "gt.txt: expected at least one box of a person, got none"),
        (GT + "3,7,1,1,x,9\n", "gt.txt, line 3: expected numbers with commas between them, got '3,7,1,1,x,9'"),
        (GT + "3 7 1 1 9 9\n", "gt.txt, line 3: expected numbers with commas between them, got '3 7 1 1 9 9'"),
        (
            GT + "3,7,1,1,9\n",
            "gt.txt, line 3: expected frame,id,left,top,width,height and what follows, got '3,7,1,1,9'",
        ),
        (GT + "3,7,1,1,nan,9\n", "gt.txt, line 3: expected numbers that make sense, got '3,7,1,1,nan,9'"),
        (GT + "3,7,1e300,1,9,9\n", "gt.txt, line 3: expected numbers that make sense"),
        (GT + "0,7,1,1,9,9\n", "gt.txt, line 3: expected a frame number from 1 to 1000000, got '0,7,1,1,9,9'"),
        (GT + "-3,7,1,1,9,9\n", "gt.txt, line 3: expected a frame number from 1"),
        (GT + "2.5,7,1,1,9,9\n", "gt.txt, line 3: expected a frame number from 1"),
        (GT + "999999999,7,1,1,9,9\n", "gt.txt, line 3: expected a frame number from 1"),
        (GT + "3,7.5,1,1,9,9\n", "gt.txt, line 3: expected an id that is a whole number, got '3,7.5,1,1,9,9'"),
        (GT + "3,7,1,1,0,9\n", "gt.txt, line 3: expected a box with width and height, got 0 x 9"),
        (GT + "3,7,1,1,9,-9\n", "gt.txt, line 3: expected a box with width and height, got 9 x -9"),
        (GT + "2,7,50,1,9,9\n", "gt.txt, line 3: expected id 7 once in frame 2, got it again ("),
        (DET, "gt.txt, line 1: expected the id of a person, got -1; is gt.txt a det.txt?"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(read, gt, message):
    with pytest.raises(EdgeError, match=re.escape(message)):
        read(gt=gt)


def test_a_wrong_line_of_the_detections_is_told_too(read):
    with pytest.raises(EdgeError, match=r"det.txt, line 2: expected frame,id,left,top,width,height"):
        read(det="1,-1,1,1,9,9,1\n\x00\n".replace("\x00", "1"))


def test_a_file_that_is_none_is_told(tmp_path, folder):
    with pytest.raises(EdgeError, match=r"none.txt: expected a readable MOTChallenge file, got: No such file"):
        read_sequence(tmp_path / "none.txt", folder, 10.0)
    (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(EdgeError, match=r"picture.jpg: expected a text of numbers, got byte 0xff"):
        read_sequence(folder, tmp_path / "picture.jpg")


def test_a_rate_has_to_be_known(read):
    with pytest.raises(EdgeError, match=r"expected --fps, or frameRate in a seqinfo\.ini"):
        read(fps=None)


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ("frameRate=25\n", "seqinfo.ini: expected a section [Sequence] with numbers"),
        ("[Sequence]\nframeRate=fast\n", "seqinfo.ini: expected a section [Sequence] with numbers"),
        ("[Other]\nframeRate=25\n", "seqinfo.ini: expected a section [Sequence] with numbers"),
        ("[Sequence]\nframeRate=0\n", "seqinfo.ini: expected numbers above 0, got frameRate 0.0"),
        ("[Sequence]\nframeRate=nan\n", "seqinfo.ini: expected numbers above 0, got frameRate nan"),
        ("[Sequence]\nframeRate=25\nseqLength=1\n", "expected frames up to seqLength 1 of seqinfo.ini, got 2"),
        ("[Sequence]\n", "expected --fps, or frameRate"),
    ],
)
def test_a_wrong_seqinfo_is_told(folder, info, message):
    (folder / "seqinfo.ini").write_text(info)
    with pytest.raises(EdgeError, match=re.escape(message)):
        read_sequence(folder, folder)
