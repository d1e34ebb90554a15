"""What the board counts, from facts on record; Airflow has no part in it."""

from __future__ import annotations

import datetime as dt

from shouwang.board.figures import (
    Attention,
    Cell,
    MonthRow,
    TownshipMonth,
    attention,
    month_rows,
    months,
)
from shouwang.board.figures import township_months as count_townships
from shouwang.core.month import Month


def seen(
    story, today: str = "2026-10-25", count: int = 12
) -> tuple[list[MonthRow], list[TownshipMonth]]:
    day = dt.date.fromisoformat(today)
    with story.workspace.database.read() as connection:
        shown = months(connection, count, day)
        rows = month_rows(story.workspace, connection, shown, day)
        return rows, count_townships(story.workspace, connection, day, shown[-1])


def cells(row: MonthRow) -> dict[str, Cell]:
    return {cell.department: cell for cell in row.cells}


def test_each_department_of_a_month_is_in_one_state(september):
    (now, before), _ = seen(september)
    assert {name: cell.state for name, cell in cells(now).items()} == {
        "water": "in force",
        "medical_insurance": "in force",
        "housing": "refused",
        "civil_affairs": "late",
        "education": "late",
    }
    assert {name: cell.state for name, cell in cells(before).items()} == {
        "water": "in force",
        "medical_insurance": "late",
        "housing": "late",
        "civil_affairs": "late",
        "education": "not due",
    }


def test_what_is_expected_now_is_waited_for_until_the_waiting_time_is_over(september):
    (october, *_), _ = seen(september, "2026-11-10")
    assert october.month == "2026-10"
    assert {cell.state for cell in october.cells} == {"waiting", "not due"}
    assert cells(october)["water"].due == dt.date(2026, 11, 5)
    (october, *_), _ = seen(september, "2026-11-11")
    assert cells(october)["water"].state == "late"


def test_a_version_tells_its_rows_its_age_and_how_late_the_first_one_came(september):
    water = cells(seen(september)[0][0])["water"]
    assert (water.version, water.versions, water.counts["review"], water.matched_share) == (
        2,
        2,
        2,
        0.9,
    )
    assert water.received_on == dt.date(
        2026, 10, 21
    )  # the county's day; in UTC it was the evening before
    assert (water.age, water.days_late) == (4, 5)
    assert cells(seen(september)[0][0])["medical_insurance"].refused_since


def test_a_month_is_outdated_when_other_versions_are_in_force_than_it_was_screened_with(september):
    (now, before), _ = seen(september)
    assert (now.outdated, before.outdated) == (False, False)
    assert (now.levels, now.screened_on, now.townships) == (
        {"红": 1, "黄": 2, "蓝": 3},
        dt.date(2026, 10, 11),
        2,
    )
    september.came("2026-08", "housing", "2026-10-24")
    (now, before), _ = seen(september)
    assert (now.outdated, before.outdated) == (True, True)


def test_townships_count_households_once_and_answers_of_an_older_month_do_not_count(september):
    _, townships = seen(september)
    counted = {
        (t.month, t.township): (t.sent, t.returned, t.overdue, t.supervised, t.versions)
        for t in townships
    }
    assert counted == {
        ("2026-09", "大河镇"): (4, 1, 2, 2, 2),  # B was answered for August; E is not due yet
        ("2026-09", "小河乡"): (1, 1, 0, 0, 1),
        ("2026-08", "大河镇"): (2, 2, 0, 0, 1),
    }


def test_what_asks_for_somebody_is_one_entry_a_month_and_cause(september):
    rows, townships = seen(september)
    assert attention(rows, townships) == [
        Attention("refused", "2026-09", (("housing", "住建局"),), 1),
        Attention("late", "2026-09", (("civil_affairs", "民政局"), ("education", "教育体育局")), 2),
        Attention(
            "late",
            "2026-08",
            (("civil_affairs", "民政局"), ("housing", "住建局"), ("medical_insurance", "医保局")),
            3,
        ),
        Attention("refused since", "2026-09", (("medical_insurance", "医保局"),), 1),
        Attention("overdue", "2026-09", (("", "大河镇"),), 2),
        Attention("review", "2026-09", (("medical_insurance", "医保局"), ("water", "水利局")), 4),
        Attention("unusual", "2026-09", (("water", "水利局"),), 1),
    ]


def test_returned_files_of_nobody_ask_for_somebody(september):
    rows, townships = seen(september)
    found = attention(rows, townships, held=2)
    assert found[1] == Attention("held", "2026-09", (), 2)
    assert [entry for entry in found if entry.kind != "held"] == attention(rows, townships)
    assert attention([], [], held=2) == []


def test_nothing_is_known_of_an_empty_house(story):
    with story.workspace.database.read() as connection:
        assert months(connection, 12, dt.date(2026, 10, 25)) == []


def test_the_newest_months_are_shown_and_the_older_ones_on_demand(september):
    september.came("2025-01", "water", "2025-02-04")
    rows, _ = seen(september, count=3)
    assert [row.month for row in rows] == ["2026-09", "2026-08", "2026-07"]
    rows, _ = seen(september, count=60)
    assert (rows[-1].month, len(rows)) == (
        "2025-01",
        Month.parse("2026-09") - Month.parse("2025-01") + 1,
    )
