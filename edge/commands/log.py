"""How a log line looks: with its time for people, with its priority for journald, which knows the time itself."""

from __future__ import annotations

import logging
import os
import sys
import time

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class JournalFormatter(logging.Formatter):
    """Every line begins as sd-daemon(3) has it, so that `journalctl --priority` works, on tracebacks too.

    >>> record = logging.LogRecord("edge.clock", logging.WARNING, "", 0, "clock: %s", ("unsynced",), None)
    >>> JournalFormatter("%(levelname)s %(name)s: %(message)s").format(record)
    '<4>WARNING edge.clock: clock: unsynced'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines."""
        priority = f"<{_PRIORITY.get(record.levelno, 6)}>"
        return "\n".join(priority + line for line in super().format(record).splitlines())


def log_to_stderr(level: str) -> None:
    """Sends everything from this level on to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    words = "%(levelname)s %(name)s: %(message)s"
    if _is_the_journal(2):
        handler.setFormatter(JournalFormatter(words))
    else:
        formatter = logging.Formatter(f"%(asctime)s {words}", "%Y-%m-%dT%H:%M:%SZ")
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _is_the_journal(descriptor: int) -> bool:
    """Whether this very descriptor leads there: who inherits the variable may write elsewhere (systemd.exec(5))."""
    status = os.fstat(descriptor)
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
