"""Rules that are tried on the year that was, and what the year says of the rules."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from telling import MONTHS, Telling, day_of
from typer.testing import CliRunner

from shouwang.cli.app import app
from shouwang.workspace.workspace import load_workspace

SPAN = f"{MONTHS[0]}..{MONTHS[-1]}"
CONFIRMED = ("01", "02", "03")


def said(told: Telling, *words: str) -> str:
    """What a command prints on standard output, at the end of the year."""
    with told.on(day_of(MONTHS[-1], 28)):
        done = CliRunner().invoke(app, [*words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def changed(told: Telling, folder: Path, old: str, new: str) -> Path:
    """The county's rules with one place changed."""
    with told.on(day_of(MONTHS[-1], 28)):
        text = (load_workspace().county_folder / "rules.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = folder / "rules.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def tried(told: Telling, path: Path, *more: str) -> dict:
    return json.loads(said(told, "rules", "try", str(path), "--months", SPAN, "--json", *more))


def test_rules_that_did_not_change_change_nothing(told: Telling, tmp_path: Path) -> None:
    database = told.home / "shouwang.db"
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    report = tried(
        told, changed(told, tmp_path, "title: 单次住院自付较高", "title: 一次住院自付较高")
    )
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    stateless = told.table("SELECT month, COUNT(*) AS n FROM warning GROUP BY month").set_index(
        "month"
    )["n"]
    assert {m["month"]: m["households"]["now"] for m in report["months"]} == stateless.to_dict()
    for month in report["months"]:
        assert (
            month["households"]["gained"]
            == month["households"]["lost"]
            == len(month["confirmed"]["missed"])
            == 0
        )


def test_a_lower_threshold_gains_households_and_a_rule_that_ends_loses_the_confirmed(
    told: Telling, tmp_path: Path
) -> None:
    lower = tried(
        told,
        changed(told, tmp_path, "{special: 6000, general: 10000}", "{special: 600, general: 1000}"),
    )
    assert sum(m["households"]["gained"] for m in lower["months"]) > 0
    assert all(m["households"]["lost"] == 0 for m in lower["months"])
    assert all(
        m["by_rule"]["MED-1"]["then"] >= m["by_rule"]["MED-1"]["now"]
        for m in lower["months"]
        if "MED-1" in m["by_rule"]
    )

    path = changed(told, tmp_path, "唯一住房为C级或D级危房", "唯一住房为C级或D级危房")
    text = path.read_text(encoding="utf-8")
    head, _, tail = text.partition("  - code: HOU-1")
    path.write_text(
        head
        + "  - code: HOU-1"
        + tail.replace("{from: 2021-01-01}", "{from: 2021-01-01, until: 2025-12-31}", 1),
        encoding="utf-8",
    )
    workbook, chart = tmp_path / "trial.xlsx", tmp_path / "trial.svg"
    ended = tried(told, path, "--out", str(workbook), "--chart", str(chart))
    alone = told.table("SELECT month, household_id FROM warning WHERE rules = 'HOU-1'")
    assert sum(m["households"]["lost"] for m in ended["months"]) == len(alone)
    missed = {clue for m in ended["months"] for clue in m["confirmed"]["missed"]}
    confirmed = told.table(
        "SELECT clue_no, household_id FROM \"case\" WHERE conclusion IN ('01', '02', '03')"
    )
    only = confirmed[confirmed["household_id"].isin(alone["household_id"])]
    assert missed <= set(only["clue_no"])
    assert openpyxl.load_workbook(workbook).sheetnames
    assert "HOU-1" in chart.read_text(encoding="utf-8")


def test_the_hit_rate_of_a_rule_is_what_townships_confirmed_of_what_it_sent(told: Telling) -> None:
    rates = pd.DataFrame(
        json.loads(said(told, "rules", "score", "--months", SPAN, "--json"))
    ).set_index("rule")
    sent = told.table("SELECT clue_no, rules FROM release_item ORDER BY month, version")
    sent = sent.drop_duplicates("clue_no", keep="last")
    answers = told.table("SELECT clue_no, conclusion FROM feedback ORDER BY received_at, row")
    last = {a.clue_no: a.conclusion for a in answers.itertuples()}
    for rule in ("HOU-1", "MED-1"):
        mine = [last.get(s.clue_no) for s in sent.itertuples() if rule in s.rules.split()]
        assert rates.loc[rule, ["sent", "answered", "confirmed"]].tolist() == [
            len(mine),
            sum(a is not None for a in mine),
            sum(a in CONFIRMED for a in mine),
        ]
    known = rates.dropna(subset=["rate"])
    assert ((known["low"] <= known["rate"]) & (known["rate"] <= known["high"])).all()


def test_the_interval_is_wilsons() -> None:
    """Of 50 answers 10 confirmed: 0.1124 to 0.3304 (Wilson 1927, as every textbook's table has
    it)."""
    from shouwang.screening.hit_rates import wilson

    found = wilson(pd.Series([10, 0]), pd.Series([50, 0]))
    assert found.loc[0].tolist() == pytest.approx([0.2, 0.1124, 0.3304], abs=1e-4)
    assert found.loc[1].isna().all()
