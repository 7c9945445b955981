"""Estimates and how far they can be trusted: numbers in, numbers out; no database, file or clock."""
