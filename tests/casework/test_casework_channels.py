"""Farmers' own reports, officers' visits, removals and late files: the ledger is whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import sqlalchemy as sa
from casework_township import SEPTEMBER, Township, at, consistent

from shouwang.casework import monthly
from shouwang.casework.rebuilding import rebuild_cases
from shouwang.casework.warnings import month_warnings
from shouwang.core.errors import ShouwangError
from shouwang.core.month import Month
from shouwang.registry.history import people_as_of
from shouwang.release import releasing
from shouwang.release.lists import outgoing
from shouwang.responses import following
from shouwang.store.tables import signal, warning
from shouwang.workspace.workspace import load_workspace

pytestmark = pytest.mark.slow

DAY = "2026-10-20"


def form(township: Township) -> tuple[Path, openpyxl.Workbook]:
    with at(township.home, DAY):
        path = Path(following.write_case_form(township.name)["file"])
    return path, openpyxl.load_workbook(path)


def report(
    township: Township, tmp_path: Path, *rows: tuple[Any, ...], day: str = DAY
) -> dict[str, Any]:
    """Fill the form in with rows of channel, village, name, number, risk, story, day; and send it
    back."""
    _, book = form(township)
    for number, (channel, village, name, id_number, risk, story, on) in enumerate(rows, start=4):
        said = (channel, township.name, village, name, id_number, risk, story, on, "王某")
        for column, value in enumerate(said, start=1):
            book["申报排查"].cell(number, column).value = value
    book.save(tmp_path / "申报.xlsx")
    return township.load(tmp_path / "申报.xlsx", day)


def heads(township: Township, with_case: bool) -> list[dict[str, Any]]:
    """Heads of the township's households that have an open case, or none at all."""
    with at(township.home, DAY), load_workspace().database.read() as connection:
        people = people_as_of(connection, Month.parse(SEPTEMBER))
    people = people[(people["relation"] == "户主") & (people["township"] == township.name)]
    people = people[people["id_number"].str.fullmatch(r"\d{17}[\dX]")]
    cases = township.table("case")
    among = people["household_id"].isin(
        cases.loc[cases["open"].astype(bool), "household_id"]
        if with_case
        else cases["household_id"]
    )
    return people[among if with_case else ~among].to_dict("records")


def row(
    person: dict[str, Any],
    channel: str = "农户自主申报",
    risk: str = "因灾",
    on: Any = dt.date(2026, 9, 28),
) -> tuple[Any, ...]:
    story = f"{person['name']}家房屋进水，联系电话13800001234"
    return channel, person["village"], person["name"], person["id_number"], risk, story, on


def test_a_report_opens_a_case_that_goes_out_with_the_months_list(
    township: Township, tmp_path: Path
) -> None:
    person = heads(township, with_case=False)[0]
    done = report(township, tmp_path, row(person))
    assert (done["taken"], done["problems"]) == (1, [])
    (case,) = (
        township.table("case").query("household_id == @person['household_id']").to_dict("records")
    )
    assert (case["state"], case["rules"], case["risks"]) == ("待发布", "SELF-1", "因灾")
    with at(township.home, DAY):
        monthly.screen(SEPTEMBER)
        (sent,) = releasing.release(SEPTEMBER, "测试员")["released"]
        assert sent["clues"] == 1
        told = following.case_story(case["clue_no"])
    assert told["cases"][0]["state"] == "待核查"
    (said,) = [s["sentence"] for s in told["signals"]]
    assert said.startswith("农户自主申报：")
    assert person["name"] not in said
    assert "13800001234" not in said
    consistent(township)


def test_a_report_of_a_household_with_an_open_case_joins_it(
    township: Township, tmp_path: Path
) -> None:
    person = heads(township, with_case=True)[0]
    before = len(township.table("case"))
    done = report(township, tmp_path, row(person, "干部排查"))
    assert done["taken"] == 1
    assert len(township.table("case")) == before
    with at(township.home, DAY):
        told = following.case_story(person["household_id"])
    assert told["history"][-1]["kind"] in ("supplement", "released")
    assert "OFFI-1" in {s["rule"] for s in told["signals"]}
    consistent(township)


def test_a_reported_household_is_graded_by_all_its_signals(
    township: Township, tmp_path: Path
) -> None:
    """Handbook section 7: its income, labour and kind count as they do for a department's clue, and
    so does the risk."""
    with at(township.home, DAY), load_workspace().database.read() as connection:
        people = people_as_of(connection, Month.parse(SEPTEMBER))
    income = people.groupby("household_id")["income"].max()
    kind = people.groupby("household_id")["household_type"].first()
    able = (
        people["labour"]
        .isin(["普通劳动力", "技能劳动力", "弱劳动力或半劳动力"])
        .groupby(people["household_id"])
        .any()
    )
    without = {person["household_id"]: person for person in heads(township, with_case=False)}
    homes = pd.Index([*without])
    comfortable = homes[(income[homes] > 20000) & able[homes]]
    red, blue = (homes[income[homes] <= 8800][0], comfortable[kind[comfortable] == "一般农户"][0])
    yellow = comfortable[kind[comfortable] == "脱贫户"][0]
    warned = township.table("warning").query("month == @SEPTEMBER").set_index("household_id")
    joined = next(
        person
        for person in heads(township, with_case=True)
        if person["household_id"] in warned.index
        and warned.loc[person["household_id"], "level"] == "蓝"
        and "、" not in warned.loc[person["household_id"], "risks"]
    )
    done = report(
        township,
        tmp_path,
        *(row(p) for p in (without[red], without[blue], without[yellow], joined)),
    )
    assert (done["taken"], done["problems"]) == (4, [])
    graded = township.table("warning").query("month == @SEPTEMBER").set_index("household_id")
    assert graded.loc[[red, yellow, blue], "level"].to_list() == ["红", "黄", "蓝"]
    assert graded.loc[red, "category"] is not None
    assert "产业帮扶" in graded.loc[blue, "measures"]
    assert graded.loc[joined["household_id"], "level"] == "黄", "two kinds of risk"
    (case,) = (
        township.table("case")
        .query("household_id == @joined['household_id'] and open")
        .to_dict("records")
    )
    assert case["level"] == "黄"
    with at(township.home, DAY):
        monthly.screen(SEPTEMBER)
        (sent,) = releasing.release(SEPTEMBER, "测试员")["released"]
    assert sent["clues"] == 4
    again = township.table("warning").query("month == @SEPTEMBER").set_index("household_id")
    assert again["level"].equals(graded["level"].reindex(again.index))
    consistent(township)


def test_a_report_of_a_month_that_nobody_has_screened_opens_a_case_by_itself(
    township: Township, tmp_path: Path
) -> None:
    person = heads(township, with_case=False)[0]
    assert report(township, tmp_path, row(person, on=dt.date(2026, 10, 19)))["problems"] == []
    (found,) = township.table("warning").query("month == '2026-10'").to_dict("records")
    assert (found["household_id"], found["rules"]) == (person["household_id"], "SELF-1")
    assert found["level"] in ("红", "黄", "蓝")
    assert "2026-10" not in set(township.table("run")["month"])


def test_reports_that_cannot_be_placed_are_answered_and_none_counts_twice(
    township: Township, tmp_path: Path
) -> None:
    person = heads(township, with_case=False)[0]
    good, nobody = (
        row(person),
        ("干部排查", "没有村", "查无此", None, "因灾", "房屋进水", dt.date(2026, 9, 28)),
    )
    future = (*good[:6], dt.date(2027, 1, 1))
    unnamed = ("邻居说的", *good[1:5], None, "昨天")
    untyped = (*good[:4], "电话13800001234", *good[5:])
    done = report(township, tmp_path, good, good, nobody, future, unnamed, untyped)
    assert (done["taken"], done["known_already"], len(done["problems"])) == (1, 1, 4)
    assert "登记簿里没有找到" in done["problems"][0]["problem"]
    again = report(township, tmp_path, good, day="2026-10-21")
    assert (again["taken"], again["known_already"]) == (0, 1)
    assert len(township.table("report")) == 1


def test_a_risk_is_removed_by_form_or_command_and_not_too_early(
    township: Township, tmp_path: Path
) -> None:
    book = township.book(tmp_path)
    township.load(book.save())
    monitored, without = book.numbers[1], book.numbers[0]
    with at(township.home, DAY), pytest.raises(ShouwangError, match="未满 6 个月"):
        following.remove_risk(monitored, "张三", DAY)
    path, forms = form(township)
    rows = {r[0].value: r[0].row for r in forms["风险消除"].iter_rows(4)}
    assert {monitored, without} <= set(rows)
    for number in (monitored, without):
        forms["风险消除"].cell(rows[number], 7).value = "2027-04-20"
        forms["风险消除"].cell(rows[number], 9).value = "张三"
    forms.save(path)
    done = township.load(path, "2027-04-20")
    assert done["taken"] == 1
    assert "没有帮扶措施" in done["problems"][0]["problem"]
    assert township.states()[monitored] == "风险消除"
    assert township.load(path, "2027-04-21")["known_already"] == 1
    with at(township.home, "2027-04-21"):
        assert (
            following.remove_risk(without, "张三", "2027-04-21", "临时救助")["status"] == "removed"
        )
        assert following.case_story(without)["cases"][0]["state"] == "风险消除"
    with at(township.home, "2027-12-01"):
        assert following.case_story(without)["cases"][0]["state"] == "结案"
    consistent(township)


def test_part_of_the_ledger_replayed_is_the_whole_ledger(
    township: Township, tmp_path: Path
) -> None:
    township.load(township.book(tmp_path).save())
    before = township.table("case_event").sort_values(["clue_no", "event_no"], ignore_index=True)
    with at(township.home, DAY), load_workspace().database.write() as connection:
        rebuild_cases(connection, load_workspace().county.settings)
    assert (
        township.table("case_event")
        .sort_values(["clue_no", "event_no"], ignore_index=True)
        .equals(before)
    )


def test_what_a_later_list_told_is_not_sent_again_by_a_late_file_of_an_older_month(
    township: Township,
) -> None:
    """A household first warned of in September, and by a late file in August too: one case that
    answers to both numbers."""
    with at(township.home, DAY):
        workspace = load_workspace()
        with workspace.database.write() as connection:
            new = month_warnings(connection, Month.parse(SEPTEMBER)).query("state == 'new'").iloc[0]
            for table in (warning, signal):
                query = sa.select(table).where(
                    table.c.month == SEPTEMBER, table.c.household_id == new["household_id"]
                )
                for n, found in enumerate(connection.execute(query).mappings().all()):
                    changed = {"month": "2026-08"} | (
                        {"signal_no": 9000 + n} if table is signal else {}
                    )
                    connection.execute(table.insert().values({**found, **changed}))
            rebuild_cases(connection, workspace.county.settings)
        with workspace.database.read() as connection:
            (case,) = (
                township.table("case")
                .query("household_id == @new['household_id']")
                .to_dict("records")
            )
            assert (case["opened_month"], case["numbers"]) == ("2026-08", new["clue_no"])
            sent = outgoing(connection, Month.parse("2026-08"), dt.date(2026, 10, 27))
            assert new["household_id"] not in [
                home for out in sent for home in out.clues["household_id"]
            ]
            connection.execute(
                warning.update().where(warning.c.month == "2026-08").values(risks="因灾")
            )
            later = outgoing(connection, Month.parse("2026-08"), dt.date(2026, 10, 27))
            assert new["household_id"] in [
                home for out in later for home in out.clues["household_id"]
            ], "a further risk"
            connection.rollback()
