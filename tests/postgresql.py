"""A PostgreSQL of its own for the tests: Debian's programs, a cluster in a temporary folder, one loopback port.

PostgreSQL refuses to run as root, so root lends it to an unprivileged user. It knows nothing of the subscriber.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import pytest

from tests.mosquitto import free_port

USER = "traffic"
PASSWORD = "correct-horse-battery"
_UNPRIVILEGED = "nobody"
_DEADLINE_S = 120.0


def programs() -> Path | None:
    """The folder of initdb, pg_ctl and postgres: the newest of Debian's, which are not on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).resolve().parent if path else None


class Postgresql:
    """A server while the `with` block runs; its files go with it.

    Args:
        settings: Of postgresql.conf; without any it spares the disk as nobody should in earnest.
    """

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self._settings = {"fsync": "off"} if settings is None else settings
        self._databases = 0

    def start(self) -> None:
        """Starts it; waits until it answers."""
        self._control("start", "-w", "-t", "100", "-l", str(self._folder / "log"), "-o", f"-p {self.port}")

    def stop(self, how: str = "fast") -> None:
        """Stops it: `fast`, or `immediate`, as a crash would."""
        self._control("stop", "-w", "-m", how)

    def database(self) -> str:
        """The DSN of a new, empty database, without the password."""
        self._databases += 1
        name = f"test{self._databases}"
        psql = [*self._as(), str(self._programs / "psql"), "-h", str(self._folder), "-p", str(self.port), "-U", USER]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        command = [*psql, "-q", "-d", "postgres", "-c", f"CREATE DATABASE {name}"]
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=_DEADLINE_S, cwd="/")
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def _control(self, *arguments: str) -> None:
        command = [*self._as(), str(self._programs / "pg_ctl"), "-D", str(self._data), *arguments]
        outcome = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=_DEADLINE_S, cwd="/"
        )
        assert outcome.returncode == 0, outcome.stderr.decode()

    @staticmethod
    def _as() -> list[str]:
        if os.geteuid() != 0:
            return []
        return ["setpriv", f"--reuid={_UNPRIVILEGED}", "--regid=nogroup", "--clear-groups"]

    def __enter__(self) -> Postgresql:
        found = programs()
        if found is None:
            pytest.skip("PostgreSQL is not installed: sudo apt-get install postgresql")
        self._programs = found
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has 107 bytes
        self._data = self._folder / "data"
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            user = pwd.getpwnam(_UNPRIVILEGED)
            for path in (self._folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        arguments = ["-D", str(self._data), "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync"]
        command = [*self._as(), str(found / "initdb"), *arguments, "--locale=C.UTF-8", "-E", "UTF8"]
        subprocess.run(command, check=True, capture_output=True, timeout=_DEADLINE_S, cwd="/")
        lines = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._folder), **self._settings}
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in lines.items())
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)
