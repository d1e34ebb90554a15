"""What must hold of the ledger after twelve months, and in whatever order they happen (handbook
section 8)."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from telling import MONTHS, Ledger, Telling, day_of

from demo.county import DemoCounty
from shouwang.casework import monthly
from shouwang.core.month import Month

LEVELS = {"蓝": 1, "黄": 2, "红": 3}
CASE = "clue_no, household_id, opened_month, state, open, level, category, rules, risks, township, last_month, conclusion"
"""All of a case but when and under which numbers its lists went out, which differed."""
FEW = MONTHS[1:5]
"""Months enough for a story to be repeated, supplemented, answered and opened anew."""


@pytest.fixture(scope="module")
def warnings(year: Ledger) -> pd.DataFrame:
    return year.warnings(MONTHS)


def test_a_warning_is_new_repeated_or_a_supplement_and_nothing_else(warnings: pd.DataFrame) -> None:
    assert {"new", "repeated"} <= set(warnings["state"]) <= {"new", "repeated", "supplement"}
    assert warnings["clue_no"].notna().all()
    assert not warnings.duplicated(["month", "household_id"]).any()


def test_what_went_out_is_what_is_new_or_a_supplement(year: Ledger, warnings: pd.DataFrame) -> None:
    sent = year.table("SELECT DISTINCT month, clue_no FROM release_item")
    due = warnings[warnings["state"] != "repeated"]
    assert set(zip(due["month"], due["clue_no"], strict=True)) <= set(
        sent.itertuples(index=False, name=None)
    )


def test_every_story_begins_with_a_warning_and_is_told_in_order(year: Ledger) -> None:
    cases = year.table('SELECT * FROM "case"').set_index("clue_no")
    assert not cases[cases["open"].astype(bool)]["household_id"].duplicated().any()
    events = year.table("SELECT * FROM case_event ORDER BY clue_no, event_no")
    for clue_no, story in events.groupby("clue_no"):
        kinds, months = story["kind"].tolist(), story["month"].tolist()
        assert kinds[0] == "opened", clue_no
        assert kinds.count("opened") == 1, clue_no
        assert all(a <= b for a, b in pairwise(months)), clue_no
        assert story["state"].iloc[-1] == cases.loc[clue_no, "state"], clue_no
        if "feedback" in kinds:
            assert kinds.index("released") < kinds.index("feedback"), clue_no


def test_in_the_twelfth_month_less_than_half_is_sent(year: Ledger, warnings: pd.DataFrame) -> None:
    sent = year.table(
        f"SELECT COUNT(DISTINCT clue_no) AS n FROM release_item WHERE month = '{MONTHS[-1]}'"
    )
    assert 0 < sent["n"][0] < 0.5 * (warnings["month"] == str(MONTHS[-1])).sum()


def test_nobody_whose_evidence_grew_was_kept_silent(year: Ledger, warnings: pd.DataFrame) -> None:
    """By the levels, risks and amounts of the months before, as the lists told them."""
    rows = year.table(
        "SELECT month, household_id, rule, MAX(value) AS value FROM signal "
        "WHERE rule <> 'WAT-1' GROUP BY month, household_id, rule"
    )
    amounts = {
        key: of.set_index("rule")["value"].dropna().to_dict()
        for key, of in rows.groupby(["month", "household_id"])
    }
    silences = 0
    for household, story in warnings.sort_values("month").groupby("household_id"):
        level, risks, told_of = 0, set[str](), dict[str, float]()
        for warning in story.itertuples():
            now = amounts.get((warning.month, household), {})
            now_level, now_risks = LEVELS[warning.level], set(warning.risks.split("、"))
            if warning.state == "repeated":
                silences += 1
                assert now_level <= level, (warning.month, household, "rose in level")
                assert now_risks <= risks, (warning.month, household, "a new risk type")
                grown = [r for r, v in now.items() if 0 < told_of.get(r, 0) <= v / 1.5]
                assert not grown, (warning.month, household, grown)
            elif warning.state == "supplement":
                level, risks, told_of = max(level, now_level), risks | now_risks, told_of | now
            else:
                level, risks, told_of = now_level, now_risks, now
    assert silences > 50


def test_months_in_another_order_end_in_the_same_ledger(
    made_county: Callable[..., DemoCounty], tmp_path: Path
) -> None:
    """Departments late by months, wrong and corrected; answers loaded at the end: the same cases in
    the same state."""
    county = made_county(tmp_path / "county", households=500, months=FEW, seed=3, dirt=False)
    told, returned = Telling(tmp_path / "told", county), list[Path]()
    told.begin()
    for month in FEW:
        for department in told.due(month):
            told.hand_over(month, department)
        told.screen_and_release(month)
        told.release_what_is_unsent(month)
        lists = told.fill_in(month, tmp_path / "returned")
        for path in lists:
            told.load(path, day_of(month, 20))
        returned += lists
    told.release_what_is_unsent(FEW[-1])

    luck, other = random.Random(11), Telling(tmp_path / "other", county)
    other.begin()
    owed: list[tuple[Month, str]] = []
    for month in FEW:
        due = other.due(month)
        luck.shuffle(due)
        for department in due:
            fate = luck.random()
            if fate < 0.4:
                owed.append((month, department))
            if fate > 0.2:
                other.hand_over(month, department, 0.6 if fate < 0.4 else 1)
        other.screen_and_release(month)
        if owed:
            late, department = owed.pop(luck.randrange(len(owed)))
            other.hand_over(late, department)
            other.screen_and_release(late)
    for late, department in owed:
        other.hand_over(late, department)
    for month in luck.sample(FEW, len(FEW)):
        other.screen_and_release(month)
    for path in returned:
        other.load(path, day_of(FEW[-1], 25))
    other.release_what_is_unsent(FEW[-1])
    with other.on(day_of(FEW[-1], 28)):
        assert monthly.month_table(str(FEW[-1]))["outdated"] == []

    columns = ["month", "household_id", "level", "rules", "risks"]
    one, another = (
        of.warnings(FEW).sort_values(columns, ignore_index=True) for of in (other, told)
    )
    pd.testing.assert_frame_equal(one[columns], another[columns])
    alike = told_alike(told, other)
    # a list of another month may have told a household that was late: another story
    assert len(alike) >= 0.7 * another["household_id"].nunique()
    columns += ["state", "clue_no"]
    of_both = [w[w["household_id"].isin(alike)][columns] for w in (one, another)]
    pd.testing.assert_frame_equal(*(w.reset_index(drop=True) for w in of_both))
    cases = [of.table(f'SELECT {CASE} FROM "case" ORDER BY clue_no') for of in (other, told)]
    of_both = [rows[rows["household_id"].isin(alike)] for rows in cases]
    pd.testing.assert_frame_equal(*(rows.reset_index(drop=True) for rows in of_both))


def told_alike(one: Ledger, another: Ledger) -> set[str]:
    """The households that lists of the same months have told under the same numbers in both
    workspaces."""
    query = "SELECT DISTINCT household_id, clue_no, month FROM release_item"
    sent, also = (
        ledger.table(query)
        .groupby("household_id")[["clue_no", "month"]]
        .apply(lambda rows: frozenset(map(tuple, rows.to_numpy())))
        for ledger in (one, another)
    )
    both = sent.index.intersection(also.index)
    return set(both[sent[both] == also[both]])
