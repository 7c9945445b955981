"""How right the counts and the tracks are, against a truth: for people who tune a camera, never part of the service."""
