"""YAML text -> a tree of nodes that know their line, with every structural problem; knows no key of the service.

The YAML is what a person expects of a configuration: YAML 1.2 (NO is a text, 22:22 is a text, 0123 is 123), one
document, keys that are plain text and stand once. The text comes from outside, so its cost is bounded before it is
read (characters) and while it is read (values, counted as if every alias were written out; depth).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from edge.config.problems import InvalidConfigError, Loc, Problem, path_text

MAX_CHARS = 1_000_000
MAX_VALUES = 20_000
MAX_DEPTH = 20

_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


Scalar = bool | int | float | str | None
Value = Scalar | tuple["Node", ...] | dict[str, "Entry"]


class Entry(NamedTuple):
    """A key of a mapping: the line it stands on and its value."""

    line: int
    node: Node


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line it begins on."""

    line: int
    value: Value

    def plain(self) -> object:
        """The same as dict, tuple and scalars."""
        if isinstance(self.value, dict):
            return {key: entry.node.plain() for key, entry in self.value.items()}
        if isinstance(self.value, tuple):
            return tuple(node.plain() for node in self.value)
        return self.value

    def find(self, loc: Loc) -> tuple[int, bool]:
        """The line of `loc`, or of the nearest thing around it, and whether `loc` itself is there."""
        line, node = self.line, self
        for step in loc:
            if isinstance(node.value, dict) and isinstance(step, str) and step in node.value:
                line, node = node.value[step]
            elif isinstance(node.value, tuple) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.line
            else:
                return line, False
        return line, True


def read(text: str) -> tuple[Node, list[Problem]]:
    r"""The tree of one YAML document, and the problems that left a tree to look at (repeated keys, tags).

    >>> tree, problems = read("site: shop\nlines: [{name: NO, at: [0.5, 1]}]\nsite: home")
    >>> tree.plain()
    {'site': 'shop', 'lines': ({'name': 'NO', 'at': (0.5, 1)},)}
    >>> print(problems[0])
    line 3: site: duplicate key; it stands on line 1 already

    Raises:
        InvalidConfigError: The text is too large, empty, or not YAML.
    """
    if len(text) > MAX_CHARS:
        raise InvalidConfigError([Problem(1, "", f"expected at most {MAX_CHARS} characters, found {len(text)}")])
    tree = _Tree(YAML(typ="safe", pure=True).parse(text))
    try:
        root = tree.document()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        tree.problems.append(Problem(line, "", f"expected printable text, found the character U+{error.character:04X}"))
    except MarkedYAMLError as error:
        tree.problems.append(_syntax(error))
    except (YAMLError, ValueError, OverflowError):
        tree.problems.append(Problem(tree.line, "", "not YAML: a character code that does not exist, or the like"))
    else:
        return root, tree.problems
    raise InvalidConfigError(tree.problems)


def _syntax(error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = (error.problem or error.context or "not YAML").splitlines()[0]
    if "'\\t'" in said:
        said = "found a tab; YAML is indented with spaces"
    # A tag's handle is a piece of the user's text, perhaps of a secret that begins with "!".
    said = said.split(" tag handle ")[0] + " tag handle" if " tag handle " in said else said
    return Problem(line, "", f"not YAML at column {column}: {said}")


class _Tree:
    """Builds nodes from the parser's events, which are balanced: a start is always followed by its end."""

    def __init__(self, events: Iterator[Event]) -> None:
        self.problems: list[Problem] = []
        self.line = 1
        self._events = events
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._values = 0

    def document(self) -> Node:
        """The one document of the text."""
        root: Node | None = None
        for event in self._events:
            self.line = event.start_mark.line + 1
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    self._stop((), "expected one document, found another one")
                root = self._node(self._next(), ())
        if root is None or root.value is None:
            self.line = 1
            self._stop((), "expected keys such as 'site' and 'cameras', found nothing")
        return root

    def _next(self) -> Any:  # noqa: ANN401  (ruamel types every event as the base class, without its fields)
        event = next(self._events)
        self.line = event.start_mark.line + 1
        return event

    def _node(self, event: Any, loc: Loc) -> Node:  # noqa: ANN401
        if isinstance(event, AliasEvent):
            return self._alias(event, loc)
        line, before = self.line, self._values
        self._count(1, loc)
        if event.tag is not None:
            self._note(loc, "tags are not used here; a text that begins with '!' needs quotes")
        value: Value
        if isinstance(event, SequenceStartEvent):
            value = self._list(loc)
        elif isinstance(event, MappingStartEvent):
            value = self._mapping(loc)
        else:
            value = _scalar(event)
        node = Node(line, value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._values - before)
        return node

    def _alias(self, event: AliasEvent, loc: Loc) -> Node:
        if event.anchor not in self._anchors:
            self._stop(loc, "an alias without its anchor above it; a text that begins with '*' needs quotes")
        node, values = self._anchors[event.anchor]
        self._count(values, loc)
        return node

    def _list(self, loc: Loc) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            nodes.append(self._node(event, (*loc, len(nodes))))
        return tuple(nodes)

    def _mapping(self, loc: Loc) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            line, key = self.line, self._key(event, loc)
            entry = Entry(line, self._node(self._next(), (*loc, key)))
            if key in entries:
                earlier = entries[key].line
                self.problems.append(
                    Problem(line, path_text((*loc, key)), f"duplicate key; it stands on line {earlier} already")
                )
            else:
                entries[key] = entry
        return entries

    def _key(self, event: Event, loc: Loc) -> str:
        if isinstance(event, ScalarEvent):
            if event.value == "<<":
                self._note(loc, "merge keys ('<<') are not used here; write the keys out")
            return _text(event)
        self._note(loc, "expected plain text as a key, found a list, mapping or alias")
        self._node(event, (*loc, "?"))
        return "?"

    def _count(self, values: int, loc: Loc) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._stop(loc, f"expected at most {MAX_VALUES} values, aliases written out")
        if len(loc) > MAX_DEPTH:
            self._stop(loc, f"expected at most {MAX_DEPTH} levels")

    def _note(self, loc: Loc, message: str) -> None:
        self.problems.append(Problem(self.line, path_text(loc), message))

    def _stop(self, loc: Loc, message: str) -> NoReturn:
        self._note(loc, message)
        raise InvalidConfigError(self.problems)


def _scalar(event: ScalarEvent) -> Scalar:
    """The value of a scalar by the core schema of YAML 1.2 (section 10.3.2), without octal and hexadecimal."""
    text = _text(event)
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _text(event: ScalarEvent) -> str:
    """The text of a scalar; half a surrogate pair, which YAML can escape but nothing can print, is a ValueError."""
    text = str(event.value)
    text.encode()
    return text
