"""An approval holds for what was approved; who is held back stays so; every list says its day."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from sealed import opened
from shouwang.board.pages import board
from shouwang.core.errors import UsageError
from shouwang.release import planning, releasing
from shouwang.store.tables import release_item, warning
from shouwang.workspace.workspace import load_workspace

AUGUST, SEPTEMBER = "2026-08", "2026-09"


def townships(month: str) -> list[str]:
    return [planned["township"] for planned in planning.release_plan(month)["lists"]]


def something_comes(month: str, township: str) -> None:
    """What a household of a township is warned of changes, as by an answer or a report that arrives
    meanwhile."""
    first = sa.select(sa.func.min(warning.c.household_id)).where(
        warning.c.month == month, warning.c.township == township
    )
    with load_workspace().database.write() as connection:
        household = connection.scalar(first)
        changed = warning.update().where(
            warning.c.month == month, warning.c.household_id == household
        )
        connection.execute(changed.values(measures="临时救助"))


def sent(month: str) -> set[tuple[str, str]]:
    """Township and household of all that went out of a month."""
    with load_workspace().database.read() as connection:
        query = sa.select(release_item.c.township, release_item.c.household_id).where(
            release_item.c.month == month
        )
        return {(township, household) for township, household in connection.execute(query)}


def lists(home: Path, month: str, township: str) -> list[Path]:
    return sorted((home / "outbox" / month / "townships" / township).glob("*预警*名单_*.xlsx"))


def test_a_list_that_changed_after_it_was_approved_does_not_go_out(home: Path) -> None:
    plan = planning.release_plan(AUGUST)
    approved = planning.record_decision(plan, "李主任", approved=True)
    changed, other = (planned["township"] for planned in approved[:2])
    something_comes(AUGUST, changed)
    done = {
        planned["township"]: releasing.release_township(
            AUGUST, planned["township"], "李主任", planned["content"]
        )["status"]
        for planned in approved
    }
    assert (done.pop(changed), set(done.values())) == ("changed", {"released"})
    assert lists(home, AUGUST, changed) == []
    assert lists(home, AUGUST, other) != []
    again = planning.release_plan(AUGUST)
    assert [planned["township"] for planned in again["lists"]] == [changed]
    assert not again["rejected"]
    (allowed,) = planning.record_decision(again, "李主任", approved=True)
    assert (
        releasing.release_township(AUGUST, changed, "李主任", allowed["content"])["status"]
        == "released"
    )


def test_a_list_that_went_out_is_nothing_new_for_who_approved_it_at_the_same_time(
    home: Path,
) -> None:
    plan = planning.release_plan(AUGUST)
    first = releasing.release(AUGUST, "张三")
    assert {done["status"] for done in first["released"]} == {"released"}
    for planned in plan["lists"]:
        late = releasing.release_township(AUGUST, planned["township"], "李四", planned["content"])
        assert late == {"month": AUGUST, "township": planned["township"], "status": "nothing new"}


def test_the_plan_counts_what_goes_out_and_what_has_gone_before(home: Path) -> None:
    plan = planning.release_plan(AUGUST)
    for planned in plan["lists"]:
        assert (planned["version"], planned["kind"], planned["supplement"]) == (1, "名单", 0)
        assert sum(planned["levels"].values()) == planned["new"] > 0
    assert (plan["sent"], plan["causes"]) == (0, [])
    releasing.release(AUGUST, "张三")
    something_comes(AUGUST, plan["lists"][0]["township"])
    later = planning.release_plan(AUGUST)
    (planned,) = later["lists"]
    assert (planned["version"], planned["kind"], planned["new"]) == (2, "补充名单", 1)
    assert later["sent"] == sum(planned["new"] for planned in plan["lists"])


def test_who_is_held_back_stays_so_until_somebody_lifts_it(home: Path) -> None:
    held, *others = townships(AUGUST)
    done = releasing.release(AUGUST, "张三", held=[held], reason="待乡镇确认联系人")
    assert [each["township"] for each in done["released"]] == others
    assert done["held_back"] == [held]
    assert planning.unsent() == []  # nobody is asked about it every morning
    (hold,) = planning.held_townships()
    assert (hold["township"], hold["by"], hold["reason"], hold["month"]) == (
        held,
        "张三",
        "待乡镇确认联系人",
        AUGUST,
    )
    something_comes(AUGUST, others[0])  # opens the month again
    plan = planning.release_plan(AUGUST)
    assert plan["held"] == [hold]
    assert planning.unsent() == [AUGUST]
    again = releasing.release(AUGUST, "李四")
    assert [each["township"] for each in again["released"]] == others[:1]
    assert lists(home, AUGUST, held) == []
    last = releasing.release(AUGUST, "李四", lifted=[held])
    assert [(each["township"], each["status"]) for each in last["released"]] == [(held, "released")]
    assert planning.held_townships() == []


def test_who_is_held_back_in_one_month_is_held_back_in_the_next(home: Path) -> None:
    held = townships(AUGUST)[0]
    releasing.release(AUGUST, "张三", held=[held], reason="等核实")
    plan = planning.release_plan(SEPTEMBER)
    assert [hold["township"] for hold in plan["held"]] == [held]
    allowed = planning.record_decision(plan, "李四", approved=True)
    assert held not in {planned["township"] for planned in allowed}


def test_a_rejection_lifts_nothing_and_nobody_is_asked_for_the_same_again(home: Path) -> None:
    held = townships(AUGUST)[0]
    releasing.release(AUGUST, "张三", held=[held], reason="等核实")
    something_comes(AUGUST, townships(AUGUST)[-1])
    plan = planning.release_plan(AUGUST)
    assert planning.record_decision(plan, "李四", approved=False, reason="先核对") == []
    assert planning.release_plan(AUGUST)["rejected"]
    assert [hold["township"] for hold in planning.held_townships()] == [held]
    assert planning.unsent() == []


def test_who_is_asked_and_does_not_answer_is_known_with_the_hours(home: Path) -> None:
    plan = planning.release_plan(AUGUST)
    assert planning.waiting_releases() == []
    for _ in range(2):  # a task that is tried again asks once
        planning.record_question(plan, "run-1")
    (waiting,) = planning.waiting_releases()
    assert (waiting["month"], waiting["run"], waiting["townships"]) == (
        AUGUST,
        "run-1",
        townships(AUGUST),
    )
    assert 0 <= waiting["hours"] < 1
    assert planning.release_plan(AUGUST)["question"] == "run-1"
    planning.record_decision(plan, "李四", approved=False)
    assert planning.waiting_releases() == []


def test_the_board_says_first_what_waits_and_whom_is_held_back(home: Path) -> None:
    def shown() -> list[tuple[str, str, tuple[str, ...], int]]:
        page = board(load_workspace(), 6, "", lambda dag, month: f"/{dag}/{month}")
        entries = [
            entry for entry in page["attention"] if entry.kind in ("release asked", "held back")
        ]
        return [
            (entry.kind, entry.month, tuple(name for _, name in entry.who), entry.count)
            for entry in entries
        ]

    everybody = tuple(townships(AUGUST))
    releasing.release(AUGUST, "张三", held=everybody[:1], reason="等核实")
    plan = planning.release_plan(SEPTEMBER)
    planning.record_question(plan, "run-1")
    asked, held = shown()
    assert asked[:3] == (
        "release asked",
        SEPTEMBER,
        tuple(planned["township"] for planned in plan["lists"]),
    )
    assert held == ("held back", AUGUST, everybody[:1], 1)
    planning.withdraw_question(SEPTEMBER)
    assert shown() == [held]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"by": " "}, "must be named"),
        ({"by": "张三", "held": ["没有的乡"]}, "no township of this release"),
        ({"by": "张三", "lifted": ["没有的乡"]}, "not held back"),
    ],
)
def test_nobody_and_nowhere_are_answered(home: Path, said: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        releasing.release(AUGUST, **said)  # type: ignore[arg-type]
    assert sent(AUGUST) == set()


def test_a_month_that_waits_for_its_approval_holds_nobody_s_case_back(home: Path) -> None:
    """Households that both months warn of go out with the month that is approved first, and not a
    second time."""
    both = planning.release_plan(AUGUST), planning.release_plan(SEPTEMBER)
    releasing.release(SEPTEMBER, "张三")
    told = sent(SEPTEMBER)
    with load_workspace().database.read() as connection:
        warned = {
            month: set(
                connection.scalars(
                    sa.select(warning.c.household_id).where(warning.c.month == month)
                )
            )
            for month in (AUGUST, SEPTEMBER)
        }
    repeated = warned[AUGUST] & warned[SEPTEMBER]
    assert repeated
    assert repeated <= {household for _, household in told}
    releasing.release(AUGUST, "张三")
    assert sent(AUGUST).isdisjoint(told)
    assert {household for _, household in sent(AUGUST) | told} == warned[AUGUST] | warned[SEPTEMBER]
    assert sum(planned["new"] for planned in both[0]["lists"]) > len(sent(AUGUST))


def test_the_summary_keeps_the_days_that_the_lists_say(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, *others = townships(AUGUST)
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-09-07")
    releasing.release(AUGUST, "张三", held=[held])
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-11-02")
    path = Path(releasing.summarise(AUGUST)["file"])
    summary, listed = openpyxl.load_workbook(opened(path, home)), days_of(home, AUGUST, others[0])
    assert listed
    assert days_in(summary[others[0]]) == listed == {"2026-09-14"}
    assert days_in(summary[held]) == set()  # nobody has given it a day yet


def days_of(home: Path, month: str, township: str) -> set[str]:
    (path,) = lists(home, month, township)
    return days_in(openpyxl.load_workbook(opened(path, home))["预警名单"])


def days_in(sheet: object) -> set[str]:
    """The due days of a list's rows."""
    rows = [*sheet.iter_rows(values_only=True)]  # type: ignore[attr-defined]
    head = next(n for n, row in enumerate(rows) if row[0] == "线索编号")
    column = [str(cell) for cell in rows[head]].index("核查截止日期")
    found = (row[column] for row in rows[head + 1 :] if str(row[0])[4:5] == "-")
    return {str(day)[:10] for day in found if day}
