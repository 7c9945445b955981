"""Very many reports and configurations that nobody would write, made by chance: what comes out of them is well-formed.

Reports go through the books as the service's do, each message is held against the closed JSON Schema in docs/schema,
and the privacy of small numbers is watched on the way. Configurations are the example with something done to it.
"""

from __future__ import annotations

import json
import random
import string
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args

from jsonschema import Draft202012Validator

from benchmarks.chaos.parts import ROOT
from benchmarks.chaos.row import Row
from edge.config import InvalidConfigError, parse
from edge.core.books import Books, Sender
from edge.core.message import Health
from edge.core.report import HISTOGRAM_EDGES_S, Clock, IntervalReport, LineFacts, Status, ZoneFacts

SLOWEST_S = 1.0
MIN_COUNT = 5
NAMES = ["door", "gate", "a", "x" * 63, "0-0"]
NASTY = [
    "", "~", "null", "NO", "0x1F", "1e999", "-1", ".nan", "-.inf", "!!python/object:os.system x", "&a [*a]", "{", "]",
    "- -", "22:22", "'", '"', "\t", "%", "@", "`", "<<: *b", "? :", "|", ">-", "\u0000", "\ufeff", "\u2028", "💥",
    "x" * 3000, "[" * 200, "{a: " * 100, "9" * 400, "1970-01-01", "true", "[[0.1, 0.1], [0.1, 0.1]]", "rtsp://user:secret@camera/",
]  # fmt: skip


def payloads(*, reports: int, seed: int) -> Row:
    """Books reports, and validates all that would be sent."""
    chance, books, sent, wrong, lone = random.Random(seed), Books("00112233aabbccdd"), 0, 0, 0
    validators = {name: _validator(name) for name in ("line", "zone", "occupancy", "total", "health")}
    sender, ended = Sender("shop", "box", "feedface", MIN_COUNT), [0] * len(HISTOGRAM_EDGES_S)
    shown = list(ended)
    for number in range(reports):
        report = _report(chance, number)
        for zone in report.zones.values():
            ended = [one + other for one, other in zip(ended, zone.histogram, strict=True)]
        messages, books = books.post(report, sender, "2026-11-23")
        said = [(message.topic.split("/")[4], message.payload) for message in messages]
        for kind, payload in [*said, ("health", _health(chance).wire())]:
            row = json.loads(payload)
            sent, wrong = sent + 1, wrong + (not validators[kind].is_valid(row))
            if kind == "zone":
                lone += 0 < sum(row["histogram"]) < MIN_COUNT
                shown = [one + other for one, other in zip(shown, row["histogram"], strict=True)]
    waits = [sum(column) for column in zip(*books.carried.values(), strict=True)]
    exact = [one + other for one, other in zip(shown, waits, strict=True)] == ended
    result = (
        f"{reports} reports, {sent} messages: {wrong} against the schema, {lone} histograms of fewer than {MIN_COUNT} "
        f"visits; shown and waiting visits are {'' if exact else 'NOT '}those that ended"
    )
    goal = "all valid against the closed schema, 0 crashes"
    return Row("payload fuzz", goal, result, wrong == lone == 0 and exact)


def configurations(*, texts: int, seed: int) -> Row:
    """Reads each; a crash ends the test with its traceback."""
    chance = random.Random(seed)
    examples = [(ROOT / name).read_text(encoding="utf-8") for name in ("config.yaml", "edge/demo/demo.yaml")]
    fine = refused = nowhere = 0
    slowest_s = 0.0
    for _ in range(texts):
        text = _spoilt(chance, chance.choice(examples))
        began_s = time.perf_counter()
        try:
            parse(text)
            fine += 1
        except InvalidConfigError as error:
            refused += 1
            lines = len(text.splitlines()) + 1
            nowhere += not error.problems or not all(1 <= problem.line <= lines for problem in error.problems)
        slowest_s = max(slowest_s, time.perf_counter() - began_s)
    result = (
        f"{texts} texts: {refused} refused, {nowhere} of them without a line of theirs, {fine} taken, 0 crashes; "
        f"slowest {slowest_s:.2f} s"
    )
    goal = "0 crashes, under 1 s each, a line number each"
    return Row("config fuzz", goal, result, nowhere == 0 and slowest_s < SLOWEST_S and refused > 0 < fine)


def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((ROOT / "docs" / "schema" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def _report(chance: random.Random, number: int) -> IntervalReport:
    start = 60 * chance.choice([0, number, 10**6 + number, 4_000_000_000 // 60])
    return IntervalReport(
        start,
        start + 60,
        {name: _line(chance) for name in chance.sample(NAMES, chance.randint(0, 3))},
        {name: _zone(chance) for name in chance.sample(NAMES, chance.randint(0, 3))},
        observed_s=chance.choice([0.0, 1e-9, 59.999, 60.0, chance.uniform(0.0, 60.0)]),
        frames=_count(chance),
        dropped=_count(chance),
        status=chance.choice(get_args(Status)),
        clock=chance.choice(get_args(Clock)),
        config_id="0123456789abcdef",
        births=_count(chance),
        deaths=_count(chance),
    )


def _count(chance: random.Random) -> int:
    return chance.choice([0, 0, 1, chance.randint(0, 9), chance.randint(0, 10**6), 2**31])


def _line(chance: random.Random) -> LineFacts:
    return LineFacts(*(_count(chance) for _ in fields(LineFacts)))


def _zone(chance: random.Random) -> ZoneFacts:
    bins = tuple(chance.choice([0, 0, 0, 0, 1, chance.randint(0, 30)]) for _ in HISTOGRAM_EDGES_S)
    counts: dict[str, Any] = {field.name: _count(chance) for field in fields(ZoneFacts) if field.type == "int"}
    for name in ("left_s", "presence_s"):
        counts[name] = chance.choice([0.0, 1e-12, 0.005, chance.uniform(0, 1e5)])
    return ZoneFacts(histogram=bins, **counts)


def _health(chance: random.Random) -> Health:
    def maybe(value: float) -> float | None:
        return chance.choice([None, 0.0, value])

    return Health(
        boot_id="feedface",
        camera=_word(chance, "camera"),
        fps=chance.uniform(0, 60),
        frame_age_s=maybe(chance.uniform(0, 1e6)),
        detector_ms=maybe(chance.uniform(0, 1e6)),
        broker=_word(chance, "broker"),
        books=_word(chance, "books"),
        outbox_depth=_count(chance),
        outbox_oldest_s=maybe(chance.uniform(0, 1e6)),
        outbox_dropped=_count(chance),
        intervals_waiting=_count(chance),
        intervals_dropped=_count(chance),
        puback_age_s=maybe(chance.uniform(0, 1e6)),
        clock=chance.choice(get_args(Clock)),
        temperature_c=maybe(chance.uniform(-40, 120)),
        throttled=chance.choice([None, True, False]),
    )


def _word(chance: random.Random, of: str) -> Any:  # noqa: ANN401 - one of the words that this field may have
    return chance.choice(get_args(Health.model_fields[of].annotation))


def _spoilt(chance: random.Random, text: str) -> str:
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        text = chance.choice(_WAYS)(chance, text)
    return text


def _other_value(chance: random.Random, text: str) -> str:
    lines = text.splitlines()
    at = chance.choice([number for number, line in enumerate(lines) if ":" in line] or [0])
    key = lines[at].split(":", 1)[0] if lines else ""
    return _joined([*lines[:at], f"{key}: {chance.choice(NASTY)}", *lines[at + 1 :]])


def _without_a_line(chance: random.Random, text: str) -> str:
    lines = text.splitlines()
    at = chance.randrange(len(lines) + 1)
    return _joined(lines[:at] + lines[at + 1 :])


def _line_again(chance: random.Random, text: str) -> str:
    lines = text.splitlines() or [""]
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return _joined(lines)


def _uncommented(chance: random.Random, text: str) -> str:
    lines = text.splitlines() or [""]
    at = chance.choice([number for number, line in enumerate(lines) if "# " in line] or [0])
    lines[at] = lines[at].replace("# ", "", 1)
    return _joined(lines)


def _shifted(chance: random.Random, text: str) -> str:
    lines = text.splitlines() or [""]
    at = chance.randrange(len(lines))
    lines[at] = chance.choice([" ", "  ", "\t"]) + lines[at] if chance.random() < 0.5 else lines[at].lstrip()
    return _joined(lines)


def _typo(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(string.printable) + text[at + chance.randint(0, 1) :]


def _inserted(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(NASTY) + text[at:]


def _cut(chance: random.Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _noise(chance: random.Random, text: str) -> str:
    return text + "".join(chr(chance.choice([chance.randrange(0x80), chance.randrange(0xD800)])) for _ in range(20))


_WAYS: tuple[Callable[[random.Random, str], str], ...] = (
    _other_value, _other_value, _without_a_line, _line_again, _uncommented, _shifted, _typo, _inserted, _cut, _noise,
)  # fmt: skip


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
