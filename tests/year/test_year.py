"""Twelve months of a made-up county with townships that answer late, wrongly, or not at all
(handbook section 8)."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import officers
import pandas as pd
import pytest
from telling import MONTHS, Telling, day_of

from demo.county import DemoCounty
from shouwang.casework import monthly

LEVELS = {"蓝": 1, "黄": 2, "红": 3}
RISKS = {"MED": "因病", "CIV": "救助变动", "EDU": "因学", "HOU": "住房", "WAT": "饮水"}
CASE = "clue_no, household_id, opened_month, state, open, level, category, rules, risks, township, last_month, conclusion"
"""All of a case but when and under which numbers its lists went out, which differed."""
BY_MONTH = "SELECT month, COUNT(*) AS households FROM warning GROUP BY month"


def warned(year: Telling) -> pd.DataFrame:
    """Every warning with what became of it: ``month, household_id, level, rules, risks, state,
    clue_no``."""
    found = []
    for month in MONTHS:
        with year.on(day_of(month, 28)):
            from shouwang.casework.warnings import month_warnings
            from shouwang.workspace.workspace import load_workspace

            with load_workspace().database.read() as connection:
                found.append(month_warnings(connection, month))
    return pd.concat(found, ignore_index=True)


@pytest.fixture(scope="module")
def warnings(told: Telling) -> pd.DataFrame:
    return warned(told)


@pytest.fixture(scope="module")
def events(told: Telling) -> pd.DataFrame:
    return told.table(
        'SELECT e.*, c.household_id FROM case_event e JOIN "case" c ON c.clue_no = e.clue_no '
        "ORDER BY e.clue_no, e.event_no"
    )


def test_townships_confirm_between_two_and_six_percent(told: Telling) -> None:
    """The year is one in which suppression matters: as in the counties that published their
    figures."""
    answers = list(told.answers.values())
    confirmed = sum(answer.conclusion in officers.CONFIRMED for answer in answers)
    assert 0.02 <= confirmed / len(answers) <= 0.08
    assert any(not answer.good for answer in answers)


def test_every_answer_that_came_back_is_taken_or_answered(told: Telling) -> None:
    taken = told.table("SELECT clue_no, conclusion FROM feedback")
    good = {(a.clue_no, a.conclusion) for a in told.answers.values() if a.good}
    assert set(taken.itertuples(index=False, name=None)) <= good
    assert told.problems > 0
    came = {path.name for path in told.loaded}
    assert came, "no list came back"
    assert len(taken) + told.problems == told.filled_in


def test_a_warning_is_new_repeated_or_a_supplement_and_nothing_else(warnings: pd.DataFrame) -> None:
    assert set(warnings["state"]) == {"new", "repeated", "supplement"}
    assert warnings["clue_no"].notna().all()
    assert not warnings.duplicated(["month", "household_id"]).any()


def test_what_went_out_is_what_is_new_or_a_supplement(
    told: Telling, warnings: pd.DataFrame
) -> None:
    sent = told.table("SELECT DISTINCT month, clue_no FROM release_item")
    due = warnings[warnings["state"] != "repeated"]
    assert set(sent.itertuples(index=False, name=None)) == set(
        zip(due["month"], due["clue_no"], strict=True)
    )


def test_a_household_never_has_two_open_cases(told: Telling) -> None:
    cases = told.table('SELECT household_id, open FROM "case"')
    assert not cases[cases["open"].astype(bool)]["household_id"].duplicated().any()


def test_every_story_begins_with_a_warning_and_is_told_in_order(
    told: Telling, events: pd.DataFrame
) -> None:
    cases = told.table('SELECT * FROM "case"').set_index("clue_no")
    for clue_no, story in events.groupby("clue_no"):
        kinds, months = story["kind"].tolist(), story["month"].tolist()
        assert kinds[0] == "opened", clue_no
        assert kinds.count("opened") == 1, clue_no
        assert all(a <= b for a, b in pairwise(months)), clue_no
        assert story["state"].iloc[-1] == cases.loc[clue_no, "state"], clue_no
        if "feedback" in kinds:
            assert kinds.index("released") < kinds.index("feedback"), clue_no


def test_in_the_twelfth_month_less_than_half_is_sent(told: Telling) -> None:
    stateless = told.table(BY_MONTH).set_index("month")["households"]
    sent = told.table(
        "SELECT month, COUNT(DISTINCT clue_no) AS n FROM release_item GROUP BY month"
    ).set_index("month")
    assert sent.loc[str(MONTHS[-1]), "n"] < 0.5 * stateless[str(MONTHS[-1])]


def test_nobody_whose_evidence_grew_was_kept_silent(
    told: Telling, county: DemoCounty, warnings: pd.DataFrame
) -> None:
    """Levels and risks by the truth of the made-up county; amounts by the signals."""
    truth = pd.read_csv(county.truth / "warnings.csv", dtype="str").fillna("")
    truth = truth.set_index(["month", "household"])
    amounts = told.table(
        "SELECT month, household_id, rule, MAX(value) AS value FROM signal "
        "WHERE rule <> 'WAT-1' GROUP BY month, household_id, rule"
    )
    amounts = {
        key: rows.set_index("rule")["value"].dropna().to_dict()
        for key, rows in amounts.groupby(["month", "household_id"])
    }
    silences = 0
    for household, story in warnings.sort_values("month").groupby("household_id"):
        level, risks, told_of = 0, set[str](), dict[str, float]()
        for month, state in zip(story["month"], story["state"], strict=True):
            real = truth.loc[(month, household)] if (month, household) in truth.index else None
            now_level = LEVELS.get(real["level"], 0) if real is not None else 0
            now_risks = (
                {RISKS[rule[:3]] for rule in real["must_rules"].split()}
                if real is not None
                else set[str]()
            )
            now = amounts.get((month, household), {})
            if state == "repeated":
                silences += 1
                assert now_level <= level or level == 0, (month, household, "rose in level")
                assert now_risks <= risks, (month, household, "a new risk type")
                grown = [
                    r for r, v in now.items() if told_of.get(r, 0) > 0 and v >= 1.5 * told_of[r]
                ]
                assert not grown, (month, household, grown)
                continue
            level = max(level, now_level) if state == "supplement" else now_level
            risks = risks | now_risks if state == "supplement" else now_risks
            told_of = {**told_of, **now} if state == "supplement" else dict(now)
    assert silences > 100


def test_the_year_in_another_order_ends_in_the_same_ledger(
    told: Telling, county: DemoCounty, warnings: pd.DataFrame, tmp_path: Path
) -> None:
    """Departments late by months, wrong and corrected; answers loaded at the end: the same cases in
    the same state."""
    luck = random.Random(11)
    other = Telling(tmp_path / "home", county)
    other.begin()
    owed: list[tuple[int, str]] = []  # what is to come, and in which month
    for n, month in enumerate(MONTHS):
        with other.on(day_of(month, 6)):
            due = other.due(month)
        luck.shuffle(due)
        for department in due:
            fate = luck.random()
            if fate < 0.15:
                owed.append((n, department))
            elif fate < 0.3:
                other.hand_over(month, department, lines=0.6)
                owed.append((n, department))
            else:
                other.hand_over(month, department)
        other.screen(month)
        other.release(month)
        for _ in range(luck.randrange(0, 3)):
            if owed:
                late, department = owed.pop(luck.randrange(len(owed)))
                other.hand_over(MONTHS[late], department)
                other.screen(MONTHS[late])
    luck.shuffle(owed)
    for late, department in owed:
        other.hand_over(MONTHS[late], department)
    again = list(MONTHS)
    luck.shuffle(again)
    for month in again:
        other.screen(month)
        other.release(month)
    for path in told.loaded:
        other.load(path, day_of(MONTHS[-1], 25))
    other.send_what_is_new_by_late_answers(MONTHS[-1])
    with other.on(day_of(MONTHS[-1], 28)):
        assert monthly.month_table(str(MONTHS[-1]))["outdated"] == []
    found = ["month", "household_id", "level", "rules", "risks"]
    pd.testing.assert_frame_equal(
        warned(other)[found].sort_values(found, ignore_index=True),
        warnings[found].sort_values(found, ignore_index=True),
    )
    alike = told_alike(
        told, other
    )  # a list of another month may have told a household that was late: another story
    assert len(alike) >= 0.8 * warnings["household_id"].nunique()
    columns = [*found, "state", "clue_no"]
    one, another = (
        rows[rows["household_id"].isin(alike)][columns] for rows in (warned(other), warnings)
    )
    pd.testing.assert_frame_equal(
        one.sort_values(columns, ignore_index=True), another.sort_values(columns, ignore_index=True)
    )
    cases = f'SELECT {CASE}, household_id AS home FROM "case" ORDER BY clue_no'
    first, second = (workspace.table(cases) for workspace in (other, told))
    pd.testing.assert_frame_equal(
        first[first["home"].isin(alike)].reset_index(drop=True),
        second[second["home"].isin(alike)].reset_index(drop=True),
    )


def told_alike(one: Telling, another: Telling) -> set[str]:
    """The households that lists of the same months have told under the same numbers in both
    workspaces."""
    query = "SELECT DISTINCT household_id, clue_no, month FROM release_item"
    sent, also = (
        workspace.table(query)
        .groupby("household_id")[["clue_no", "month"]]
        .apply(lambda rows: frozenset(map(tuple, rows.to_numpy())))
        for workspace in (one, another)
    )
    both = sent.index.intersection(also.index)
    return set(both[sent[both] == also[both]])
