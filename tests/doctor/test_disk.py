"""Room and speed of a real folder."""

from __future__ import annotations

from pathlib import Path

from edge.doctor.disk import examine_disk


def test_a_folder_that_is_there_is_measured_and_left_as_it_was(tmp_path: Path) -> None:
    room, fsync = examine_disk(tmp_path, 1)
    assert (room.check, room.verdict, fsync.check) == ("disk.room", "ok", "disk.fsync")
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    room, _ = examine_disk(tmp_path / "state" / "entrance", 1)
    assert str(tmp_path) in room.saw
    assert not (tmp_path / "state").exists()


def test_too_little_room_for_the_outbox_is_a_warning(tmp_path: Path) -> None:
    room, _ = examine_disk(tmp_path, 10**9)
    assert (room.verdict, room.expected) == ("warning", "outbox.max_mb, 1000000000 MB")


def test_a_folder_that_cannot_be_written_is_a_failure() -> None:
    _, fsync = examine_disk(Path("/proc"), 1)
    assert fsync.verdict == "failure"
    assert fsync.advice
