"""The exceptions of the service, named by whose fault it is.

Messages are plain text that says where, what was expected and what came; no secret ever stands in one. The CLI turns
each class into an exit code; nothing else catches `EdgeError` in general.
"""


class EdgeError(Exception):
    """Base of every error that an operator can act on."""

    exit_code = 1


class ConfigError(EdgeError):
    """config.yaml (or an option on the command line) is wrong."""

    exit_code = 2


class CameraError(EdgeError):
    """The camera, video file, picture folder or recording cannot be read."""

    exit_code = 3


class ModelError(EdgeError):
    """A model file is missing, altered, or not of the shape and layout it is declared to have."""

    exit_code = 4


class OutboxError(EdgeError):
    """The state database, the only copy that matters, cannot be used."""

    exit_code = 5


class BrokerError(EdgeError):
    """The MQTT settings cannot work (an unreachable broker is a state, not an error)."""

    exit_code = 6
