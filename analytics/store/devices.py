"""What devices say of themselves: the newest `info` and `status` of each."""

from __future__ import annotations

import json

from analytics.store.database import Database
from edge.core.message import DeviceStatus, Info

_INFO = """
INSERT INTO devices (site, device, software, config_id, boot_id, camera, model, model_sha256, layout, info_s)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (site, device) DO UPDATE SET software = excluded.software, config_id = excluded.config_id,
    boot_id = excluded.boot_id, camera = excluded.camera, model = excluded.model, model_sha256 = excluded.model_sha256,
    layout = excluded.layout, info_s = excluded.info_s"""
_STATUS = """
INSERT INTO devices (site, device, state, state_boot_id, state_s) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (site, device) DO UPDATE SET state = excluded.state, state_boot_id = excluded.state_boot_id,
    state_s = excluded.state_s
WHERE excluded.state = 'online' OR devices.state_boot_id IS NULL OR devices.state_boot_id = excluded.state_boot_id"""


def put_info(database: Database, site: str, device: str, info: Info, now_s: int) -> None:
    """Enters what runs on a device; `layout` holds its lines and zones as JSON."""
    lines = [line.model_dump(mode="json") for line in info.lines]
    layout = json.dumps({"lines": lines, "zones": [zone.model_dump(mode="json") for zone in info.zones]})
    known = (info.software, info.config_id, info.boot_id, info.camera, info.model, info.model_sha256, layout)
    database.execute(_INFO, (site, device, *known, now_s))


def put_status(database: Database, site: str, device: str, status: DeviceStatus, now_s: int) -> None:
    """Enters whether a device is there; the last will of an older boot says nothing about the present one."""
    database.execute(_STATUS, (site, device, status.state, status.boot_id, now_s))
