"""Will hold the reference reader, MQTT to database to reports; it comes with an issue of its own."""
