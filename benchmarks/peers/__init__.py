"""What a user would pick instead, side by side with this project: `python -m benchmarks.peers`."""
