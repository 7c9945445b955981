"""Reads what strace has written: who was spoken to, what was opened for writing, which bytes went out.

Pure: lines in, events out. It expects the options of `OPTIONS`: one file for each thread (so no line is cut by another
thread's), descriptors with what they stand for, and buffers in full.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_CALLS = (
    "connect,accept,accept4,listen,sendto,sendmsg,sendmmsg,write,pwrite64,writev,pwritev,pwritev2,sendfile,splice,"
    "copy_file_range,?open,openat,openat2,?creat,?mkdir,mkdirat,?rename,?renameat,renameat2,?link,linkat,?symlink,"
    "symlinkat,truncate"
)
OPTIONS = ("-ff", "--seccomp-bpf", "-qq", "-yy", "-s", "16777216", "-e", "signal=none", "-e", f"trace={_CALLS}")
"""Options of strace; `-o PREFIX` and the command follow."""

_LINE = re.compile(r"(?P<call>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+|\?)(?P<rest>.*)", re.DOTALL)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BUFFER = re.compile(r'(?:iov_base=|>, )"((?:[^"\\]|\\.)*)"')
_INET = re.compile(r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)')
_INET6 = re.compile(r'sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"')
_UNIX = re.compile(r'sun_path=(@?)"((?:[^"\\]|\\.)*)"')
_DESCRIPTOR = re.compile(r"^\s*(\d+)<(.*?)>(?:\(deleted\))?(?=[,)]|$)")
_ENDS = re.compile(r"^(?:TCP|UDP)(?:v6)?:\[.*?->(?:\[(?P<host6>[^\]]+)\]|(?P<host>[\d.]+)):(?P<port>\d+)\]$")
_OWN_END = re.compile(r"^TCP(?:v6)?:\[(?:\[[^\]]*\]|[\d.]+):(\d+)[\]-]")
_FOLDER = re.compile(r"(?:^|, )(?:AT_FDCWD|\d+)<(/.*?)>(?=, )")
_WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg"}
_COPIES = {"sendfile": 0, "splice": 2, "copy_file_range": 2}
"""Which argument is the descriptor that is written to."""
_MAKES = {
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "truncate",
    "creat",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody at the other end of a socket.

    Attributes:
        host: Address; for a local socket its path, for the kernel's own family its name.
        port: 0 for what has none.
    """

    host: str
    port: int = 0

    def __str__(self) -> str:
        if not self.port:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Spoke:
    """The process asked for a connection, took one, or sent something; a connection need not have come about.

    Attributes:
        peer: The other end.
        own_port: Of our end; 0 when it is not known.
    """

    peer: Peer
    own_port: int = 0


@dataclass(frozen=True, slots=True)
class Listened:
    """The process waits for others on a port."""

    port: int


@dataclass(frozen=True, slots=True)
class Made:
    """A file or folder was opened for writing, made, renamed to or cut."""

    path: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes were written to a file or a socket; `where` is its path, or what strace calls it."""

    where: str
    content: bytes


Event = Spoke | Listened | Made | Sent


def events(lines: Iterable[str]) -> Iterator[Event]:
    """What one thread did, in order; lines that are no successful call of interest are passed over.

    A connection that was refused counts: the attempt is what matters. Everything else has to have worked.
    """
    for line in lines:
        found = _LINE.match(line.rstrip("\n"))
        if found is None:
            continue
        call, arguments, worked = found["call"], found["arguments"], found["result"].isdecimal()
        if call == "connect":
            yield from _addressed(arguments)
        elif worked:
            yield from _done(call, arguments, found["result"] + found["rest"])


def _done(call: str, arguments: str, result: str) -> Iterator[Event]:
    if call in _WRITES:
        yield from _written(arguments)
    elif call in _COPIES:
        where = _nth_descriptor(arguments, _COPIES[call])
        yield Sent(where, b"")
    elif call == "listen":
        yield Listened(_own_port(_name(arguments)))
    elif call.startswith("accept"):
        yield from (Spoke(spoke.peer, _own_port(_name(arguments))) for spoke in _addressed(arguments))
    elif call.startswith("open"):
        if re.search(r"\bO_(WRONLY|RDWR|CREAT|TRUNC|TMPFILE)\b", _TEXT.sub("", arguments)):
            yield Made(_name(result))
    elif call in _MAKES:
        made = _decoded(_TEXT.findall(arguments)[-1]).decode(errors="surrogateescape")
        folder = _FOLDER.findall(arguments)
        yield Made(posixpath.join(folder[-1], made) if folder else made)


def _written(arguments: str) -> Iterator[Event]:
    name = _name(arguments)
    yield from _addressed(arguments)
    ends = _ENDS.match(name)
    if ends:
        yield Spoke(Peer(ends["host6"] or ends["host"], int(ends["port"])), _own_port(name))
    yield Sent(name, b"".join(_decoded(text) for text in _BUFFER.findall(arguments)))


def _addressed(arguments: str) -> Iterator[Spoke]:
    """The address among the arguments, if one is."""
    for pattern in (_INET, _INET6):
        if found := pattern.search(arguments):
            yield Spoke(Peer(found[2], int(found[1])))
            return
    if found := _UNIX.search(arguments):
        yield Spoke(Peer(f"unix:{found[1]}{_decoded(found[2]).decode(errors='surrogateescape')}"))
    elif "sa_family=AF_" in arguments:
        family = re.search(r"sa_family=(AF_\w+)", arguments)
        if family and family[1] not in ("AF_UNSPEC", "AF_INET", "AF_INET6", "AF_UNIX"):
            yield Spoke(Peer(family[1]))


def _own_port(name: str) -> int:
    found = _OWN_END.match(name)
    return int(found[1]) if found else 0


def _name(text: str) -> str:
    """What the first descriptor stands for: a path, or such as TCP:[127.0.0.1:1->127.0.0.1:2]."""
    return _nth_descriptor(text, 0)


def _nth_descriptor(text: str, number: int) -> str:
    parts = text.split(", ")
    found = _DESCRIPTOR.match(", ".join(parts[number:]))
    return found[2] if found else ""


def _decoded(text: str) -> bytes:
    r"""The bytes of a text as strace writes it, which is as C has it.

    >>> _decoded(r'a\n\0\3771')
    b'a\n\x00\xff1'
    """
    literal: bytes = ast.literal_eval(f'b"{text}"')
    return literal
