"""What may be asked of the device over MQTT, and where it answers.

It does not know what is asked. A device answers below one prefix of its own and nowhere else: whoever may ask must not
be able to make it publish where it may and he may not.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from edge.adapters.mqtt.link import Asked
from edge.core.message import NAME_PATTERN, Message

log = logging.getLogger(__name__)

_LONGEST_REQUEST = 1024  # bytes
_LONGEST_CORRELATION = 128


@dataclass(frozen=True, slots=True)
class Commands:
    """Where requests come from, what answers them, and below which topic.

    Attributes:
        topic: On which to listen.
        answers: Prefix of the topics on which an answer may go out, up to the name of who asked.
        handle: Makes the payload of the answer; an empty request is one that was too long to be read.
    """

    topic: str
    answers: str
    handle: Callable[[bytes], bytes]

    def answer(self, asked: Asked) -> Message | None:
        """The answer to a request; None when it wants none, or has no place for it."""
        payload = self.handle(asked.payload if len(asked.payload) <= _LONGEST_REQUEST else b"")
        where = asked.response_topic
        if where is None:
            return None
        prefix, _, reader = where.rpartition("/")
        if prefix != self.answers or not re.fullmatch(NAME_PATTERN, reader):
            log.warning("a request wants its answer elsewhere than below %s/: not answered", self.answers)
            return None
        if len(asked.correlation or b"") > _LONGEST_CORRELATION:
            log.warning("a request has correlation data of more than %d bytes: not answered", _LONGEST_CORRELATION)
            return None
        return Message(where, payload)
