"""The whole configuration as frozen, closed sections: which keys there are, with default, unit, range and meaning.

It knows neither YAML nor lines nor files; defaults of counting rules live in edge.core.rules.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from edge.config.counting import Line, Tracker, Zone
from edge.config.profile import Profile, with_profile
from edge.config.secret import SecretRef
from edge.config.section import Section, Text, unit
from edge.core.message import Name, Provider
from edge.core.rules import LineRule, TrackerRule, ZoneRule

TIME_OF_DAY_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"

_SECRET_IN_URL = re.compile(r"://.*@|pass(word|wd)?=[^&?#/]", re.DOTALL | re.IGNORECASE)
_Port = Annotated[int, Field(ge=1, le=65535)]


class Camera(Section):
    """One camera with what is counted in its picture."""

    name: Name = Field(description="Unique in the file.")
    device: Name | None = Field(None, description="Its name on the wire, unique in the site; null: that of the box.")
    source: Text = Field(description="An rtsp:// URL, a video file, a folder of pictures, a recording, or /dev/videoN.")
    username: Text | None = Field(None, description="User at the camera.")
    password: SecretRef | None = Field(None, description="Where the camera's password is found.")
    model: Text = Field(description="A name of the model manifest (`edge models list`), or a path.")
    detect_fps: float = Field(
        10.0, ge=1.0, le=60.0, json_schema_extra=unit("pictures per s"), description="Most pictures looked at."
    )
    motion_gate: bool = Field(True, description="Do not run the model while nobody is there and nothing has changed.")
    adaptive_rate: bool = Field(
        True, description="Run it less often while nobody who is there is new, or near a line, a zone's edge or others."
    )
    threads: int = Field(1, ge=1, le=8, json_schema_extra=unit("threads"), description="CPU threads of the detector.")
    provider: Provider = Field(
        "cpu", description="What runs the model; when it is not there or fails, the CPU does, and health says so."
    )
    min_score: float | None = Field(
        None, ge=0.0, le=1.0, json_schema_extra=unit("score"), description="Instead of the manifest's threshold."
    )
    lines: tuple[Line, ...] = Field((), max_length=32, description="Lines that visitors cross.")
    zones: tuple[Zone, ...] = Field((), max_length=32, description="Zones that visitors stay in.")
    tracker: Tracker = Field(default_factory=Tracker, description="How boxes become tracks.")

    @field_validator("source")
    @classmethod
    def _without_secret(cls, source: str) -> str:
        if _SECRET_IN_URL.search(source):
            raise ValueError(
                "expected a URL without user and password (they belong to the keys 'username' and 'password'; "
                "an '@' of the path is written %40)"
            )
        return source

    @field_validator("password")
    @classmethod
    def _with_username(cls, password: SecretRef | None, others: ValidationInfo) -> SecretRef | None:
        return _needs_username(password, others)

    def line_rules(self) -> tuple[LineRule, ...]:
        """The lines, for edge.core."""
        return tuple(line.rule() for line in self.lines)

    def zone_rules(self) -> tuple[ZoneRule, ...]:
        """The zones, for edge.core."""
        return tuple(zone.rule() for zone in self.zones)

    def tracker_rule(self) -> TrackerRule:
        """The tracker, for edge.core."""
        return self.tracker.rule()


class Tls(Section):
    """Encryption towards the broker; without ca_file the certificates of the system are trusted."""

    ca_file: Text | None = Field(None, description="Certificates to trust, PEM.")
    cert_file: Text | None = Field(None, description="Certificate of this device, PEM; goes with key_file.")
    key_file: Text | None = Field(
        None, description="Its private key, PEM; goes with cert_file. A credential is $CREDENTIALS_DIRECTORY/NAME."
    )

    @model_validator(mode="after")
    def _pair(self) -> Tls:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("expected cert_file and key_file together, found one of them")
        return self


def _tls_of_bool(value: object) -> object:
    return {True: {}, False: None}[value] if isinstance(value, bool) else value


def _protocol_of_int(value: object) -> object:
    return "5" if type(value) is int and value == 5 else value


class Mqtt(Section):
    """The broker that gets the counts."""

    enabled: bool = Field(True, description="false: count and store, but send nothing.")
    host: Text = Field("localhost", description="Name or address of the broker.")
    port: _Port = Field(1883, json_schema_extra=unit(""), description="TCP port; usually 8883 with tls.")
    protocol: Annotated[
        Literal["5", "3.1.1"], BeforeValidator(_protocol_of_int, json_schema_input_type=Literal["5", "3.1.1", 5])
    ] = Field("5", description="Version of MQTT.")
    keepalive_s: int = Field(
        30, ge=5, le=3600, json_schema_extra=unit("s"), description="The broker misses a silent device after 1.5 of it."
    )
    username: Text | None = Field(None, description="User at the broker.")
    password: SecretRef | None = Field(None, description="Where the broker's password is found.")
    tls: Annotated[Tls | None, BeforeValidator(_tls_of_bool, json_schema_input_type=bool | Tls | None)] = Field(
        None, description="true or a mapping: encrypted; without it: plain text, for brokers on this machine."
    )
    home_assistant: bool = Field(False, description="true: Home Assistant at this broker finds the device by itself.")

    @field_validator("host")
    @classmethod
    def _host_alone(cls, host: str) -> str:
        if "/" in host or "@" in host:
            raise ValueError("expected a name or address alone; user, password, port and TLS have keys of their own")
        return host

    @field_validator("password")
    @classmethod
    def _with_username(cls, password: SecretRef | None, others: ValidationInfo) -> SecretRef | None:
        return _needs_username(password, others)


def _needs_username(password: SecretRef | None, others: ValidationInfo) -> SecretRef | None:
    if password is not None and others.data.get("username", "") is None:
        raise ValueError("expected 'username' beside it, found none")
    return password


class Outbox(Section):
    """The state database, which keeps rows for readers that missed them."""

    path: Text | None = Field(None, description="File; null: <camera>.db in the state directory of the service.")
    retain_h: float = Field(
        72.0, ge=1.0, le=8760.0, json_schema_extra=unit("h"), description="How long a delivered row is kept for replay."
    )
    max_mb: int = Field(
        256,
        ge=16,
        le=65536,
        json_schema_extra=unit("MB"),
        description="Largest size; then the oldest rows go, sent ones first, counted in health.",
    )


class Privacy(Section):
    """What protects the single visitor in the counts."""

    min_count: int = Field(
        5, ge=1, le=1000, json_schema_extra=unit("visits"), description="Histograms of fewer visits wait for company."
    )


class Metrics(Section):
    """Prometheus metrics over HTTP."""

    port: _Port | None = Field(None, json_schema_extra=unit(""), description="TCP port; null: no metrics.")
    host: Text = Field("127.0.0.1", description="Address to listen on.")


class Config(Section):
    """What config.yaml says, with every default filled in."""

    site: Name = Field(description="The shop; it becomes part of the topic.")
    device: Name = Field(description="This box, unique in the site; it becomes part of the topic of its camera.")
    profile: Profile | None = Field(
        None, description="Kind of box: model, detect_fps, threads and provider of cameras that do not say them."
    )
    timezone: Text = Field("UTC", description="IANA name such as Europe/Berlin; for labels, never for intervals.")
    business_day_start: str = Field(
        "04:00", pattern=TIME_OF_DAY_PATTERN, description="Local time, HH:MM, at which occupancy starts from zero."
    )
    interval_s: int = Field(
        300, ge=60, le=3600, json_schema_extra=unit("s"), description="Length of a row; it divides the hour."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    cameras: tuple[Camera, ...] = Field(min_length=1, max_length=16, description="The cameras, one process each.")
    mqtt: Mqtt = Field(default_factory=Mqtt, description="The broker that gets the counts.")
    outbox: Outbox = Field(default_factory=Outbox, description="The state database.")
    privacy: Privacy = Field(default_factory=Privacy, description="What protects the single visitor.")
    metrics: Metrics = Field(default_factory=Metrics, description="Prometheus metrics.")
    health_s: int = Field(
        30, ge=5, le=3600, json_schema_extra=unit("s"), description="Time between two health messages."
    )

    @model_validator(mode="before")
    @classmethod
    def _profiled(cls, data: object) -> object:
        return with_profile(data)

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str) -> str:
        if timezone != "UTC":
            try:
                ZoneInfo(timezone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError("expected a time zone that this machine knows, such as Europe/Berlin") from None
        return timezone

    @field_validator("interval_s")
    @classmethod
    def _divides_the_hour(cls, interval_s: int) -> int:
        if 3600 % interval_s:
            raise ValueError(f"expected a divisor of 3600 such as 60, 300 or 900, found {interval_s}")
        return interval_s

    def device_of(self, camera: Camera) -> str:
        """The name on the wire of what this camera counts."""
        return camera.device or self.device

    @property
    def config_id(self) -> str:
        """Hash of everything that was configured, defaults included: 16 hexadecimal digits."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]
