"""The place of the reference reader, MQTT to database to reports; it is not written yet (edge/demo/analyst.py adds up)."""
