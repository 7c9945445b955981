"""`python -m analytics`."""

from __future__ import annotations

from analytics.cli import main

if __name__ == "__main__":
    main()
