"""The outbox: rows, books and notes of one device in one SQLite file that survives kills, power cuts and full disks."""

from edge.adapters.outbox.database import FullError
from edge.adapters.outbox.outbox import Outbox
from edge.adapters.outbox.row import OutboxRow, Resent, Shelf

__all__ = ["FullError", "Outbox", "OutboxRow", "Resent", "Shelf"]
