"""People-counting edge service: camera in, anonymised counts out over MQTT."""

__version__ = "0.1.0"
