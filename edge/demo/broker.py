"""An MQTT broker for a machine that has none: amqtt (the demo extra) as a process of its own on loopback."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import BrokerError

_START_S = 20.0
_CONFIG = """\
listeners:
  default: {{type: tcp, bind: "127.0.0.1:{port}"}}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin: {{allow_anonymous: true}}
"""


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Runs the broker; yields its port.

    Args:
        folder: Where its configuration and its log are written.

    Raises:
        BrokerError: amqtt is not installed, or does not start.
    """
    if importlib.util.find_spec("amqtt") is None:
        raise BrokerError("the demo's broker: expected the package amqtt, found none; pip install '.[demo]'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    config, log = folder / "broker.yaml", folder / "broker.log"
    config.write_text(_CONFIG.format(port=port))
    with log.open("wb") as output:
        command = [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(config)]
        # In a session of its own: Ctrl-C stops the service, which still has rows to send.
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _wait_for(port, process, log)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise BrokerError(f"the demo's broker did not start: {log.read_text(errors='replace')[-500:]}")
