"""What is allowed to a configuration, and what a report makes of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge.config import parse
from edge.privacy.audit import Allowed, Report, Seen, allowed, judge
from edge.privacy.strace import Event, Listened, Made, Peer, Sent, Spoke
from tests.commands import CONFIG

STATE = Path("/srv/state")
RULES = Allowed({Peer("10.0.0.7", 1883): "broker"}, (STATE,))
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"


def report(*seen: Event, rules: Allowed = RULES, content: bytes = b"") -> Report:
    return judge([seen], rules, lambda _: content)


def roles(seen: Iterable[Seen]) -> dict[str, str]:
    return {one.what: one.role for one in seen}


def test_broker_and_state_are_clean() -> None:
    found = report(Spoke(Peer("10.0.0.7", 1883)), Made("/srv/state/a.db"), Sent("/srv/state/a.db", b"rows"))
    assert found.clean
    assert (found.sent_bytes, roles(found.peers)) == (4, {"10.0.0.7:1883": "broker"})


def test_another_peer_another_port_and_another_file_are_not() -> None:
    for breach in (Spoke(Peer("203.0.113.9", 443)), Spoke(Peer("10.0.0.7", 80)), Spoke(Peer("unix:/run/other"))):
        assert not report(breach).clean
    for path in ("/srv/other", "/srv/state-of-others/x", "/home/pi/.cache/id", "/dev/shm/x"):
        assert not report(Made(path)).clean


def test_a_picture_in_the_state_in_a_message_or_cut_in_two_is_found() -> None:
    assert roles(report(Sent("/srv/state/a.db", b"x" + JPEG)).pictures) == {"/srv/state/a.db": "JPEG"}
    assert not report(Sent("TCP:[a->b]", JPEG[:2]), Sent("TCP:[a->b]", JPEG[2:])).clean
    assert report(Sent("TCP:[a->b]", JPEG[:2]), Sent("TCP:[a->c]", JPEG[2:])).clean
    assert roles(report(Made("/srv/state/a.db"), content=JPEG).pictures) == {"/srv/state/a.db": "JPEG"}


def test_an_open_port_is_the_metrics_or_a_breach() -> None:
    assert not report(Listened(9100)).clean
    metrics = Allowed({}, (STATE,), metrics_port=9100)
    found = report(Listened(9100), Spoke(Peer("10.0.0.9", 5555), 9100), rules=metrics)
    assert found.clean
    assert "10.0.0.9, who came to port 9100" in roles(found.peers)


def test_a_process_may_speak_to_itself() -> None:
    found = report(Listened(40973), Spoke(Peer("127.0.0.1", 40973)), Spoke(Peer("127.0.0.1", 42808), 40973))
    assert roles(found.peers) == {"127.0.0.1": "itself"}
    assert not report(Spoke(Peer("127.0.0.1", 40973))).clean


def test_the_configuration_names_whom_it_may_speak_to() -> None:
    text = CONFIG.replace("enabled: false", "host: 127.0.0.1, port: 8883").replace("walk.mp4", "rtsp://127.0.0.2/sub")
    config = parse(text + "metrics: {port: 9100}\n")
    rules = allowed(config, config.cameras[0], [STATE], notify_socket="/run/systemd/notify")
    assert rules.peers[Peer("127.0.0.1", 8883)] == "broker"
    assert rules.peers[Peer("127.0.0.2", 554)] == "camera"
    assert rules.peers[Peer("unix:/run/systemd/notify")] == "systemd"
    assert "name server" not in rules.peers.values(), "nothing has a name"
    assert rules.metrics_port == 9100
    device = parse(CONFIG.replace("walk.mp4", "/dev/video0"))
    assert "/dev/video0" in allowed(device, device.cameras[0], [STATE]).devices


def test_a_broker_with_a_name_needs_the_name_server() -> None:
    config = parse(CONFIG.replace("enabled: false", "host: localhost"))
    rules = allowed(config, config.cameras[0], [STATE])
    assert Peer("127.0.0.1", 1883) in rules.peers
