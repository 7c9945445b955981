"""The model manifest, and the person detectors that ship with the project."""
