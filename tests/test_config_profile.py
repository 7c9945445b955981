"""Profiles: what a kind of box is given where its configuration says nothing."""

from __future__ import annotations

import jsonschema
import pytest

from edge.adapters import manifest
from edge.config import InvalidConfigError, effective, json_schema, parse
from edge.config.model import Camera
from edge.config.profile import PROFILES

BOX = "site: shop\ndevice: box\n"
CAMERA = "cameras: [{name: door, source: rtsp://cam/1}]\n"


@pytest.mark.parametrize("profile", PROFILES)
def test_it_fills_in_what_a_camera_does_not_say(profile) -> None:
    config = parse(f"{BOX}profile: {profile}\n{CAMERA}")
    camera = config.cameras[0].model_dump()
    assert {key: camera[key] for key in PROFILES[profile]} == PROFILES[profile]
    for setting in effective(config):
        key = setting.path.rpartition(".")[2]
        assert setting.by_profile == (setting.path.startswith("cameras[0]") and key in PROFILES[profile]), setting
    marked = {setting.path for setting in effective(config) if not setting.is_default}
    assert marked == {"site", "device", "profile", "cameras[0].name", "cameras[0].source"}


@pytest.mark.parametrize("profile", PROFILES)
def test_its_model_is_one_that_there_is_and_its_keys_are_those_of_a_camera(profile) -> None:
    assert PROFILES[profile]["model"] in manifest.load_manifest()
    assert set(PROFILES[profile]) <= set(Camera.model_fields)


def test_what_a_camera_says_wins_for_that_camera_alone() -> None:
    text = BOX + "profile: pi4\ncameras:\n  - {name: door, source: rtsp://cam/1, threads: 4, model: own.onnx}\n"
    config = parse(text + "  - {name: yard, device: yard, source: rtsp://cam/2}\n")
    door, yard = config.cameras
    assert (door.threads, door.model, door.detect_fps) == (4, "own.onnx", PROFILES["pi4"]["detect_fps"])
    assert (yard.threads, yard.model) == (PROFILES["pi4"]["threads"], PROFILES["pi4"]["model"])
    by_path = {setting.path: setting for setting in effective(config)}
    assert not by_path["cameras[0].threads"].is_default
    assert by_path["cameras[1].threads"].by_profile


def test_without_one_a_camera_needs_its_model() -> None:
    with pytest.raises(InvalidConfigError, match=r"line 3: cameras\[0\]\.model: missing"):
        parse(BOX + CAMERA)


def test_a_wrong_one_is_named_with_the_near_one() -> None:
    with pytest.raises(InvalidConfigError, match=r"line 3: profile: expected .* found 'pi6'; did you mean 'pi5'\?"):
        parse(BOX + "profile: pi6\n" + CAMERA)


def test_a_wrong_value_beside_it_is_still_told_with_its_line() -> None:
    with pytest.raises(InvalidConfigError, match=r"line 4: cameras\[0\]\.threads: expected at most 8, found 99"):
        parse(BOX + "profile: pi4\ncameras: [{name: door, source: rtsp://cam/1, threads: 99}]\n")
    with pytest.raises(InvalidConfigError, match="line 4: cameras: expected a list"):
        parse(BOX + "profile: pi4\ncameras: door\n")


@pytest.mark.parametrize(
    ("profile", "model", "fits"),
    [(None, "own.onnx", True), (None, None, False), ("pi4", None, True), ("pi4", "own.onnx", True)],
)
def test_an_editor_asks_for_the_model_only_where_no_profile_gives_one(profile, model, fits) -> None:
    camera = {"name": "door", "source": "rtsp://cam/1"} | ({"model": model} if model else {})
    config = {"site": "shop", "device": "box", "cameras": [camera]} | ({"profile": profile} if profile else {})
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(config) is fits
