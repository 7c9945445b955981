"""config.yaml as text -> a frozen Config, or every problem with its line. It reads no file and no environment."""

from edge.config.effective import Setting, effective, json_schema
from edge.config.model import Camera, Config, Metrics, Mqtt, Outbox, Privacy, Tls
from edge.config.parse import parse
from edge.config.problems import InvalidConfigError, Problem
from edge.config.secret import SecretRef

__all__ = [
    "Camera",
    "Config",
    "InvalidConfigError",
    "Metrics",
    "Mqtt",
    "Outbox",
    "Privacy",
    "Problem",
    "SecretRef",
    "Setting",
    "Tls",
    "effective",
    "json_schema",
    "parse",
]
