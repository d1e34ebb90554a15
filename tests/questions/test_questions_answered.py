"""A held file: one answer reads it on, wherever it is given, without another upload; an answer may
be taken back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from asked import MONTH, OPEN, STRANGE, WHO, hand_over, in_force, ledger, only_question, settlements
from fastapi.testclient import TestClient
from playwright.sync_api import sync_playwright
from test_board_pages import CLERK, VIEWER, app_of
from test_board_seen import QUIET, faults, reached
from typer.testing import CliRunner

from overlaid import overlay, settings_of
from services import path_of
from shouwang.cli.app import app
from shouwang.core.errors import NotThereYet, UsageError
from shouwang.store import submissions
from shouwang.store.records import record_table
from shouwang.store.tables import audit_event
from shouwang.submissions import asking, handover
from shouwang.workspace.workspace import load_workspace


@pytest.fixture
def board(held: Path) -> TestClient:
    return TestClient(app_of(load_workspace()), base_url="http://board")


def test_it_is_read_on_by_command_line_after_a_restart(held):
    shutil.rmtree(held / "work", ignore_errors=True)
    words = ["answer", str(only_question(kind="column")), "取水往返时间", "--by", "文书", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", "from shouwang.cli.app import main; main()", *words],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["read"] == [{"month": MONTH, "status": "loaded", "rows": 40}]
    assert in_force()["rejected"] == 0
    with load_workspace().database.read() as connection:
        answered = sa.select(audit_event.c.by).where(audit_event.c.kind == "answered")
        assert connection.scalars(answered).all() == ["文书"]


def test_it_is_read_on_by_rest(board):
    told = board.get("/questions", headers=CLERK | {"accept": "application/json"}).json()
    (column,) = (one for one in told["waiting"] if one["kind"] == "column")
    assert (column["heading"], column["candidates"], column["samples"]) == (
        OPEN,
        ["fetch_minutes"],
        [*"5678"],
    )
    done = board.post(
        f"/questions/{column['id']}/answer", headers=CLERK, json={"candidate": "fetch_minutes"}
    )
    assert (done.status_code, done.json()["months"]) == (202, [MONTH])
    assert in_force()["rows"] == 40
    (answered,) = board.get("/questions", headers=CLERK | {"accept": "application/json"}).json()[
        "answered"
    ]
    assert (answered["answer"], answered["answered_by"]) == ("fetch_minutes", "clerk")


@pytest.mark.needs("chromium")
def test_it_is_read_on_by_the_board_and_so_are_values_that_were_unknown(held):
    with reached(app_of(load_workspace())) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of("chromium"), args=QUIET)
        page = browser.new_page(locale="zh-CN", extra_http_headers={"who": "clerk"})
        page.goto(address)
        page.get_by_role("link", name="待确认 2 项").click()
        assert OPEN in page.inner_text("main")
        assert "选后整份报送按此读入，以后这个部门的这个表头都照此。" in page.inner_text("main")
        wrong = faults(page, "questions")
        for words in ("是“取水往返时间”", "是“不达标”"):
            section = page.locator("section.question", has=page.get_by_text(words, exact=True))
            section.get_by_text(words, exact=True).click()
            section.get_by_role("button", name="确认").click()
            page.get_by_role("status").wait_for()
        assert in_force()["rows"] == 40
        assert "没有待确认的问题" in page.inner_text("main")
        assert asking.questions() == []
        wrong += faults(page, "answered")
        page.get_by_role("button", name=f"撤销: {OPEN}").click()
        page.locator("section.question").wait_for()
        browser.close()
    assert wrong == []
    assert asking.questions()[0]["heading"] == OPEN


def test_only_whoever_may_see_personal_data_sees_and_answers_questions(board):
    number = only_question(kind="column")
    assert board.get("/questions", headers=VIEWER).status_code == 403
    for what in ("answer", "revoke"):
        path = f"/questions/{number}/{what}"
        assert board.post(path, headers=VIEWER, json={"candidate": "1"}).status_code == 403
    assert "/questions" not in board.get("/", headers=VIEWER).text
    assert in_force() is None


@pytest.mark.parametrize(
    "sent",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
    ],
)
def test_a_page_of_another_site_answers_nothing(board, sent):
    path = f"/questions/{only_question(kind='column')}/answer"
    assert board.post(path, headers=CLERK | sent, data={"candidate": "1"}).status_code == 403
    assert in_force() is None
    ours = {"origin": "http://board"} if "origin" in sent else {"sec-fetch-site": "same-origin"}
    assert board.post(path, headers=CLERK | ours, data={"candidate": "1"}).status_code == 200
    assert in_force()["rows"] == 40


def test_what_is_no_answer_is_said(board):
    path = f"/questions/{only_question(kind='column')}/answer"
    assert board.post(path, headers=CLERK, data={}).status_code == 422
    assert board.post(path, headers=CLERK, json=["1"]).status_code == 422
    assert board.post(path, headers=CLERK, json={"candidate": "no such column"}).status_code == 409
    assert board.post(path, headers=CLERK, json={"candidate": "1"}).status_code == 202
    other = board.post(path, headers=CLERK, json={"candidate": "none"})
    assert (other.status_code, "revoke it first" in other.json()["detail"]) == (409, True)
    assert "没有记下" in board.post(path, headers=CLERK, data={"candidate": "none"}).text
    assert (
        board.post("/questions/999/answer", headers=CLERK, json={"candidate": "1"}).status_code
        == 409
    )


def test_what_departments_write_stays_text_here_too(board, county):
    markup = "<script>alert(1)</script>"
    hand_over(load_workspace().inbox, ledger(county, OPEN, markup))
    handover.receive(MONTH, WHO)
    page = board.get("/questions", headers=CLERK).text
    assert markup not in page
    assert "&lt;script&gt;" in page


def test_the_board_says_that_a_submission_is_held_and_for_how_long(board, monkeypatch):
    assert 'aria-label="2026年9月 水利局: 待确认"' in board.get("/", headers=VIEWER).text
    assert "报送待确认，已等 0 天" in board.get("/", headers=VIEWER).text
    assert "未答复，按缺报" not in board.get("/", headers=VIEWER).text
    assert "Held for an answer for 0 d" in board.get("/?lang=en", headers=VIEWER).text
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-12-12")
    late = TestClient(app_of(load_workspace())).get("/", headers=VIEWER).text
    assert "未答复，按缺报" in late
    assert re.search("报送待确认，已等 [1-9]", late)


def test_silence_counts_as_missing_and_a_later_answer_reads_on(held, monkeypatch):
    assert handover.settled(MONTH)["held"] == [WHO]
    assert not handover.settled(MONTH)["settled"]
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-10-12")
    for one in handover.departments(MONTH):
        if one["department"] != WHO:
            handover.declare_late(MONTH, one["department"])
    state = handover.settled(MONTH)
    assert (state["settled"], WHO in state["missing"]) == (True, True)
    asking.answer_question(only_question(kind="column"), "1", "文书")
    assert WHO not in handover.settled(MONTH)["missing"]


def test_an_answer_that_nobody_read_on_is_found_by_the_next_follow_up(held):
    asking.answer_question(only_question(kind="column"), "1", "文书", reread=False)
    assert handover.come_late() == [{"month": MONTH, "department": WHO}]
    assert handover.arrived(MONTH, WHO)
    assert handover.receive(MONTH, WHO)["status"] == "loaded"
    assert handover.come_late() == []


def test_an_answer_taken_back_is_asked_again_and_what_is_in_force_stays(held):
    number = only_question(kind="column")
    asking.answer_question(number, "1", "文书")
    assert asking.revoke_answer(number, "文书")["read"][0]["status"] == "held"
    assert in_force()["rows"] == 40
    assert only_question(kind="column") == number
    assert (
        asking.revoke_answer(number, "文书")["read"][0]["status"] == "held"
    )  # once more changes nothing
    assert asking.answer_question(number, "1", "文书")["read"][0]["status"] in (
        "loaded",
        "unchanged",
    )


def test_the_same_answer_twice_is_one_answer_and_another_is_refused(held):
    number = only_question(kind="column")
    asking.answer_question(number, "1", "文书", reread=False)
    assert asking.answer_question(number, "fetch_minutes", "别人")["read"][0]["status"] == "loaded"
    with pytest.raises(UsageError, match="revoke it first"):
        asking.answer_question(number, "none", "别人")


def test_values_are_answered_once_the_rows_are_in_and_none_asks_no_more(held):
    asking.answer_question(only_question(kind="column"), "1", "文书")
    number = only_question(kind="value", value=STRANGE)
    assert asking.answer_question(number, "none", "文书")["read"][0]["status"] == "loaded"
    assert asking.questions() == []
    assert (in_force()["rows"], in_force()["rejected"]) == (40, 0)


def test_what_departments_write_is_quoted_on_the_receipt_only(held):
    asking.answer_question(only_question(kind="column"), "1", "文书", reread=False)
    reference = handover.receive(MONTH, WHO)
    assert reference["questions"] == [only_question(kind="value")]
    assert STRANGE not in json.dumps(reference, ensure_ascii=False)
    assert "有不认得的写法：1 种，5 行" in reference["warnings"][0]


def test_an_empty_inbox_of_which_nothing_is_kept_is_still_said(home):
    with pytest.raises(NotThereYet):
        handover.receive(MONTH, WHO)
    assert not handover.arrived(MONTH, WHO)


def test_the_command_line_lists_what_waits_and_what_was_answered(held):
    told = CliRunner().invoke(app, ["questions"]).output
    assert f"表头“{OPEN}”是不是“取水往返时间”？" in told
    assert f"“水质是否达标”里的“{STRANGE}”（5 行）是什么？" in told
    asking.answer_question(only_question(kind="column"), "1", "文书")
    assert (
        "答：fetch_minutes（文书）" in CliRunner().invoke(app, ["questions", "--answered"]).output
    )


def test_a_unit_that_may_be_two_is_asked_and_the_answer_is_learnt(
    home, county, tmp_path, monkeypatch
):
    for name, value in settings_of(overlay(tmp_path / "own")).items():
        monkeypatch.setenv(name, value)
    handover.init()
    content = settlements(county, unsaid=0, unit=10_000)
    path = hand_over(home / "inbox", content, department="medical_insurance")
    assert handover.receive(MONTH, "medical_insurance")["status"] == "held"
    (one,) = asking.questions()
    asked = ("unit", "总费用", ["万元", "千元", "元"])
    assert (one["kind"], one["heading"], one["candidates"]) == asked
    board = TestClient(app_of(load_workspace()), base_url="http://board")
    assert "“医疗总费用”按什么单位（总费用）？" in board.get("/questions", headers=CLERK).text
    assert "按什么单位？（总费用）" in CliRunner().invoke(app, ["questions"]).output
    with pytest.raises(UsageError, match="is no answer"):
        asking.answer_question(one["id"], "none", "文书")
    done = board.post(f"/questions/{one['id']}/answer", headers=CLERK, json={"candidate": "万元"})
    assert (done.status_code, in_force("medical_insurance")["rejected"]) == (202, 0)
    assert paid() == 40 * 100
    assert asking.learn_contract("medical_insurance", "文书")["written"] == ["units.总费用: 万元"]
    path.write_bytes(content + b"\n")
    assert handover.receive(MONTH, "medical_insurance", again=True)["status"] == "loaded"
    assert (asking.questions(), paid()) == ([], 40 * 100)


def paid() -> float:
    """What patients bear of the insurer's settlements in force."""
    with load_workspace().database.read() as connection:
        table = record_table(load_workspace().county.contracts["medical_insurance"])
        force = submissions.in_force(connection, MONTH)["medical_insurance"]["submission_id"]
        own = table.c.submission_id == force
        return float(connection.scalar(sa.select(sa.func.sum(table.c.self_paid)).where(own)))


def test_sums_of_another_base_are_asked_and_taken_as_they_are(home, county):
    hand_over(home / "inbox", settlements(county), department="medical_insurance")
    assert handover.receive(MONTH, "medical_insurance")["status"] == "held"
    (one,) = asking.questions()
    assert (one["kind"], one["rows"]) == ("sum", 10)
    page = (
        TestClient(app_of(load_workspace()), base_url="http://board")
        .get("/questions", headers=CLERK)
        .text
    )
    assert "另有口径，照收" in page
    done = asking.answer_question(one["id"], "accept", "文书")
    assert done["read"] == [{"month": MONTH, "status": "loaded", "rows": 40}]
    assert in_force(department="medical_insurance")["rejected"] == 0


def test_a_month_that_has_been_deleted_since_does_not_stop_the_others(held):
    shutil.rmtree(held / "vault")
    done = asking.answer_question(only_question(kind="column"), "1", "文书")
    assert done["read"] == [{"month": MONTH, "status": "gone", "rows": None}]
