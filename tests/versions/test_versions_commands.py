"""`shouwang versions …` and `shouwang scorecard`, as a person types them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook
from water_department import MONTH, Water, rows

from shouwang.cli import main


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run the command line; what it prints, after checking how it ends."""

    def run(*words: str, expect: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["shouwang", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert int(ended.value.code or 0) == expect, printed.err
        return printed.out if expect == 0 else printed.out + printed.err

    return run


def test_a_receipt_comes_back_and_the_versions_tell_the_story(water: Water, said, tmp_path: Path) -> None:
    water.put(rows(r5="不明"))
    said("run", MONTH, expect=3)  # the other departments are missing
    book = load_workbook(water.receipt(1))
    book["退回数据"].cell(2, 5, "不达标")
    book.save(water.inbox / "回执.xlsx")
    said("run", MONTH, expect=3)
    assert "更正1_回执.xlsx" in said("versions", "list", MONTH, "water")
    changed = json.loads(said("versions", "diff", MONTH, "water", "--json"))
    assert changed["counts"] == {"added": 0, "removed": 0, "changed": 1}
    assert "quality" in said("versions", "diff", MONTH, "water")
    assert "in force" in said("versions", "restore", MONTH, "water", "1", "--by", "测试员")
    assert "no department" in said("scorecard", "--department", "weather", expect=2)
    assert MONTH in said("scorecard", "--department", "water")
    out = tmp_path / "评分卡.xlsx"
    said("scorecard", "--out", str(out))
    assert load_workbook(out).sheetnames == ["水利局"]


def test_what_is_out_of_the_usual_is_printed_with_the_month(water: Water, said) -> None:
    for month, content in (("2026-09", rows()), ("2026-10", rows()[:9])):
        folder = water.home / "inbox" / month / "water"
        folder.mkdir(parents=True)
        water.put(content).replace(folder / "台账.csv")
        printed = said("run", month, expect=3)
    assert "to look at: 水利局：共 9 行，前 1 期一般为 20 行" in printed


def test_a_month_of_which_nothing_came_ends_as_missing_and_says_where_files_belong(water: Water, said) -> None:
    told = said("run", MONTH, expect=3)
    assert f"nothing in {water.inbox}" in told.replace("\n", "")
    assert "nothing to screen" in told
