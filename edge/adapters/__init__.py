"""Adapters: one library or OS facility per module; adapters never import each other."""
