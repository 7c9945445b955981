"""Whether the broker takes our messages, gives us ours, and lets us speak in nobody else's name."""

from __future__ import annotations

import ipaddress
import secrets as random_ids
from dataclasses import replace

from edge import wiring
from edge.config import Config
from edge.core.message import ReplayRequest, answer_topic, topic
from edge.doctor.certificate import examine_certificates
from edge.doctor.conversation import Conversation
from edge.doctor.finding import Finding, judged
from edge.errors import BrokerError, ConfigError

ECHO_S = 5.0
_CONNECTS = "a broker that lets us in"


def examine_broker(config: Config, device: str) -> list[Finding]:
    """Encryption, version, publishing, the way back, and the access list; nothing is left at the broker."""
    if not config.mqtt.enabled:
        return [Finding("broker.connects", "skipped", "mqtt.enabled is false", _CONNECTS)]
    try:
        broker = wiring.broker(config, device)
        broker = replace(broker, client_id=f"{broker.client_id}-doctor")  # or it would throw the service out
        context = broker.tls_context()
        found = examine_certificates(broker, context) if context else [_plain(broker.host)]
        if any(finding.verdict == "failure" for finding in found):
            return found
        with Conversation(broker) as conversation:
            version = "v5" if broker.protocol == "5" else "3.1.1"
            found.append(Finding("broker.connects", "ok", f"{broker.host}:{broker.port} lets us in", _CONNECTS))
            found.append(_version(version))
            found += [_echo(conversation, config.site, device), _publish(conversation, config.site, device)]
            found.append(_access(conversation, config.site, device, v5=version == "v5"))
    except (BrokerError, ConfigError) as error:
        advice = "look at mqtt.host, port, user and password; a broker that knows no MQTT v5 needs protocol: 3.1.1"
        return [Finding("broker.connects", "failure", str(error), _CONNECTS, advice)]
    return found


def _plain(host: str) -> Finding:
    here = host == "localhost" or _is_loopback(host)
    saw = "no TLS, and the broker is on this machine" if here else "no TLS: counts and password can be read on the way"
    return judged("broker.certificate", "ok" if here else "warning", saw, "TLS to another machine", "set mqtt.tls")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _version(version: str) -> Finding:
    advice = "protocol: 5, or a newer broker: 3.1.1 cannot say that it refuses a row, nor ask for one again"
    return judged("broker.version", "ok" if version == "v5" else "warning", f"MQTT {version}", "MQTT v5", advice)


def _publish(conversation: Conversation, site: str, device: str) -> Finding:
    # Nobody listens there but a reader of that name, and there is none.
    answer = conversation.publish(answer_topic(site, device, "doctor"), b"{}")
    saw = "no acknowledgement" if answer is None else str(answer)
    taken = answer is not None and not answer.is_failure
    advice = f"the access list has to let this device write {topic(site, device)}/#"
    expected = "an acknowledgement of what we publish"
    return judged("broker.publish", "ok" if taken else "failure", saw, expected, advice)


def _echo(conversation: Conversation, site: str, device: str) -> Finding:
    """A replay request to ourselves, of an epoch that never was: a running service refuses it and sends nothing."""
    where = topic(site, device, "cmd", "replay")
    epoch = random_ids.token_hex(16)
    request = ReplayRequest(epoch=epoch, series="occupancy", from_seq=1, to_seq=1).wire()
    expected = f"what we publish on {where} comes back"
    listening, asked = conversation.subscribe(where), conversation.publish(where, request)
    back = conversation.until(lambda: any(epoch.encode() in payload for _, payload in conversation.heard), ECHO_S)
    if back:
        return Finding("broker.echo", "ok", "it came back", expected)
    if listening is not None and not listening.is_failure and asked is not None and asked.is_failure:
        return Finding("broker.echo", "skipped", f"we may not write it ourselves ({asked}): so it be", expected)
    saw = f"subscribed: {listening or 'no answer'}, published: {asked or 'no answer'}, nothing came"
    advice = "the access list has to let this device read it, or readers cannot ask for rows that they miss"
    return Finding("broker.echo", "warning", saw, expected, advice)


def _access(conversation: Conversation, site: str, device: str, *, v5: bool) -> Finding:
    """Tries to speak as somebody else, last of all: some brokers hang up on it."""
    other = topic(site, f"not-{device}"[:63].rstrip("-"), "answer", "doctor")
    expected = f"the broker refuses what we publish on {other}"
    if not v5:
        return Finding("broker.access", "skipped", "MQTT 3.1.1 cannot say that it refuses", expected)
    answer = conversation.publish(other, b"{}")
    if answer is None or answer.is_failure:
        return Finding("broker.access", "ok", "refused" if answer else "it hung up on us", expected)
    advice = f"an access list that lets each device write below its own name alone: topic write {topic(site, device)}/#"
    return Finding("broker.access", "warning", f"it takes it: {answer}", expected, advice)
