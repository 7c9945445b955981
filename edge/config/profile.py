"""What a kind of box does where its configuration says nothing: how it looks at a camera. Names and numbers only.

A profile is a starting point and no measurement of a box: `edge doctor` tells whether this one keeps up.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Profile = Literal["pi4", "pi5", "jetson", "desktop"]

PROFILES: Mapping[Profile, Mapping[str, object]] = MappingProxyType(
    {
        "pi4": {"model": "person-n-int8", "detect_fps": 5.0, "threads": 2, "provider": "cpu"},
        "pi5": {"model": "person-s-int8", "detect_fps": 10.0, "threads": 2, "provider": "cpu"},
        "jetson": {"model": "person-s", "detect_fps": 10.0, "threads": 2, "provider": "tensorrt"},
        "desktop": {"model": "person-s", "detect_fps": 10.0, "threads": 1, "provider": "cpu"},
    }
)
"""Keys of a camera, and their values without a word of the configuration."""


def with_profile(data: object) -> object:
    """The configuration with what its profile says filled into each camera that does not say it itself.

    What is not a configuration at all comes back as it is, for others to complain about.

    >>> with_profile({"profile": "pi4", "cameras": [{"name": "door", "detect_fps": 8.0}]})["cameras"][0]["detect_fps"]
    8.0
    """
    if not isinstance(data, dict):
        return data
    given = next((values for name, values in PROFILES.items() if name == data.get("profile")), None)
    cameras = data.get("cameras")
    if given is None or not isinstance(cameras, list | tuple):
        return data
    return {**data, "cameras": tuple({**given, **one} if isinstance(one, dict) else one for one in cameras)}
