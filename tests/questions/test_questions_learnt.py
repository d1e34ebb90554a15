"""Answers written into the contract file, whose lines stay; and the evidence by which an export's
columns are known."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest
from asked import MONTH, OPEN, STRANGE, WHO, hand_over, in_force, ledger, only_question
from typer.testing import CliRunner

from overlaid import overlay, settings_of
from shouwang.cli.app import app
from shouwang.county.contract import read_contract, read_wordings
from shouwang.submissions import asking, handover
from shouwang.submissions.learning import _added
from shouwang.workspace.workspace import load_workspace


@pytest.fixture
def contract(held: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The water office's contract in a county folder of its own."""
    for name, value in settings_of(overlay(held / "own")).items():
        monkeypatch.setenv(name, value)
    path = load_workspace().county_folder / "departments" / f"{WHO}.yaml"
    path.chmod(0o644)
    return path


def test_what_was_answered_is_written_into_the_contract_and_the_answers_go(contract, county):
    before = contract.read_text("utf-8")
    asking.answer_question(only_question(kind="column"), "1", "文书")
    asking.answer_question(only_question(kind="value"), "不达标", "文书")
    told = CliRunner().invoke(app, ["contract", "learn", WHO, "--by", "文书", "--json"])
    assert json.loads(told.stdout)["left"] == []
    changed = [*difflib.ndiff(before.splitlines(), contract.read_text("utf-8").splitlines())]
    assert [line for line in changed if line.startswith("+ ")] == [
        f'+       不达标: [不合格, 否, 未达标, ×, "0", N, {STRANGE}]',
        f"+     wordings: [取水往返时间, 取水时间（分钟）, {OPEN}]",
    ]
    assert "# A household has it convenient" in contract.read_text("utf-8")
    assert asking.questions(answered=True) == []
    hand_over(load_workspace().inbox, ledger(county, value=STRANGE) + b"\n")
    assert handover.receive(MONTH, WHO)["status"] == "loaded"
    assert asking.questions() == []
    assert in_force()["rows"] == 40
    assert "No answer waits" in CliRunner().invoke(app, ["contract", "learn", WHO]).output


def test_what_is_none_of_the_candidates_is_written_too(contract):
    asking.answer_question(only_question(kind="value"), "none", "文书", reread=False)
    asking.answer_question(only_question(kind="column"), "none", "文书", reread=False)
    assert asking.learn_contract(WHO, "文书")["left"] == []
    read = read_contract(contract, read_wordings(contract.parent.parent))
    assert read.columns["quality"].meaningless == (STRANGE,)
    assert read.ignored == ("序号", "备注", OPEN)


def test_what_the_file_would_not_read_as_answered_is_printed_and_the_answer_stays(contract):
    text = contract.read_text("utf-8").replace(
        "wordings: [取水往返时间, 取水时间（分钟）]", "wordings: &w\n      - 取水往返时间"
    )
    contract.write_text(text + "\n# none\n", encoding="utf-8")
    asking.answer_question(only_question(kind="column"), "1", "文书", reread=False)
    spoilt = contract.read_text("utf-8").replace(
        "excludes: [距离,", f"excludes: [{OPEN[:3]}, 距离,"
    )
    contract.write_text(spoilt, encoding="utf-8")
    told = CliRunner().invoke(app, ["contract", "learn", WHO]).output
    assert f"To be added by hand, the answer stays: columns.fetch_minutes.wordings: {OPEN}" in told
    assert contract.read_text("utf-8") == spoilt
    assert len(asking.questions(answered=True)) == 1


@pytest.mark.parametrize(
    ("text", "keys", "wanted"),
    [
        ("a: {b: [x]}  # why\n", ("a", "b"), "a: {b: [x, 新]}  # why\n"),
        ("a:\n  b: []\n", ("a", "b"), "a:\n  b: [新]\n"),
        (
            "a:\n  b:\n    - x  # one\n\nc: 1\n",
            ("a", "b"),
            "a:\n  b:\n    - x  # one\n    - 新\n\nc: 1\n",
        ),
        ("a: {t: text}\n", ("a", "b"), "a: {t: text, b: [新]}\n"),
        ("a:\n  t: text  # so\n\nc: 1", ("a", "b"), "a:\n  t: text  # so\n  b: [新]\n\nc: 1"),
        ("a: 1", ("sums_as_they_are",), "a: 1\nsums_as_they_are: 新"),
        ("a: text\n", ("a", "b", "c"), None),
        ("a: {b: text}\n", ("a", "b"), None),
    ],
)
def test_an_entry_is_added_where_yaml_says_that_its_list_stands(text, keys, wanted):
    assert _added(text, keys, "新") == wanted


def test_the_evidence_of_an_export_is_printed(home, county):
    path = hand_over(home / "inbox", ledger(county))
    told = CliRunner().invoke(app, ["contract", "check", str(path), "--department", WHO]).output
    assert "name ← 户主姓名: 表头“户主姓名”是约定的写法" in told
    assert f"fetch_minutes ? {OPEN}: to be asked; candidates fetch_minutes" in told
    asked = CliRunner().invoke(app, ["contract", "check", str(path)])
    assert "--department" in str(asked.exception)
