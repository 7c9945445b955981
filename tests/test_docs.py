"""What the documents show has to work."""

from pathlib import Path

from edge.config import parse

ROOT = Path(__file__).parent.parent


def test_the_example_configuration_has_no_problem() -> None:
    parse((ROOT / "config.yaml").read_text(encoding="utf-8"))
