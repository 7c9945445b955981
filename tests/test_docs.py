"""What the documents show has to work; parts of them are generated: `python -m tests.test_docs` writes those anew."""

from __future__ import annotations

import io
import json
import re
import shlex
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import typer

from edge import errors
from edge.cli import app
from edge.commands.replay import replay_command
from edge.commands.schema import schemas
from edge.config import json_schema, parse
from edge.core import message
from edge.core.message import NAME_PATTERN

ROOT = Path(__file__).parent.parent
CONFIGURATION, MESSAGES = ROOT / "docs" / "configuration.md", ROOT / "docs" / "messages.md"
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "*/*.md", "*/*/*.md")
    for path in ROOT.glob(pattern)
    if not path.relative_to(ROOT).parts[0].startswith(".")
)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAYLOADS: dict[str, type[message.Payload]] = {
    "line/{line}": message.LineRow,
    "zone/{zone}": message.ZoneRow,
    "occupancy": message.OccupancyRow,
    "total/{line}": message.TotalRow,
    "status": message.DeviceStatus,
    "info": message.Info,
    "health": message.Health,
    "cmd/replay": message.ReplayRequest,
    "answer/{reader}": message.ReplayAnswer,
}

# The tables of docs/configuration.md.


def configuration_tables() -> str:
    """A table for each section of config.yaml, from its JSON Schema."""
    schema = json_schema()
    tables = []
    for path, section in _sections(schema, schema, ""):
        rows = [
            f"| `{key}` | {_default(key, field, section)} | {_range(field)} | {field.get('unit', '')} | "
            f"{_words(schema, field)} |"
            for key, field in section["properties"].items()
        ]
        heading = f"### `{path}`" if path else "### Top level"
        tables.append(
            "\n".join(
                [heading, "", "| key | default | range | unit | what |", "| --- | --- | --- | --- | --- |", *rows]
            )
        )
    return "\n\n".join(tables)


def _sections(schema: dict[str, Any], section: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, section
    for key, field in section["properties"].items():
        name = _reference(field)
        if name and name != "SecretRef":
            inner = f"{path}.{key}".lstrip(".") + ("[]" if field.get("type") == "array" else "")
            yield from _sections(schema, schema["$defs"][name], inner)


def _reference(field: dict[str, Any]) -> str | None:
    """The name of the section that a value is made of, if it is."""
    places = [field, field.get("items", {}), *field.get("anyOf", [])]
    return next((place["$ref"].split("/")[-1] for place in places if "$ref" in place), None)


def _default(key: str, field: dict[str, Any], section: dict[str, Any]) -> str:
    if key in section.get("required", ()):
        return "required"
    if "default" not in field and "$ref" not in field:
        return "required, or by profile"
    default = field.get("default", {})
    return "" if default == {} else f"`{default:g}`" if type(default) is float else f"`{json.dumps(default)}`"


def _range(field: dict[str, Any]) -> str:
    for place in (field, *field.get("anyOf", [])):
        if "enum" in place:
            return ", ".join(f"`{json.dumps(value)}`" for value in place["enum"])
        if "minimum" in place:
            return f"{place['minimum']:g} to {place['maximum']:g}"
        if place.get("type") == "array":
            return _list_range(place)
        if place.get("type") == "boolean":
            return "`true`, `false`" + (" or a mapping" if "anyOf" in field else "")
        if "pattern" in place:
            return {NAME_PATTERN: "a-z, 0-9, inner hyphens"}.get(place["pattern"], "HH:MM")
    return "a [secret](#secrets)" if _reference(field) == "SecretRef" else "a mapping" if _reference(field) else "text"


def _list_range(place: dict[str, Any]) -> str:
    if place["maxItems"] == 2:
        return "[x, y], each 0 to 1"
    return f"{place.get('minItems', 0)} to {place['maxItems']} " + ("mappings" if _reference(place) else "of [x, y]")


def _words(schema: dict[str, Any], field: dict[str, Any]) -> str:
    name = _reference(field)
    return str(field.get("description") or schema["$defs"][name]["description"]).replace("<", "&lt;")


# The examples of docs/messages.md.


def examples(seq: int = 3) -> str:
    """The messages of one interval of the demo's shop, as `edge replay --rows` writes them."""
    demo = ROOT / "edge" / "demo"
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        rows = Path(folder) / "rows.jsonl"
        replay_command(str(demo / "shop.jsonl"), config=demo / "demo.yaml", rows_to=rows, start="2026-11-23T09:00:00Z")
        payloads = [json.loads(line) for line in rows.read_text().splitlines()]
    blocks = []
    for payload in payloads:
        if payload["seq"] == seq:
            topic = message.topic(payload["site"], payload["device"], *_place(payload).split("/"))
            blocks.append(f"`{topic}`\n\n```json\n{_wrapped(payload)}\n```")
    return "\n\n".join(blocks)


def _place(payload: dict[str, Any]) -> str:
    return str(payload.get("series") or f"total/{payload['line']}")


def _wrapped(payload: dict[str, Any]) -> str:
    pairs = ", ".join(f"{json.dumps(key)}:~{json.dumps(value).replace(' ', '~')}" for key, value in payload.items())
    return "\n".join(textwrap.wrap(f"{{{pairs}}}", 100, break_long_words=False, break_on_hyphens=False)).replace(
        "~", " "
    )


def generated(path: Path) -> tuple[str, str, str]:
    """A document as what stands before, in and after its generated part."""
    text = path.read_text(encoding="utf-8")
    parts = re.fullmatch(r"(.*<!-- generated -->\n)(.*)(<!-- end of generated -->\n.*)", text, re.DOTALL)
    assert parts, f"{path}: expected a pair of markers"
    return parts[1], parts[2], parts[3]


def _without_config_id(text: str) -> str:
    return re.sub(r'"config_id":\s"[0-9a-f]+"', "", text)


def main() -> None:
    """Write the generated parts anew."""
    for path, text in ((CONFIGURATION, configuration_tables()), (MESSAGES, examples())):
        before, _, after = generated(path)
        path.write_text(f"{before}\n{text}\n\n{after}", encoding="utf-8")


# Tests.


def test_the_example_configuration_has_no_problem() -> None:
    parse((ROOT / "config.yaml").read_text(encoding="utf-8"))


def test_the_tables_of_the_configuration_are_those_of_the_schema() -> None:
    assert generated(CONFIGURATION)[1].strip() == configuration_tables(), "stale: python -m tests.test_docs"


def test_the_examples_of_messages_are_what_a_replay_writes() -> None:
    shown, written = (_without_config_id(text) for text in (generated(MESSAGES)[1].strip(), examples()))
    assert shown == written, "stale: python -m tests.test_docs"


def test_every_field_of_a_message_is_explained() -> None:
    text = MESSAGES.read_text(encoding="utf-8")
    rows = "## What every row carries"
    for name, model in PAYLOADS.items():
        section = _section(text, f"## `{name}`") + (_section(text, rows) if issubclass(model, message.Row) else "")
        named = set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))
        named |= {
            key for keys in re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE) for key in re.findall(r"`(\w+)`", keys)
        }
        missing = {field.alias or key for key, field in model.model_fields.items()} - named
        assert not missing, f"docs/messages.md, {name}: {missing} is not explained"


def test_every_json_in_the_messages_is_valid() -> None:
    text = MESSAGES.read_text(encoding="utf-8")
    found = re.findall(
        r"^`traffic/v1/[^/]+/[^/]+/(\w+)(?:/[\w-]+)?`\n\n```json\n(.*?)```", text, re.DOTALL | re.MULTILINE
    )
    models = {name.split("/")[0]: model for name, model in PAYLOADS.items()}
    assert {place for place, _ in found} == set(models)
    for place, payload in found:
        model = models[place]
        model.model_validate_json(payload)


def _section(text: str, heading: str) -> str:
    assert f"\n{heading}\n" in text, f"expected the heading {heading!r}"
    return re.split(r"^## ", text.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path}: {target} is not there"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_headings_lead_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", path.read_text(encoding="utf-8")):
        text = ((path.parent / target) if target else path).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        assert anchor in headings, f"{path}: {target}#{anchor} is not there"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_whole_configurations_in_documents_have_no_problem(path: Path) -> None:
    for block in re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        if block.startswith("site:"):
            parse(block)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_documents_exist_with_their_options(path: Path) -> None:
    for block in SHELL.findall(path.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if "edge" in (names := [word.rsplit("/", 1)[-1] for word in words]):
                start = names.index("edge")
                if start == 0 or words[start - 1] in {"sudo"} or "/" in words[start]:
                    _check_command(words[start + 1 :], f"{path.name}: {line}")


def _check_command(words: list[str], where: str) -> None:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, where
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.split("=")[0] in known | {"--help"}, where


def test_every_exit_code_is_explained() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.EdgeError)]
    for kind in kinds:
        assert f"\n| {kind.exit_code} |" in text, kind


def test_every_metric_is_explained() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    source = (ROOT / "edge" / "adapters" / "metrics.py").read_text(encoding="utf-8")
    names = set(re.findall(r'"(edge_[a-z_]+)"', source))
    assert len(names) > 5
    assert not {name for name in names if f"`{name}" not in text}


def test_the_schemas_have_a_name_for_every_message() -> None:
    names = {name.removeprefix("cmd/").split("/")[0] for name in PAYLOADS}
    assert {f"{name}.schema.json" for name in names} == set(schemas()) - {"config.schema.json"}


if __name__ == "__main__":
    main()
