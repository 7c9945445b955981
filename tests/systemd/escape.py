"""Runs in the sandbox of the unit, with the system's Python, and tries to get out; a line for each action."""

import ctypes
import errno
import mmap
import os
import platform
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {  # of system calls
    "x86_64": {
        "ptrace": 101,
        "mount": 165,
        "unshare": 272,
        "init_module": 175,
        "reboot": 169,
        "keyctl": 250,
        "bpf": 321,
    },
    "aarch64": {
        "ptrace": 117,
        "mount": 40,
        "unshare": 97,
        "init_module": 105,
        "reboot": 142,
        "keyctl": 219,
        "bpf": 280,
    },
}[platform.machine()]


def call(name: str, *arguments: object) -> None:
    if libc.syscall(NUMBERS[name], *arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def set_user_id() -> None:
    Path("/tmp/program").touch()
    Path("/tmp/program").chmod(0o4755)


ACTIONS: dict[str, Callable[[], object]] = {
    "write /etc": Path("/etc/escape").touch,
    "write the program": Path("/opt/edge/escape").touch,
    "write the state of others": Path("/var/lib/escape").touch,
    "read /root": lambda: list(Path("/root").iterdir()),
    "read the secrets of others": Path("/etc/edge/secrets/camera").read_bytes,
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3),
    "set the time": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "memory to write and run": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
    "trace a process": lambda: call("ptrace", 16, os.getppid(), 0, 0),
    "mount": lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, 0),
    "new user namespace": lambda: call("unshare", 0x10000000),
    "load a module": lambda: call("init_module", b"", 0, b""),
    "make a device": lambda: os.mknod("/tmp/mem", 0o20600, os.makedev(1, 1)),
    "open the memory": Path("/dev/mem").read_bytes,
    "become root": lambda: os.setuid(0),
    "rename the machine": lambda: socket.sethostname("escape"),
    "restart the machine": lambda: call("reboot", 0xFEE1DEAD, 672274793, 0, 0),
    "use the keys of others": lambda: call("keyctl", 0, -3, 0),
    "load into the kernel": lambda: call("bpf", 0, b"\0" * 64, 64),
    "make a set-user-id file": set_user_id,
}


def main() -> None:
    for name, act in ACTIONS.items():
        try:
            act()
        except OSError as error:
            sys.stdout.write(f"refused {name}: {errno.errorcode.get(error.errno or 0)}\n")
        else:
            sys.stdout.write(f"POSSIBLE {name}\n")


if __name__ == "__main__":
    main()
