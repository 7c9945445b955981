"""MQTT through paho: brings what is pending in a queue to a broker, at least once, and takes requests."""

from edge.adapters.mqtt.broker import Broker
from edge.adapters.mqtt.commands import Commands
from edge.adapters.mqtt.publisher import Publisher
from edge.adapters.mqtt.queue import Queue, QueueRow

__all__ = ["Broker", "Commands", "Publisher", "Queue", "QueueRow"]
