"""An RTSP address whose user name and password come out only for the library that connects.

It must not know how the stream is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from edge.errors import CameraError

HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:@\[\]]+)(:\d{1,5})?")


@dataclass(frozen=True)
class Address:
    """Where a stream is.

    Attributes:
        shown: For people and logs: no user info, and nothing from the first `?` or `=` on, where some cameras want a
            password.
        secret_url: The whole address with percent-encoded user info; for PyAV and nobody else.

    >>> address = Address.parse("rtsp://admin:s3cret@cam.local:554/stream?channel=1", None, "p@ss")
    >>> address
    Address(shown='rtsp://cam.local:554/stream…')
    >>> address.secret_url
    'rtsp://admin:p%40ss@cam.local:554/stream?channel=1'
    """

    shown: str
    secret_url: str = field(repr=False)

    @staticmethod
    def parse(source: str, username: str | None, password: str | None) -> Address:
        """Take an `rtsp://` or `rtsps://` address apart; `username` and `password` win over those inside it.

        Raises:
            CameraError: Not an address with a host; the text shows nothing that could be a password.
        """
        scheme, _, rest = source.partition("://")
        scheme = scheme.lower()
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        path = rest[len(authority) :]
        user_info, _, host = authority.rpartition("@")
        if not HOST.fullmatch(host) or "@" in path or re.search(r"[\s\x00-\x1f]", source):
            raise CameraError(
                f"camera {scheme}://…: expected {scheme}://host/path, got an address that cannot be taken apart; write "
                "special characters of user name, password and path as %XX, or give user name and password apart"
            )
        given_name, _, given_password = user_info.partition(":")
        name = unquote(given_name) if username is None else username
        word = unquote(given_password) if password is None else password
        login = f"{quote(name, safe='')}:{quote(word, safe='')}@" if name or word else ""
        tail = re.split(r"[?=]", path, maxsplit=1)
        shown = f"{scheme}://{host}{tail[0]}{'…' if len(tail) > 1 else ''}"
        return Address(shown, f"{scheme}://{login}{host}{path}")
