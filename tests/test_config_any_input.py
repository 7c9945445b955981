"""Whatever a configuration says, it is read or its problems are named."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config import Config, InvalidConfigError, Problem, parse
from edge.config.counting import Line, Zone
from edge.config.problems import Loc
from tests.test_config import EXAMPLE


def parses_or_explains(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        config = parse(text)
    except InvalidConfigError as error:
        config, problems = None, error.problems
    assert isinstance(config, Config) or problems
    for problem in problems:
        assert 1 <= problem.line <= len(text.splitlines()) + 1
        assert str(problem).isprintable()


@given(st.text())
def test_any_text(text: str) -> None:
    parses_or_explains(text)


@given(st.text(alphabet="ab01:-[]{}&*!|>'\"%@`#,? \n\t\\.~<", max_size=60))
def test_any_text_of_yaml_signs(text: str) -> None:
    parses_or_explains(text)


@given(st.data())
@settings(max_examples=200)
def test_any_mutation_of_the_example(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(EXAMPLE)))
    end = data.draw(st.integers(start, min(len(EXAMPLE), start + 30)))
    new = data.draw(st.text(alphabet="ab01:-[]{}&*!|>'\"%@`#,? \n\t\\.~<", max_size=8) | st.text(max_size=3))
    parses_or_explains(EXAMPLE[:start] + new + EXAMPLE[end:])


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def places(value: object, at: Loc = ()) -> list[Loc]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, child in children for place in places(child, (*at, key)))]


def replaced(value: object, place: Loc, new: object) -> object:
    if not place:
        return new
    key, *rest = place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    copy = {k: replaced(child, tuple(rest), new) if k == key else child for k, child in items}
    return copy if isinstance(value, dict) else list(copy.values())


FULL = json.loads(json.dumps(parse(EXAMPLE).model_dump()))
FULL["cameras"][0] |= {"username": "u", "password": {"env": "P"}}
FULL["mqtt"] |= {"username": "u", "password": {"file": "/p"}, "tls": {"ca_file": "/c"}}


@given(st.sampled_from(places(FULL)), VALUES)
@settings(max_examples=300)
def test_any_value_at_any_key(place: Loc, value: object) -> None:
    parses_or_explains(json.dumps(replaced(FULL, place, value)))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6), st.sampled_from([Line, Zone]))
def test_any_shape(points: list[tuple[float, float]], kind: type) -> None:
    shape = {"points": points, "inside": [0.3, 0.3]} if kind is Line else {"polygon": points}
    key = "lines" if kind is Line else "zones"
    camera = {"name": "c", "source": "x", "model": "y", key: [{"name": "a", **shape}]}
    parses_or_explains(json.dumps({"site": "s", "device": "d", "cameras": [camera]}))
