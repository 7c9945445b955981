"""The recipe's commands say which step comes first."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("onnx", reason="training needs the extra [train]")

from typer.testing import CliRunner

from models.train.__main__ import app


def test_a_step_without_the_one_before_it_says_which_that_is(tmp_path):
    def said(*words: object) -> str:
        outcome = CliRunner().invoke(app, [str(word) for word in (*words, "--work", tmp_path)], env={"COLUMNS": "400"})
        assert outcome.exit_code == 2
        return outcome.output

    teacher = tmp_path / "teacher.onnx"
    teacher.touch()
    assert "which `python -m models.train prepare` writes" in said("fit", "person-n", "--teacher", teacher)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "index.npz").touch()
    assert "which `python -m models.train fit person-n` writes" in said("fit", "person-s", "--teacher", teacher)
    assert "which `python -m models.train fit person-s` writes" in said("export", "person-s")
    assert "expected one of person-n, person-s" in said("export", "person-m")
