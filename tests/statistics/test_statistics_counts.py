"""The counts of a bulletin: by hand for six households, and against a second reckoning of a made-up
county."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest
import sqlalchemy as sa
from statistics_builders import TITLES, TODAY, departments, facts

from shouwang.cli.exporting import export
from shouwang.core.month import Month
from shouwang.statistics.bulletin import sections
from shouwang.statistics.bulletin_annex import tables
from shouwang.statistics.counts import Counts, count
from shouwang.statistics.facts import read_facts
from shouwang.store.database import frame

SEPTEMBER = Month(2026, 9)


def counted(*months: Month) -> Counts:
    known = facts()
    return count(known, months, TODAY, 10, known.townships)


def as_text(counts: Counts) -> str:
    lines = [counts.label]
    for section in sections(counts, departments(), TITLES, "2026年10月28日"):
        lines += [section.heading, *section.paragraphs]
    for table in tables(counts, departments(), TITLES):
        lines += [
            "",
            table.title,
            " | ".join(table.headers),
            *(" | ".join(cells) for cells, _ in table.lines),
            table.note,
        ]
    return "\n".join(lines) + "\n"


def test_the_text_and_tables_of_a_month_are_what_they_were(
    golden: Callable[[str, str], None],
) -> None:
    golden(as_text(counted(SEPTEMBER)), "month.txt")


def test_the_text_and_tables_of_two_months_are_what_they_were(
    golden: Callable[[str, str], None],
) -> None:
    golden(as_text(counted(Month(2026, 8), SEPTEMBER)), "two_months.txt")


def test_a_household_counts_once_in_two_months_as_it_stood_last_and_by_its_strongest_outcome() -> (
    None
):
    period = counted(Month(2026, 8), SEPTEMBER).now
    assert period.totals["户"].to_dict() == {
        "预警": 5,
        "新增": 3,
        "补充": 1,
        "重复": 1,
        "下发": 4,
        "已核查": 3,
        "确认": 2,
        "逾期": 1,
        "督办": 1,
    }
    assert period.totals["人"]["预警"] == 4 + 3 + 5 + 1 + 2
    assert period.levels["户"].to_dict() == {"红": 1, "黄": 2, "蓝": 2}
    assert period.townships.loc["双龙镇"].sum() == 0


def test_a_month_without_anything_before_it_is_not_compared() -> None:
    counts = counted(Month(2026, 7))
    assert counts.before is None
    assert "比上期" not in as_text(counts)
    assert "与上期比较" not in as_text(counts)


def test_a_month_of_nothing_is_told_in_whole_sentences() -> None:
    known = facts()
    nothing = count(known, [Month(2026, 5)], TODAY, 10, known.townships)
    said = as_text(nothing)
    assert "预警风险户 0 户 0 人。" in said
    assert "本期没有下发核查线索" in said
    assert "nan" not in said.lower()


@pytest.mark.parametrize("length", [1, 2])
def test_the_counts_of_a_county_are_those_of_another_reckoning(told, length: int) -> None:
    """Set by set in plain Python, from the exported tables and the rows of feedback."""
    months = Month.span(SEPTEMBER + (1 - length), SEPTEMBER)
    today = dt.date(2026, 10, 28)
    with told.workspace.database.read() as connection:
        known = read_facts(connection, Month(2026, 6), SEPTEMBER)
        exported = pd.concat([export(connection, "warnings", month) for month in months]).to_dict(
            "records"
        )
        answers = {
            r["clue_no"]: r
            for r in frame(connection, sa.text("select * from feedback")).to_dict("records")
        }
        items = frame(
            connection,
            sa.text(
                "select i.month, i.clue_no, r.due, r.released_on from release_item i join release r"
                " on r.month = i.month and r.township = i.township and r.version = i.version"
            ),
        ).to_dict("records")
    found = count(known, months, today, 10, known.townships).now
    size = Counter(told.people["household_id"])
    latest = {row["household_id"]: row for row in exported}
    outcomes: dict[str, set[str]] = {}
    for row in exported:
        outcomes.setdefault(row["household_id"], set()).add(row["state"])
    assert len(latest) > 15
    assert found.totals.loc["预警"].tolist() == [len(latest), sum(size[h] for h in latest)]
    new = {h for h, states in outcomes.items() if "new" in states}
    supplement = {h for h, states in outcomes.items() if "supplement" in states} - new
    assert found.totals["户"]["新增"] == len(new)
    assert found.totals["户"]["补充"] == len(supplement)
    assert found.totals["户"]["重复"] == len(latest) - len(new) - len(supplement)
    for column, table in (
        ("level", found.levels),
        ("township", found.townships),
        ("category", found.categories),
    ):
        homes = Counter(row[column] for row in latest.values())
        heads = Counter(
            {
                name: sum(size[h] for h, row in latest.items() if row[column] == name)
                for name in homes
            }
        )
        assert {name: n for name, n in table["户"].items() if n} == homes
        assert {name: n for name, n in table["人"].items() if n} == heads
    risks = Counter(risk for row in latest.values() for risk in row["risks"].split("、"))
    assert found.risks["户"].to_dict() == risks
    wanted = {str(month) for month in months}
    home_of = {row["clue_no"]: row["household_id"] for row in exported}
    sent = {
        home_of[i["clue_no"]]: i
        for i in sorted(items, key=lambda i: i["month"])
        if i["month"] in wanted
    }
    answered = {h: answers[i["clue_no"]] for h, i in sent.items() if i["clue_no"] in answers}
    confirmed = {h for h, answer in answered.items() if answer["conclusion"] in ("01", "02", "03")}
    assert answered
    assert confirmed
    assert found.totals["户"]["下发"] == len(sent)
    assert found.totals["户"]["已核查"] == len(answered)
    assert found.totals["人"]["确认"] == sum(size[h] for h in confirmed)
    assert found.totals["户"]["逾期"] == len(sent) - len(answered)
    assert set(found.totals["户"][["逾期", "督办"]]) == {len(sent) - len(answered)}
