"""Shops whose truth is known, for demos, tests and benchmarks: days, online orders, and the rows of their cameras."""
