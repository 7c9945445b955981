"""How shut in the installed unit is, as systemd itself sees it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edge.doctor.finding import Finding, judged

FOLDERS = (Path("/etc/systemd/system"), Path("/usr/local/lib/systemd/system"), Path("/usr/lib/systemd/system"))
UNIT = "edge@.service"
MOST_RTSP, MOST_DEVICE = 1.1, 1.3


def examine_unit(camera: str, *, device: bool, folders: Sequence[Path] = FOLDERS) -> list[Finding]:
    """The exposure of the unit of a camera with its drop-ins.

    Args:
        camera: Its name: the instance.
        device: Whether it is a /dev/video, which opens the unit a little.
        folders: Where units are, best first.
    """
    most = MOST_DEVICE if device else MOST_RTSP
    expected = f"an exposure of at most {most}"
    unit = next((folder / UNIT for folder in folders if (folder / UNIT).is_file()), None)
    if unit is None:
        return [Finding("unit.exposure", "skipped", f"{UNIT} is not installed", expected)]
    if shutil.which("systemd-analyze") is None:
        return [Finding("unit.exposure", "skipped", "no systemd-analyze here", expected)]
    score = exposure(unit, camera, folders)
    if score is None:
        return [Finding("unit.exposure", "skipped", "this systemd cannot score a unit offline (250 can)", expected)]
    advice = f"systemd-analyze security edge@{camera}.service says what is open; look at the drop-ins"
    return [judged("unit.exposure", "ok" if score <= most else "warning", f"{score}", expected, advice)]


def exposure(unit: Path, camera: str, folders: Sequence[Path] = ()) -> float | None:
    """The score of `systemd-analyze security --offline`, 0 is shut and 10 is open; None when it gives none.

    Args:
        unit: The template.
        camera: The instance.
        folders: Where drop-ins of template and instance are looked for.
    """
    instance = f"edge@{camera}.service"
    with tempfile.TemporaryDirectory() as copy:
        # It takes a file, not the name of an instance, and reads drop-ins from the folder beside it.
        (Path(copy) / instance).write_text(unit.read_text(encoding="utf-8"), encoding="utf-8")
        drop_ins = Path(copy) / f"{instance}.d"
        drop_ins.mkdir()
        for folder in reversed(folders):  # the best last: it wins over one of the same name
            for name in (f"{UNIT}.d", f"{instance}.d"):
                for drop_in in sorted((folder / name).glob("*.conf")):
                    shutil.copyfile(drop_in, drop_ins / drop_in.name)
        command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(Path(copy) / instance)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"exposure level for \S+ (\d+\.\d)", done.stdout)
    return float(found[1]) if found else None
