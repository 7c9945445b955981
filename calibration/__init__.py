"""Tools for the engineer who sets up a camera: `python -m calibration --help`."""
