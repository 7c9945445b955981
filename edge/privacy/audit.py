"""Judges what was seen of a run: which peers, files and pictures there may be, and which there were."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from edge.config import Camera, Config
from edge.privacy.signatures import LONGEST, signatures
from edge.privacy.strace import Event, Listened, Made, Peer, Sent, Spoke

_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}
_NAME_SERVICES = ("unix:/var/run/nscd/", "unix:/run/nscd/", "unix:/run/systemd/resolve/", "unix:/run/systemd/userdb/")


@dataclass(frozen=True)
class Allowed:
    """Whom the service may speak to and where it may write.

    Attributes:
        peers: Role by address.
        folders: Everything below them is state.
        devices: Files that may be opened for writing and keep nothing.
        metrics_port: Where others may come; None: nowhere.
    """

    peers: dict[Peer, str]
    folders: tuple[Path, ...]
    devices: tuple[str, ...] = ("/dev/null",)
    metrics_port: int | None = None


@dataclass(frozen=True)
class Seen:
    """A peer or a file, and what it is to the service; an empty role is a breach."""

    what: str
    role: str


@dataclass(frozen=True)
class Report:
    """What a run did.

    Attributes:
        peers: Everybody that was spoken to.
        files: Every file and folder that was made or opened for writing.
        pictures: Where the beginning of a picture or video was found, with its format.
        sent_bytes: How many bytes went out through files, pipes and sockets, all of them looked through.
        encrypted: Whether the broker's connection was, so that the bytes tell nothing of what they mean.
    """

    peers: tuple[Seen, ...]
    files: tuple[Seen, ...]
    pictures: tuple[Seen, ...]
    sent_bytes: int
    encrypted: bool

    @property
    def clean(self) -> bool:
        """Whether everything was allowed, and no picture was found."""
        return not self.pictures and all(seen.role for seen in (*self.peers, *self.files))


def allowed(config: Config, camera: Camera, folders: Iterable[Path], *, notify_socket: str = "") -> Allowed:
    """What the configuration asks for: broker, camera, name servers when one of them has a name, and the state.

    Args:
        config: Of the service.
        camera: The one that is run.
        folders: Of the state.
        notify_socket: Of systemd.
    """
    wanted: list[tuple[str, int, str]] = []
    if config.mqtt.enabled:
        wanted.append((config.mqtt.host, config.mqtt.port, "broker"))
    address = urlsplit(camera.source)
    if address.scheme.lower() in _RTSP_PORTS:
        wanted.append((address.hostname or "", address.port or _RTSP_PORTS[address.scheme.lower()], "camera"))
    peers: dict[Peer, str] = {}
    for host, port, role in wanted:
        for found in _addresses(host):
            peers[Peer(found, port)] = role
            peers[Peer(found)] = f"{role}, asked for its route"  # the resolver sorts addresses so; nothing is sent
        if _addresses(host) != [host]:
            peers |= {Peer(server, 53): "name server" for server in _name_servers()}
    if notify_socket:
        peers[Peer(f"unix:{notify_socket}")] = "systemd"
    devices = ("/dev/null", camera.source) if camera.source.startswith("/dev/") else ("/dev/null",)
    return Allowed(peers, tuple(folder.resolve() for folder in folders), devices, config.metrics.port)


def _addresses(host: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
    except OSError:  # then the service does not find it either
        return []


def _name_servers(file: Path = Path("/etc/resolv.conf")) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [line.split()[1] for line in lines if line.startswith("nameserver ")]


@dataclass
class _Ledger:
    """What has been seen so far."""

    spoke: set[Spoke] = field(default_factory=set)
    listened: set[int] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    pictures: set[tuple[str, str]] = field(default_factory=set)
    sent_bytes: int = 0

    def add(self, thread: Iterable[Event]) -> None:
        """The events of one thread, in order."""
        tails: dict[str, bytes] = {}
        for event in thread:
            if isinstance(event, Spoke):
                self.spoke.add(event)
            elif isinstance(event, Listened):
                self.listened.add(event.port)
            elif isinstance(event, Made):
                self.made.add(event.path)
            elif isinstance(event, Sent):
                self.sent_bytes += len(event.content)
                content = tails.get(event.where, b"") + event.content  # a signature may be cut in two
                self.pictures |= {(event.where, form) for form in signatures(content)}
                tails[event.where] = content[-LONGEST:]


def judge(
    threads: Iterable[Iterable[Event]], rules: Allowed, read: Callable[[Path], bytes], *, encrypted: bool = False
) -> Report:
    """The report on the events of all threads of a run that has ended.

    Args:
        threads: Events, thread by thread.
        rules: What is allowed.
        read: The content of a file that was written; empty for what is no file any more.
        encrypted: Whether the connection to the broker was.
    """
    ledger = _Ledger()
    for thread in threads:
        ledger.add(thread)
    peers = {_named(spoke, ledger, rules) for spoke in ledger.spoke}
    files = {Seen(path, _role(path, rules)) for path in ledger.made}
    for path in ledger.made:
        if not path.startswith(("/dev/", "/proc/")):
            ledger.pictures |= {(path, form) for form in signatures(read(Path(path)))}
    listening = {
        Seen(f"port {port}, waiting for callers", "metrics" * (port == rules.metrics_port)) for port in ledger.listened
    }
    listening = {seen for seen in listening if seen.role or not _only_itself(seen, ledger)}
    return Report(
        peers=_sorted(peers | listening),
        files=_sorted(files),
        pictures=_sorted({Seen(where, form) for where, form in ledger.pictures}),
        sent_bytes=ledger.sent_bytes,
        encrypted=encrypted,
    )


def _sorted(seen: Iterable[Seen]) -> tuple[Seen, ...]:
    return tuple(sorted(seen, key=lambda one: (one.role, one.what)))


def _only_itself(seen: Seen, ledger: _Ledger) -> bool:
    """To wake its thread, paho connects the process to itself, over a port that nobody else is told."""
    port = int(seen.what.split(",")[0].removeprefix("port "))
    return any(spoke.peer == Peer("127.0.0.1", port) for spoke in ledger.spoke)


def _named(spoke: Spoke, ledger: _Ledger, rules: Allowed) -> Seen:
    peer = spoke.peer
    role = rules.peers.get(peer, "")
    if not role and spoke.own_port and spoke.own_port == rules.metrics_port:
        return Seen(f"{peer.host}, who came to port {spoke.own_port}", "reads the metrics")
    if not role and peer.host == "127.0.0.1" and {peer.port, spoke.own_port} & ledger.listened:
        return Seen("127.0.0.1", "itself")
    if not role and peer.host.startswith(_NAME_SERVICES):
        role = "name service of this machine"
    return Seen(str(peer), "the kernel" if peer.host == "AF_NETLINK" else role)


def _role(path: str, rules: Allowed) -> str:
    if path in rules.devices:
        return "device"
    if path.startswith("/proc/"):
        return "the kernel"
    return "state" if any(Path(path).is_relative_to(folder) for folder in rules.folders) else ""
