"""The unit: what systemd thinks of it, and that it gives the service what its code relies on."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.commands.running import state_folder
from edge.service import DRAIN_S

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "systemd" / "edge@.service"
CLOCK, DEVICE = (ROOT / "systemd" / name for name in ("clock-kernel.conf", "camera-device.conf"))


@pytest.fixture(scope="module")
def service() -> dict[str, list[str]]:
    """Every key of [Service] with its values; a key may stand more than once."""
    section, found = "", dict[str, list[str]]()
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """The unit of one camera, with a program that exists on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here; install it with: sudo apt-get install systemd")
    path = tmp_path / "edge@entrance.service"
    path.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/edge/bin/edge", "/bin/true"), encoding="utf-8")
    return path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_has_nothing_to_say_against_it(instance: Path) -> None:
    done = analyze("verify", "--man=no", str(instance))
    if "Failed to initialize manager" in done.stderr or "Failed to setup manager" in done.stderr:
        pytest.skip(f"systemd-analyze cannot verify units here: {done.stderr.strip()}")
    about_it = [line for line in done.stderr.splitlines() if "edge@" in line]
    assert (done.returncode, about_it) == (0, [])


def test_verify_would_find_a_mistake(instance: Path) -> None:
    instance.write_text(instance.read_text(encoding="utf-8").replace("Restart=always", "Restart=perhaps"))
    done = analyze("verify", "--man=no", str(instance))
    if "Failed to initialize manager" in done.stderr or "Failed to setup manager" in done.stderr:
        pytest.skip(f"systemd-analyze cannot verify units here: {done.stderr.strip()}")
    assert "perhaps" in done.stderr


@pytest.mark.parametrize(("drop_ins", "most"), [((), 1.1), ((DEVICE,), 1.3), ((CLOCK,), 1.4), ((DEVICE, CLOCK), 1.7)])
def test_it_is_shut_in(instance: Path, drop_ins: tuple[Path, ...], most: float) -> None:
    """0 is shut, 10 is open. A camera at a device, and asking the kernel about the clock, each open it a little."""
    folder = instance.with_name(f"{instance.name}.d")
    folder.mkdir()
    for drop_in in drop_ins:
        shutil.copyfile(drop_in, folder / drop_in.name)
    done = analyze("security", "--offline=true", "--no-pager", str(instance))
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd cannot score a unit that is not installed (250 can)")
    found = re.search(r"exposure level for \S+ (\d+\.\d)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= most


def test_it_speaks_the_protocol_of_the_service(service: dict[str, list[str]]) -> None:
    assert service["Type"] == ["notify"]
    assert service["NotifyAccess"] == ["main"]
    assert "AF_UNIX" in service["RestrictAddressFamilies"][0].split()
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    (command,) = service["ExecStart"]
    assert command.split()[1:] == ["run", "--config", "/etc/edge/config.yaml", "--camera", "%i"]


def test_the_state_of_each_camera_has_a_folder_of_its_own(
    service: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service["StateDirectory"] == ["edge/%i"]
    assert service["StateDirectoryMode"] == ["0700"]
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "edge" / "entrance"))
    assert state_folder(None) == tmp_path / "edge" / "entrance"


def test_systemd_waits_longer_than_the_service_takes(service: dict[str, list[str]]) -> None:
    seconds = {key: int(service[key][0].removesuffix("s")) for key in ("WatchdogSec", "TimeoutStopSec")}
    close_camera_s, goodbye_s = 11.0, 2.0
    assert min(seconds.values()) > DRAIN_S + close_camera_s + goodbye_s


def test_nobody_else_is_told(service: dict[str, list[str]]) -> None:
    variables = " ".join(service["Environment"]).split()
    assert "ORT_DISABLE_TELEMETRY=1" in variables
    assert "YOLO_OFFLINE=true" in variables
    assert service["IPAddressDeny"] == ["any"]


def test_with_the_drop_in_the_service_may_ask_the_kernel_about_the_clock(service: dict[str, list[str]]) -> None:
    assert service["ProtectClock"] == ["yes"]
    drop_in = CLOCK.read_text(encoding="utf-8")
    assert "\nProtectClock=no\n" in drop_in
    # Drop-ins are read last, and the last list wins: the one before it takes @clock away with @privileged.
    assert "\nSystemCallFilter=adjtimex clock_adjtime\n" in drop_in
    assert service["CapabilityBoundingSet"] == [""], "to ask, not to set"


def test_onnxruntime_can_read_what_it_needs(service: dict[str, list[str]]) -> None:
    assert "ProcSubset" not in service
    assert not any("@resources" in value for value in service["SystemCallFilter"])


def test_secrets_are_shown_as_credentials_and_none_is_asked_for_by_default(service: dict[str, list[str]]) -> None:
    assert "LoadCredential" not in service  # a file that is not there would keep the service from starting
    assert "#LoadCredential=mqtt:/etc/edge/secrets/mqtt" in UNIT.read_text(encoding="utf-8")


def test_it_starts_with_the_box_and_is_never_given_up(service: dict[str, list[str]]) -> None:
    assert service["Restart"] == ["always"]
    text = UNIT.read_text(encoding="utf-8")
    assert "\nStartLimitIntervalSec=0\n" in text
    assert "\nWantedBy=multi-user.target\n" in text
