"""The real unit under a real systemd that is booted in namespaces of its own: sandbox, credentials, watchdog.

EDGE_TEST_SYSTEMD=1 as root: it installs all packages (network), boots, and takes some minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import CANARY, CONFIG, ROOT, network
from tests.mosquitto import wait_until

HERE = Path(__file__).parent
CGROUP = Path("/sys/fs/cgroup/unified" if Path("/sys/fs/cgroup/unified").is_dir() else "/sys/fs/cgroup") / "edge-test"
WATCHDOG_S = 8
CAMERA = f"""\
import sys, threading
sys.path.insert(0, {str(ROOT)!r})
from tests.commands import FPS, picture
from tests.rtsp import RtspServer
with RtspServer(lambda number: picture(number % 160), fps=FPS, auth=("viewer", {CANARY!r}), port=8554):
    threading.Event().wait()
"""
TEST = "/opt/edge/share/test"
UNITS = {
    "test.target": "[Unit]\nDefaultDependencies=no\n"
    "Wants=broker.service camera.service edge@entrance.service edge@escape.service\n",
    "broker.service": f"[Service]\nExecStart=/usr/sbin/mosquitto -c {TEST}/mosquitto.conf\n",
    "camera.service": f"[Service]\nExecStart={sys.executable} -B {TEST}/camera.py\n",
    "edge@entrance.service.d/test.conf": f"[Unit]\nAfter=broker.service\n[Service]\nWatchdogSec={WATCHDOG_S}s\n"
    "StandardOutput=append:/out/log\nStandardError=append:/out/log\n",
    "edge@escape.service.d/test.conf": "[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nExecStart=\n"
    f"ExecStart=/usr/bin/python3 -B {TEST}/escape.py\nStandardOutput=file:/out/escape\n",
}


class Booted:
    """A box that runs; `out` is what it shows to the outside, `pid` its first process as seen from here."""

    def __init__(self, out: Path, pid: int) -> None:
        self.out, self.pid = out, pid

    def show(self, key: str) -> str:
        command = [
            "nsenter",
            "-t",
            str(self.pid),
            "-m",
            "-p",
            "systemctl",
            "show",
            "-p",
            key,
            "--value",
            "edge@entrance",
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout.strip()

    def log(self) -> str:
        return (self.out / "log").read_text() if (self.out / "log").exists() else ""

    def main_process(self) -> int:
        """Of the service, as seen from here."""
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if process.read_bytes().split(b"\0")[1:3] == [b"/opt/edge/bin/edge", b"run"]:
                    return int(process.parent.name)
            except OSError:
                continue
        raise AssertionError("the service does not run")


def _lay_out(up: Path) -> None:
    """A configuration, a network, a camera and a broker in the upper layer of the box's root."""
    test, etc = up / "opt/edge/share/test", up / "etc/edge"
    (test / "units").mkdir(parents=True)
    (etc / "secrets").mkdir(parents=True, mode=0o700)
    (etc / "secrets/camera").write_text(f"{CANARY}\n")
    (etc / "secrets/camera").chmod(0o600)
    model = network(test / "grey.onnx")
    login = "rtsp://127.0.0.1:8554/cam\n    username: viewer\n    password: {credential: camera}"
    text = CONFIG.replace("walk.mp4", login).replace("grey.onnx", f"/{model.relative_to(up)}")
    (etc / "config.yaml").write_text(text.replace("enabled: false", "host: 127.0.0.1"))
    (test / "mosquitto.conf").write_text("listener 1883 127.0.0.1\nallow_anonymous true\nuser root\n")
    (test / "camera.py").write_text(CAMERA)
    shutil.copyfile(HERE / "escape.py", test / "escape.py")
    for name, text in UNITS.items():
        (test / "units" / name).parent.mkdir(exist_ok=True)
        (test / "units" / name).write_text(text)


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    if os.environ.get("EDGE_TEST_SYSTEMD") != "1" or os.geteuid() != 0:
        pytest.skip("EDGE_TEST_SYSTEMD=1, as root, installs the service and boots a systemd for it: minutes")
    folder = tmp_path_factory.mktemp("box")
    _lay_out(folder / "up")
    enter = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"]
    install = [*enter, str(HERE / "enter.sh"), str(folder), str(ROOT / "systemd" / "install.sh")]
    subprocess.run(install, check=True, timeout=900)
    CGROUP.mkdir(exist_ok=True)
    boot = [*enter, "--uts", "--ipc", "--net", "--cgroup", str(HERE / "enter.sh"), str(folder), str(HERE / "boot.sh")]
    joined = ["sh", "-c", f'echo $$ >{CGROUP}/cgroup.procs; exec "$@"', "sh", *boot]
    with (folder / "boot.log").open("wb") as log:
        outer = subprocess.Popen(joined, stdout=log, stderr=log)
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    wait_until(lambda: children.read_text().split())
    box = Booted(folder / "out", int(children.read_text().split()[0]))
    try:
        wait_until(lambda: "streaming" in box.log() and "connected" in box.log(), timeout_s=90.0)
        yield box
    finally:
        os.kill(box.pid, signal.SIGKILL)
        outer.wait(30)
        time.sleep(0.5)
        for group in sorted(CGROUP.rglob("*/"), key=lambda path: -len(path.parts)):
            group.rmdir() if group.is_dir() else None
        CGROUP.rmdir()


def test_the_service_counts_in_its_sandbox_with_its_credentials(booted: Booted) -> None:
    assert "counting entrance" in booted.log()
    assert CANARY not in booted.log()
    assert booted.show("ActiveState") == "active"


def test_nothing_gets_out(booted: Booted) -> None:
    escape = booted.out / "escape"
    wait_until(lambda: escape.exists() and "set-user-id" in escape.read_text())
    tried = escape.read_text().splitlines()
    assert len(tried) >= 20
    assert [line for line in tried if not line.startswith("refused")] == []


def test_a_loop_that_hangs_is_started_again_in_time_and_goes_on_with_its_books(booted: Booted) -> None:
    assert booted.show("NRestarts") == "0"
    wait_until(lambda: len(list((booted.out.parent / "up/var/lib/private/edge").rglob("*.db"))) == 1)
    time.sleep(6.0)  # until the tallies of some seconds are written
    os.kill(booted.main_process(), signal.SIGSTOP)
    hung_s = time.monotonic()
    wait_until(lambda: booted.show("NRestarts") == "1", timeout_s=WATCHDOG_S + 10.0)
    assert time.monotonic() - hung_s < WATCHDOG_S + 1.0
    wait_until(lambda: len(re.findall("counting entrance", booted.log())) == 2)
    assert re.search(r"the last run was cut off: \d+ intervals are booked", booted.log())
