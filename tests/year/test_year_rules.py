"""Rules that are tried on the year that was, and what the year says of the rules."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from telling import MONTHS, Ledger, day_of
from typer.testing import CliRunner

from shouwang.cli.app import app
from shouwang.workspace.workspace import load_workspace

SPAN = f"{MONTHS[7]}..{MONTHS[9]}"
TRIED = [str(month) for month in MONTHS[7:10]]
CONFIRMED = ("01", "02", "03")


def said(year: Ledger, *words: str) -> Any:
    """What a command prints as JSON, at the end of the year."""
    with year.on(day_of(MONTHS[-1], 28)):
        done = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def changed(year: Ledger, folder: Path, old: str, new: str) -> Path:
    """The county's rules with one place changed."""
    with year.on(day_of(MONTHS[-1], 28)):
        text = (load_workspace().county_folder / "rules.yaml").read_text(encoding="utf-8")
    assert old in text
    path = folder / "rules.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def tried(year: Ledger, path: Path, *more: str) -> list[dict[str, Any]]:
    return said(year, "rules", "try", str(path), "--months", SPAN, *more)["months"]


def test_rules_that_did_not_change_change_nothing(year: Ledger, tmp_path: Path) -> None:
    database = year.home / "shouwang.db"
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    months = tried(year, changed(year, tmp_path, "单次住院自付较高", "一次住院自付较高"))
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    count = year.table("SELECT month, COUNT(*) AS n FROM warning GROUP BY month").set_index("month")
    assert {m["month"]: m["households"]["now"] for m in months} == count["n"][TRIED].to_dict()
    for month in months:
        changes = (month["households"]["gained"], month["households"]["lost"])
        assert (*changes, month["confirmed"]["missed"]) == (0, 0, [])


def test_a_lower_threshold_gains_households_and_a_rule_that_ends_loses_the_confirmed(
    year: Ledger, tmp_path: Path
) -> None:
    path = changed(
        year, tmp_path, "{special: 6000, general: 10000}", "{special: 600, general: 1000}"
    )
    text = path.read_text(encoding="utf-8")
    lower = tried(year, path)
    assert sum(m["households"]["gained"] for m in lower) > 0
    assert all(m["households"]["lost"] == 0 for m in lower)
    counts = [m["by_rule"]["MED-1"] for m in lower if "MED-1" in m["by_rule"]]
    assert all(count["then"] >= count["now"] for count in counts)

    text = changed(year, tmp_path, "", "").read_text(encoding="utf-8")
    head, _, tail = text.partition("  - code: HOU-1")
    ended = tail.replace("{from: 2021-01-01}", "{from: 2021-01-01, until: 2025-12-31}", 1)
    path.write_text(f"{head}  - code: HOU-1{ended}", encoding="utf-8")
    workbook, chart = tmp_path / "trial.xlsx", tmp_path / "trial.svg"
    months = tried(year, path, "--out", str(workbook), "--chart", str(chart))
    alone = year.table("SELECT month, household_id FROM warning WHERE rules = 'HOU-1'")
    alone = alone[alone["month"].isin(TRIED)]
    assert sum(m["households"]["lost"] for m in months) == len(alone) > 0
    missed = {clue for m in months for clue in m["confirmed"]["missed"]}
    confirmed = year.table(
        "SELECT clue_no, household_id FROM \"case\" WHERE conclusion IN ('01', '02', '03')"
    )
    only = confirmed[confirmed["household_id"].isin(alone["household_id"])]
    assert missed <= set(only["clue_no"])
    assert openpyxl.load_workbook(workbook).sheetnames
    assert "HOU-1" in chart.read_text(encoding="utf-8")


def test_the_hit_rate_of_a_rule_is_what_townships_confirmed_of_what_it_sent(year: Ledger) -> None:
    scores = said(year, "rules", "score", "--months", f"{MONTHS[0]}..{MONTHS[-1]}")
    rates = pd.DataFrame(scores).set_index("rule")
    sent = year.table("SELECT clue_no, rules FROM release_item ORDER BY month, version")
    sent = sent.drop_duplicates("clue_no", keep="last")
    answers = year.table("SELECT clue_no, conclusion FROM feedback ORDER BY received_at, row")
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
