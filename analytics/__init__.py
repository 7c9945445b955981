"""The reference subscriber: MQTT to a database to reports. It knows the wire and nothing of the box."""
