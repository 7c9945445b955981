"""Pictures and video among bytes, told by how their formats begin. It knows no file and no socket.

What is looked for stands in the specifications: JPEG (ITU-T T.81, annex B), PNG (ISO 15948, 5.2), GIF89a, WebP (RFC
9649), BMP (BITMAPFILEHEADER), TIFF 6.0, ISO base media (ISO 14496-12, 4.3), Matroska (RFC 8794), and the parameter sets
with which an H.264 or H.265 stream begins (ITU-T H.264 and H.265, annex B and 7.3). Pixels without such a beginning
cannot be told from other bytes: docs/privacy.md says so.
"""

from __future__ import annotations

import re

_START = rb"\x00\x00\x01"
_PATTERNS: dict[str, bytes] = {
    "JPEG": rb"\xff\xd8\xff[\xc0-\xc2\xc4\xdb\xdd\xe0-\xef\xfe]",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF.{4}WEBP",
    "AVI": rb"RIFF.{4}AVI ",
    "BMP": rb"BM.{4}\x00{4}.{2}\x00\x00[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00",
    "TIFF": rb"II\*\x00|MM\x00\*",
    "ISO media": rb"\x00\x00\x00.ftyp[\x20-\x7e]{4}",
    "Matroska": rb"\x1a\x45\xdf\xa3[\x80-\xff\x01]",
    # A sequence parameter set, with the profiles that there are; a mere start code is found in every database.
    "H.264": _START + rb"[\x27\x47\x67][\x42\x4d\x58\x64\x6e\x7a\xf4\x2c][\x00-\xfc][\x09-\x3e]",
    "H.265": _START + rb"\x40\x01\x0c[\x00-\x03]",
    "base64 JPEG": rb"/9j/[2-4][A-Za-z0-9+/]{20}",
    "base64 PNG": rb"iVBORw0KGgo",
    "base64 GIF": rb"R0lGODdh|R0lGODlh",
}
_ANY = re.compile(
    b"|".join(b"(?P<g%d>%b)" % (number, pattern) for number, pattern in enumerate(_PATTERNS.values())), re.DOTALL
)
_NAMES = tuple(_PATTERNS)

LONGEST = 32
"""Bytes of the longest signature, or more: what has to be kept of one piece to find what lies across two."""


def signatures(content: bytes) -> frozenset[str]:
    r"""The formats whose beginning stands somewhere in the content.

    >>> sorted(signatures(b"row \xff\xd8\xff\xe0 and then GIF89a"))
    ['GIF', 'JPEG']
    >>> signatures(b"SQLite format 3\x00\x10\x00\x00\x00\x01")
    frozenset()
    """
    return frozenset(_NAMES[int(found.lastgroup[1:])] for found in _ANY.finditer(content) if found.lastgroup)
