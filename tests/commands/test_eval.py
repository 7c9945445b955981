"""`edge eval` as a user meets it: what it prints and writes, and what it says of wrong input."""

import json
import sys

import pytest

from tests.assets import asset
from tests.commands import IN_S, OUT_S, ROOT, VISIT_S, edge, process, scene

SHOP, SHOP_CONFIG = ROOT / "edge/demo/shop.jsonl", ROOT / "edge/demo/demo.yaml"
SHOP_TRUTH = SHOP.with_name("shop.truth.json")
REAL_CONFIG = """\
site: test
device: box
cameras:
  - name: table
    source: clip.mp4
    model: yolox_nano_416
    lines: [{name: exit, points: [[0.846, 0.45], [0.846, 1.0]], inside: [0.5, 0.8]}]
    zones: [{name: table, polygon: [[0.40, 0.68], [0.72, 0.68], [0.72, 1.0], [0.40, 1.0]]}]
"""
GT = "".join(f"{frame},1,{100 + 2 * frame},100,40,100,1,1,1\n" for frame in range(1, 31))
DET = "".join(f"{frame},-1,{100 + 2 * frame},100,40,100,0.9\n" for frame in range(1, 31))


@pytest.fixture
def counts(capsys):
    """Compares clips of the demo's shop; options come first."""
    return lambda *options: edge(capsys, "eval", "counts", "--config", SHOP_CONFIG, *options)


@pytest.fixture
def mot(tmp_path):
    (tmp_path / "gt.txt").write_text(GT)
    (tmp_path / "det.txt").write_text(DET)
    return tmp_path


def test_tables_say_how_right_the_counts_are(counts):
    outcome = counts("--truth", SHOP_TRUTH, SHOP)
    assert (outcome.code, outcome.err) == (0, "")
    for word in (
        "every crossing",
        "100.0 (87.5..100.0)",
        "+0.0 (-12.5..+14.2)",
        "settled",
        "beauty",
        "239.9 s watched",
    ):
        assert word in outcome.out


def test_json_is_one_object_of_the_keys_that_are_promised(counts, tmp_path):
    outcome = counts("--truth", SHOP_TRUTH, SHOP, "--json", "-")
    result = outcome.json()
    assert outcome.out.count("\n") == 1
    assert list(result) == ["lines", "zones", "clips"]
    assert list(result["lines"]["door"]) == ["in", "out", "both", "settled", "time_error_s"]
    score = ["true", "counted", "matched", "missed", "invented"]
    score += ["recall", "recall_ci", "precision", "precision_ci", "bias", "bias_ci"]
    assert list(result["lines"]["door"]["in"]) == score
    assert list(result["zones"]["shoes"]) == [*score, "dwell_error_s", "left_dwell_error_s", "end_not_seen"]
    assert list(result["clips"][0]) == ["clip", "truth", "seconds", "frames", "lines", "zones"]

    written = counts("--truth", SHOP_TRUTH, SHOP, "--json", tmp_path / "r.json")
    assert "every crossing" in written.out, "a file leaves the tables to the terminal"
    assert json.loads((tmp_path / "r.json").read_text()) == result


def test_a_video_is_counted_with_its_network(tmp_path, capsys):
    config = scene(tmp_path)
    events = [{"t_s": IN_S, "inward": True}, {"t_s": OUT_S, "inward": False}]
    visits = [{"start_s": VISIT_S[0], "end_s": VISIT_S[1]}]
    truth = {"lines": {"door": {"events": events}}, "zones": {"table": {"visits": visits}}}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    arguments = ("--config", config, "--truth", tmp_path / "truth.json", tmp_path / "walk.mp4", "--json", "-")
    for options in ((), ("--detect-fps", "5")):
        result = edge(capsys, "eval", "counts", *arguments, *options).json()
        assert result["lines"]["door"]["both"]["matched"] == 2
        assert result["lines"]["door"]["settled"] is None
        assert result["zones"]["table"]["dwell_error_s"]["median"] <= 0.3


def test_what_a_replay_prints_is_a_truth_of_which_it_misses_nothing(counts, capsys, tmp_path):
    replayed = edge(capsys, "replay", SHOP, "--config", SHOP_CONFIG, "--json", "-").out
    (tmp_path / "truth.json").write_text(replayed)
    result = counts("--truth", tmp_path / "truth.json", SHOP, "--json", "-").json()
    for score in (result["lines"]["door"]["both"], *result["zones"].values()):
        assert (score["missed"], score["invented"]) == (0, 0)
    assert result["zones"]["shoes"]["dwell_error_s"] == {"median": 0.0, "p95": 0.0, "mean": 0.0}


def test_a_narrow_tolerance_matches_less(counts):
    both = [
        counts("--truth", SHOP_TRUTH, SHOP, "--json", "-", "--tolerance", seconds).json()["lines"]["door"]["both"]
        for seconds in (1.0, 0.02)
    ]
    assert both[0]["matched"] == 47 > both[1]["matched"]
    assert both[1]["bias"] == 0.0, "the bias does not ask which is which"


def test_the_real_clip_is_counted_as_its_truth_says(tmp_path, capsys):
    clip, model = asset("clips/one-by-one-person-detection.mp4"), asset("models/yolox_nano_416.onnx")
    truth = asset("clips/one-by-one-person-detection.truth.json")
    (tmp_path / "c.yaml").write_text(REAL_CONFIG)
    arguments = ("--config", tmp_path / "c.yaml", "--model", model, "--detect-fps", 5, "--json", "-", "--truth", truth)
    result = edge(capsys, "eval", "counts", *arguments, clip).json()
    assert (result["lines"]["exit"]["out"]["matched"], result["lines"]["exit"]["both"]["counted"]) == (6, 6)
    assert (result["zones"]["table"]["missed"], result["zones"]["table"]["invented"]) == (0, 0)
    assert result["zones"]["table"]["dwell_error_s"]["p95"] < 1.0


# Wrong input.


def test_every_clip_needs_its_truth(counts):
    counts("--truth", SHOP_TRUTH, SHOP, SHOP).failed(2, "--truth: expected one for each of 2 clips, got 1")


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_tolerance_is_a_time(counts, seconds):
    counts("--truth", SHOP_TRUTH, SHOP, "--tolerance", seconds).failed(2, "expected a number above 0")


def test_a_wrong_truth_is_told_before_anything_is_counted(counts, tmp_path):
    path = tmp_path / "truth.json"
    path.write_text('{"lines": {"door": {"events": [{"t_s": "soon", "inward": true}]}}}')
    outcome = counts("--truth", SHOP_TRUTH, "--truth", path, SHOP, tmp_path / "none.jsonl")
    outcome.failed(1, f"{path}: lines.door.events[0].t_s", "expected a valid number", "got 'soon'")


def test_a_clip_that_is_not_there_is_told(counts, tmp_path):
    counts("--truth", SHOP_TRUTH, tmp_path / "none.jsonl").failed(3, "none.jsonl", "expected")


def test_a_result_that_cannot_be_written_is_told(counts, tmp_path):
    path = tmp_path / "none" / "r.json"
    counts("--truth", SHOP_TRUTH, SHOP, "--json", path).failed(1, path, "expected a place to write, got: No such file")


# Tracking.


def test_tracks_are_compared_in_a_table_and_as_json(mot, capsys):
    pytest.importorskip("trackers.eval", reason="the package trackers of the extra [dev] is not installed")
    outcome = edge(capsys, "eval", "tracking", mot / "gt.txt", mot / "det.txt", "--fps", 10)
    assert outcome.code == 0, outcome.said
    for word in ("30 pictures at 10 a second, 30 boxes of 1 people", "HOTA", "IDF1", "MOTA", "id switches", "edge"):
        assert word in outcome.out
    result = edge(capsys, "eval", "tracking", mot / "gt.txt", mot / "det.txt", "--fps", 10, "--json", "-").json()
    assert list(result) == ["fps", "frames", "people", "detections", "trackers", "skipped"]
    assert result["trackers"]["edge"]["idf1"] == 1.0


def test_without_the_package_of_the_metrics_the_error_names_the_extra(mot, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "trackers.eval", None)
    outcome = edge(capsys, "eval", "tracking", mot / "gt.txt", mot / "det.txt", "--fps", 10)
    outcome.failed(1, "expected the package trackers", "install the extra [dev]")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gt.txt", "", ["gt.txt: expected at least one box of a person, got none"]),
        ("gt.txt", "1,1,a,2,3,4\n", ["gt.txt, line 1: expected numbers with commas", "'1,1,a,2,3,4'"]),
        ("gt.txt", "1,1,1,2,0,4\n", ["gt.txt, line 1: expected a box with width and height, got 0 x 4"]),
        ("det.txt", "1,-1,5\n", ["det.txt, line 1: expected frame,id,left,top,width,height"]),
    ],
)
def test_a_wrong_file_is_told_with_its_line(mot, capsys, name, content, words):
    (mot / name).write_text(content)
    edge(capsys, "eval", "tracking", mot / "gt.txt", mot / "det.txt", "--fps", 10).failed(1, mot / name, *words)


def test_a_rate_has_to_be_known(mot, capsys):
    edge(capsys, "eval", "tracking", mot / "gt.txt", mot / "det.txt").failed(1, "expected --fps", "got neither")


def test_help_names_both_commands():
    outcome = process("eval", "--help")
    assert outcome.code == 0
    assert "counts" in outcome.out
    assert "tracking" in outcome.out
