"""What officers do to their workbooks: every answer is taken or turned down with a reason, and
nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from casework_mistreated import ANSWERS, CODES, MISTREATED, Mistreated
from casework_township import AUGUST, Township, at, consistent

from services import at_libreoffice
from shouwang.core.conclusions import BY_CODE
from shouwang.responses import following

pytestmark = pytest.mark.slow

OFFICER = Path(__file__).with_name("officer.py")


def receipt_of(township: Township, done: dict[str, Any]) -> dict[str, str]:
    """Result by clue number, as the receipt says."""
    sheet = openpyxl.load_workbook(township.receipt(done))["反馈回执"]
    rows = list(sheet.iter_rows(5, values_only=True))
    assert all(row[6] for row in rows if row[5] == "退回更正"), "a reason for each"
    return {str(row[2]): str(row[5]) for row in rows if row[5]}


def check(
    township: Township, numbers: list[str], done: dict[str, Any], treated: Mistreated
) -> None:
    """Each answer is where it belongs: with its own household, turned down in the receipt, or gone
    from the file."""
    there = [place for place in range(1, 9) if place not in treated.lost]
    taken = {numbers[place - 1]: CODES[place - 1] for place in there if place not in treated.wrong}
    answers = township.table("feedback")
    assert not done["problems"] or treated.wrong, done["problems"]
    assert dict(zip(answers["clue_no"], answers["conclusion"], strict=True)) == taken
    assert done["taken"] == len(taken)
    assert len(done["problems"]) >= len(treated.wrong)
    told = receipt_of(township, done)
    assert {number for number, result in told.items() if result == "已采纳"} == set(taken)
    assert sum(result == "退回更正" for result in told.values()) >= bool(treated.wrong)
    states = township.states()
    assert {n: states[n] for n in taken} == {n: BY_CODE[code].state for n, code in taken.items()}
    assert all(states[n] == "待核查" for n in numbers if n not in taken)
    consistent(township)


@pytest.mark.parametrize("name", MISTREATED)
def test_a_mistreated_workbook_is_taken_or_answered_row_by_row(
    township: Township, tmp_path: Path, name: str
) -> None:
    treated = MISTREATED[name]
    if treated.secret:
        folder = township.home / "secrets" / "townships"
        folder.mkdir(parents=True)
        (folder / township.name).touch(mode=0o600)
        (folder / township.name).write_text(f"2026-01-01 {treated.secret}\n", encoding="utf-8")
    book = township.book(tmp_path)
    path = treated.do(book) or book.save()
    before = township.states()
    done = township.load(path)
    if treated.refused:
        assert done["refused"]
        assert township.states() == before
        assert township.table("feedback").empty
        return
    check(township, book.numbers, done, treated)
    again, events = township.load(path, "2026-11-02"), township.table("case_event")
    assert (again["taken"], again["known_already"]) == (0, done["taken"])
    assert township.table("case_event").equals(events)


TASKS = [
    (suffix, deed)
    for suffix, deed in (
        (".xlsx", "nothing"),
        (".xlsx", "sort"),
        (".xlsx", "delete"),
        (".xlsx", "columns"),
        (".xlsx", "filter"),
        (".xls", "nothing"),
        (".xls", "sort"),
        (".ods", "columns"),
        (".ods", "delete"),
        (".csv", "sort"),
    )
]
GONE = {"delete": (1, 2)}


@pytest.mark.needs("libreoffice", "uno")
def test_ten_workbooks_mistreated_in_libreoffice(handed_out: Township, tmp_path: Path) -> None:
    book = handed_out.book(tmp_path)
    given = book.save()
    tasks = [
        [str(given), str(tmp_path / f"{n}{suffix}"), deed] for n, (suffix, deed) in enumerate(TASKS)
    ]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    at_libreoffice(tmp_path, OFFICER, tmp_path / "tasks.json")
    for n, (_, saved, deed) in enumerate(tasks):
        township = handed_out.copy(tmp_path / f"home{n}")
        done = township.load(Path(saved))
        check(township, book.numbers, done, Mistreated(lambda _: None, lost=GONE.get(deed, ())))


def test_the_last_word_wins_and_an_older_file_sent_again_changes_nothing(
    township: Township, tmp_path: Path
) -> None:
    book = township.book(tmp_path)
    first = book.save().rename(tmp_path / "一.xlsx")
    township.load(first, "2026-10-16")
    book.put(4, "核查结论", "01")
    book.put(4, "原因说明", "再次入户发现困难，应为突发严重困难户")
    done = township.load(book.save(), "2026-10-20")
    assert (done["taken"], done["known_already"]) == (1, 7)
    assert township.states()[book.numbers[3]] == "拟纳入监测"
    assert township.load(first, "2026-10-25")["taken"] == 0
    assert township.states()[book.numbers[3]] == "拟纳入监测"
    with at(township.home, "2026-10-25"):
        history = [e["text"] for e in following.case_story(book.numbers[3])["history"]]
    assert [text[:5] for text in history if text.startswith("反馈")] == ["反馈 05", "反馈 01"]


def test_clues_of_an_older_list_are_answered_on_a_newer_one(
    township: Township, tmp_path: Path
) -> None:
    older, newer = township.book(tmp_path, AUGUST), township.book(tmp_path)
    newer.lay([older.rows()[0]], newer.last)
    assert township.load(newer.save())["taken"] == 9
    assert set(township.table("feedback")["list_month"]) == {"2026-08", "2026-09"}


def test_another_townships_clue_is_turned_down(township: Township, tmp_path: Path) -> None:
    book = township.book(tmp_path)
    done = township.load(book.save(), sender="别的乡")
    assert (done["taken"], len(done["problems"])) == (0, 8)
    assert f"应由{township.name}反馈" in done["problems"][0]["problem"]
    assert township.table("feedback").empty


def test_a_late_answer_ends_the_supervision_and_stays_in_the_history(
    township: Township, tmp_path: Path
) -> None:
    book = township.book(tmp_path)
    with at(township.home, "2026-10-19"):
        assert book.numbers[0] in {c["clue_no"] for c in following.list_cases(what="due")}
        assert book.numbers[0] not in {c["clue_no"] for c in following.list_cases(what="overdue")}
    with at(township.home, "2026-10-23"):
        supervised = {
            c["clue_no"]: c for c in following.list_cases(what="overdue", township=township.name)
        }
        assert supervised[book.numbers[0]]["state"] == "督办"
        assert supervised[book.numbers[0]]["days_late"] == 4
    township.load(book.save(), "2026-10-26")
    with at(township.home, "2026-10-27"):
        assert not {*book.numbers[: len(ANSWERS)]} & {
            c["clue_no"] for c in following.list_cases(what="overdue")
        }
        kinds = [e["kind"] for e in following.case_story(book.numbers[0])["history"]]
    assert kinds[-2:] == ["feedback", "retyped"] or "time" in kinds
    assert "time" in kinds
