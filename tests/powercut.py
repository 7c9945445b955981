"""A power cut without pulling a plug: what a process really wrote, and what a disk may have kept of it.

A process runs under strace, which notes every write and every sync of its files, with the bytes. From that record the
files are made as a power cut at any moment might have left them: what was synced is there; of what was not, each sector
of 512 bytes is there or not, at random, as disks tear writes. Creating, renaming and removing a file count as done at
once. It knows nothing of SQLite.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.mosquitto import program

SECTOR = 512
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_CALLS = "openat,close,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,unlink,unlinkat"


class Event(NamedTuple):
    """One call that changed a file, or told something on the standard output."""

    call: str
    path: str
    data: bytes = b""
    at: int = 0


@dataclass
class _File:
    """`synced` survives; `loose` does or does not, sector by sector."""

    now: bytearray = field(default_factory=bytearray)
    synced: bytearray = field(default_factory=bytearray)
    loose: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, at: int, data: bytes) -> None:
        _put(self.now, at, data)
        self.loose.append((at, data))

    def truncate(self, size: int) -> None:
        del self.now[size:]
        self.now.extend(bytes(size - len(self.now)))
        self.loose.append((size, None))

    def sync(self) -> None:
        self.synced, self.loose = bytearray(self.now), []

    def after_a_cut(self, chance: random.Random) -> bytearray:
        left = bytearray(self.synced)
        for at, data in self.loose:
            if data is None:
                if chance.random() < 0.5:
                    del left[at:]
                continue
            for start in range(0, len(data), SECTOR):
                if chance.random() < 0.5:
                    _put(left, at + start, data[start : start + SECTOR])
        return left


def _put(content: bytearray, at: int, data: bytes) -> None:
    content.extend(bytes(max(0, at - len(content))))
    content[at : at + len(data)] = data


def record(command: Sequence[str | Path], folder: Path, log: Path) -> list[Event]:
    """Runs the command to its end, and notes what it did to the files in `folder` and said on its standard output."""
    strace: list[str | Path] = [program("strace"), "-f", "-qq", "-xx", "-s", "100000000", "-o", log]
    subprocess.run([*strace, "-e", f"trace={_CALLS}", *command], check=True, stdout=subprocess.DEVNULL)
    reading = _Reading(f"{folder}/")
    with log.open(encoding="ascii") as lines:
        for line in lines:
            if (found := _CALL.match(line)) and int(found[3]) >= 0:
                reading.note(found[1], found[2], int(found[3]))
    return reading.events


class _Reading:
    """Makes events of the lines of strace; it knows which file a number stands for."""

    def __init__(self, folder: str) -> None:
        self.events: list[Event] = []
        self._folder = folder
        self._open = {1: "stdout"}

    def note(self, call: str, arguments: str, result: int) -> None:
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _STRING.findall(arguments)]
        if call == "openat":
            self._open[result] = path = texts[0].decode()
            if "O_TRUNC" in arguments and path.startswith(self._folder):
                self.events.append(Event("truncate", path))
        elif call.startswith(("rename", "unlink")):
            if (path := texts[0].decode()).startswith(self._folder):
                self.events.append(Event(call[:6], path, texts[-1]))
        elif call == "close":
            self._open.pop(int(arguments), None)
        else:
            path = self._open.get(int(arguments.partition(",")[0]), "")
            self._change(call, path, texts[0][:result] if texts else b"", arguments.rsplit(", ", 1)[-1])

    def _change(self, call: str, path: str, data: bytes, last: str) -> None:
        if path == "stdout":
            self.events.append(Event("say", path, data))
        elif path.startswith(self._folder):
            assert call != "write", f"{path}: a write without a place is not understood"
            kind = {"pwrite64": "write", "ftruncate": "truncate"}.get(call, "sync")
            self.events.append(Event(kind, path, data, 0 if kind == "sync" else int(last)))


class Disk:
    """The files as they are after the first events; `cut` may be asked at any time, again and again."""

    def __init__(self, folder: Path) -> None:
        self.said = b""
        """What the process had said by now."""
        self._folder = folder
        self._files: dict[str, _File] = {}

    def do(self, event: Event) -> None:
        """The next event happens."""
        match event.call:
            case "say":
                self.said += event.data
            case "write":
                self._file(event).write(event.at, event.data)
            case "truncate":
                self._file(event).truncate(event.at)
            case "sync":
                self._file(event).sync()
            case "rename":
                self._files[event.data.decode()] = self._files.pop(event.path)
            case "unlink":
                self._files.pop(event.path, None)

    def _file(self, event: Event) -> _File:
        return self._files.setdefault(event.path, _File())

    def cut(self, into: Path, chance: random.Random) -> None:
        """Writes the files as a power cut now might have left them into another folder."""
        for path, file in self._files.items():
            place = into / Path(path).relative_to(self._folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.after_a_cut(chance))
