"""Hit rates: of what each rule sent out, what the townships confirmed."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from rules_house import answer
from typer.testing import CliRunner

from shouwang.cli.app import app
from shouwang.screening.hit_rates import wilson
from shouwang.workspace.workspace import Workspace


def run(*words: object) -> Any:
    done = CliRunner().invoke(app, ["rules", "score", *map(str, words)])
    assert done.exception is None, done.output
    return done


def test_of_the_clues_sent_the_answered_ones_count(county: Workspace) -> None:
    answer({"H011": "04", "H012": "02"})
    [rate] = json.loads(run("--json").stdout)
    assert rate["rule"] == "WAT-3"
    assert (rate["sent"], rate["answered"], rate["confirmed"], rate["rate"]) == (11, 4, 2, 0.5)
    assert rate["low"] == pytest.approx(0.1500, abs=1e-4)
    assert rate["high"] == pytest.approx(0.8500, abs=1e-4)


def test_the_last_word_counts(county: Workspace) -> None:
    answer({"H010": "03"}, day=10)
    [rate] = json.loads(run("--json").stdout)
    assert (rate["answered"], rate["confirmed"]) == (2, 2)


def test_months_without_a_release_have_no_rates(county: Workspace) -> None:
    assert json.loads(run("--months", "2026-09", "--json").stdout) == []
    assert len(json.loads(run("--months", "2026-08..2026-09", "--json").stdout)) == 1


def test_the_table_tells_rate_and_interval(county: Workspace) -> None:
    said = " ".join(run().stdout.split())
    assert "50.0%" in said
    assert "9.4% and 90.5%" in said


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 4, 0.0456, 0.6994),
        (91, 4881, 0.0152, 0.0228),
    ],
)
def test_wilsons_interval_is_that_of_the_tables(
    hits: int, of: int, low: float, high: float
) -> None:
    found = wilson(pd.Series([hits]), pd.Series([of]))
    assert found[["low", "high"]].to_numpy().tolist() == [pytest.approx([low, high], abs=1e-4)]
