import json
from collections.abc import Iterator
from importlib import resources
from itertools import pairwise

import numpy as np
import pytest

from edge.config import parse
from edge.demo import picture, scene
from edge.demo.film import Film


@pytest.fixture(scope="module")
def crowd() -> list[scene.Person]:
    return scene.people()


@pytest.fixture(scope="module")
def pictures(crowd) -> list[tuple[float, scene.Floats]]:
    return list(scene.frames(crowd))


def bundled(name: str) -> str:
    return (resources.files("edge.demo") / name).read_text(encoding="utf-8")


def stays(person: scene.Person) -> Iterator[tuple[str, float]]:
    """Zone and seconds of every time inside."""
    for name, polygon in scene.ZONES.items():
        for start_s, end_s in scene.stays_in(person, polygon):
            yield name, end_s - start_s


# The bundled files


def test_bundled_recording_is_the_scripted_one(crowd):
    old, new = (
        [json.loads(line) for line in text.splitlines()] for text in (bundled("shop.jsonl"), scene.recording(crowd))
    )
    assert old[0] == new[0] == {"recording": 1, "width": 1280, "height": 720, "fps": 10}
    assert [line["t_s"] for line in old[1:]] == [line["t_s"] for line in new[1:]]
    for before, after in zip(old[1:], new[1:], strict=True):
        # Other processors round the last digit otherwise.
        assert np.array(after["boxes"]).shape == np.array(before["boxes"]).shape
        assert np.allclose(before["boxes"], after["boxes"], rtol=0, atol=2e-4)


def test_bundled_truth_is_the_scripted_one(crowd):
    old, new = json.loads(bundled("shop.truth.json")), scene.truth(crowd)
    counts = ("in", "out", "in_raw", "out_raw", "uturns")
    assert [old["lines"]["door"][name] for name in counts] == [new["lines"]["door"][name] for name in counts]
    for before, after in zip(old["lines"]["door"]["events"], new["lines"]["door"]["events"], strict=True):
        assert before["inward"] == after["inward"]
        assert before["t_s"] == pytest.approx(after["t_s"], abs=0.03)
    assert old["zones"].keys() == new["zones"].keys()
    for name, zone in old["zones"].items():
        assert zone["passes"] == new["zones"][name]["passes"]
        for before, after in zip(zone["visits"], new["zones"][name]["visits"], strict=True):
            assert before["start_s"] == pytest.approx(after["start_s"], abs=0.05)
            assert before["end_s"] == pytest.approx(after["end_s"], abs=0.05)


def test_bundled_files_are_small():
    assert len(bundled("shop.jsonl")) < 400_000


def test_main_writes_what_is_bundled(tmp_path, crowd):
    scene.main(tmp_path)
    assert (tmp_path / "shop.jsonl").read_text() == scene.recording(crowd)
    assert json.loads((tmp_path / "shop.truth.json").read_text()) == scene.truth(crowd)


def test_demo_configuration_has_the_scene_s_line_and_zones():
    config = parse(bundled("demo.yaml"))
    (camera,) = config.cameras
    (door,) = camera.line_rules()
    assert (config.site, config.device, config.interval_s, camera.source) == ("demo", "demo-box", 60, "shop.jsonl")
    assert (door.name, door.points, door.inside) == ("door", scene.DOOR, scene.INSIDE)
    assert {zone.name: zone.polygon for zone in camera.zone_rules()} == scene.ZONES
    assert (door.band, door.uturn_s) == (scene.BAND, scene.UTURN_S)
    assert all((zone.enter_s, zone.stop_s) == (scene.ENTER_S, scene.STOP_S) for zone in camera.zone_rules())


# The boxes


def test_boxes_lie_in_the_frame_and_have_scores(pictures):
    assert [at_s for at_s, _ in pictures] == [index / 10 for index in range(2400)]
    boxes = np.concatenate([found for _, found in pictures])
    assert boxes.min() >= 0
    assert boxes.max() <= 1
    assert (boxes[:, 2] > boxes[:, 0]).all()
    assert (boxes[:, 3] > boxes[:, 1]).all()
    assert 0.01 < (boxes[:, 4] < 0.5).mean() < 0.2, "some are weak"


def test_the_detector_is_fair_but_not_perfect(crowd, pictures):
    """Nearly every person in view is found, a box is where the person is, and a few are nobody."""
    seen = found = false = 0
    errors = []
    for at_s, boxes in pictures:
        people = scene.visible(crowd, at_s)
        seen += len(people)
        for box in boxes[:, :4]:
            near = np.abs(people - box).max(axis=1) if len(people) else np.array([1.0])
            if near.min() < 0.05:
                found += 1
                errors.append(np.abs(people[near.argmin()] - box)[1::2] / (box[3] - box[1]))
            else:
                false += 1
    assert 0.85 < found / seen < 0.97
    assert 5 < false < 60
    assert 0.005 < np.mean(errors) < 0.02


def test_boxes_grow_towards_the_camera(crowd):
    feet, heights = [], []
    for person in crowd:
        feet.extend(person.boxes[:, 3])
        heights.extend(person.boxes[:, 3] - person.boxes[:, 1])
    far, near = np.array(feet) < 0.4, np.array(feet) > 0.6
    assert np.mean(np.array(heights)[near]) > 1.5 * np.mean(np.array(heights)[far])


def test_people_walk_as_people_do(crowd):
    for person in crowd:
        steps = np.linalg.norm(np.diff(person.floor, axis=0), axis=1) / np.diff(person.times_s)
        assert steps.max() < 1.7
        walking = steps[steps > 0.5]
        assert 0.8 < np.median(walking) < 1.5


def test_people_do_not_walk_through_each_other(crowd):
    for at_s in np.arange(0, scene.SECONDS, 0.5):
        there = [p.floor[i] for p in crowd if 0 <= (i := round((at_s - p.times_s[0]) / 0.02)) < len(p.times_s)]
        for index, one in enumerate(there):
            assert all(np.hypot(*(one - other)) > 0.3 for other in there[:index]), f"at {at_s} s"


# The truth


def test_crossings_are_where_the_foot_changes_sides(crowd):
    """Told again from the floor plan: on the line's level the floor is one distance away."""
    away = np.linspace(9, 5, 4001)
    door_m = np.interp(scene.DOOR[0][1], scene.project(0.0, away, 0.0)[1], away)
    for event in scene.truth(crowd)["lines"]["door"]["events"]:
        assert any(_crosses(person, door_m, event["t_s"], event["inward"]) for person in crowd), event


def _crosses(person: scene.Person, door_m: float, at_s: float, inward: bool) -> bool:
    if not person.times_s[0] + 0.2 < at_s < person.times_s[-1] - 0.2:
        return False
    before, after = (np.interp(at_s + shift, person.times_s, person.floor[:, 1]) - door_m for shift in (-0.1, 0.1))
    return bool(before > 0 > after) if inward else bool(before < 0 < after)


def test_everybody_who_is_in_has_come_in(crowd):
    """Those who end outside or inside, by their script, add up to the raw crossings."""
    door = scene.truth(crowd)["lines"]["door"]
    outside = ("west", "east", "street")
    began_in = sum(walk.route.split()[0] not in outside for walk in scene.SCRIPT)
    ended_in = sum(walk.route.split()[-1] not in outside for walk in scene.SCRIPT)
    assert door["in_raw"] - door["out_raw"] == ended_in - began_in
    assert door["in"] - door["out"] == ended_in - began_in
    assert door["in"] + door["uturns"] == door["in_raw"]
    assert door["uturns"] == sum("peek" in walk.route for walk in scene.SCRIPT) == 3


def test_crossings_are_on_the_line_and_not_beyond_its_ends(crowd):
    for person in crowd:
        level = np.abs(person.feet[:, 1] - scene.DOOR[0][1]) < 0.005
        across = person.feet[level, 0]
        assert ((across > 0.34) & (across < 0.66)).all()


def test_nobody_is_near_a_threshold(crowd):
    """So that every right reading of the definitions gives this truth."""
    for person in crowd:
        for name, seconds in stays(person):
            assert not 0.5 < seconds < 1.5, (name, seconds)
            assert not 2.3 < seconds < 3.7, (name, seconds)
            assert not 13 < seconds < 17, (name, seconds)
        for polygon in scene.ZONES.values():
            own = scene.stays_in(person, polygon)
            assert all(later[0] - sooner[1] > 35 for sooner, later in pairwise(own))


def test_u_turns_are_clear_of_the_limit(crowd):
    for person in crowd:
        at_s = [at for at, _ in scene._crossings(person)]
        assert not any(7 < later - sooner < 11.5 for sooner, later in pairwise(at_s))


def test_the_scene_has_all_kinds_of_visits(crowd):
    for zone in scene.truth(crowd)["zones"].values():
        seconds = [visit["end_s"] - visit["start_s"] for visit in zone["visits"]]
        assert zone["passes"] >= 2
        assert sum(one < 15 for one in seconds) >= 3
        assert sum(one >= 15 for one in seconds) >= 3


# The picture


def test_picture_of_the_scene_shows_people_and_counts():
    film = Film(scene.people(), scene.HEIGHT, scene.WIDTH)
    empty, busy = film.frame(239.0), film.frame(picture.AT_S)
    annotated = picture.annotated(picture.AT_S)
    assert busy.shape == annotated.shape == (720, 1280, 3)
    assert (busy != empty).any(axis=2).mean() > 0.03
    assert (annotated[:130, :200] != busy[:130, :200]).any(axis=2).mean() > 0.5
