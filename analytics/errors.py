"""The exceptions of the subscriber, beside those of edge.errors that fit it as well (ConfigError, BrokerError)."""

from __future__ import annotations

from edge.errors import EdgeError


class StoreError(EdgeError):
    """The database cannot be reached, read or written, or is not one of ours."""

    exit_code = 7
