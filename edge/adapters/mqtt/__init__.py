"""MQTT through paho: brings what is pending in a queue to a broker, at least once."""

from edge.adapters.mqtt.broker import Broker
from edge.adapters.mqtt.publisher import Publisher, Queue, QueueRow

__all__ = ["Broker", "Publisher", "Queue", "QueueRow"]
