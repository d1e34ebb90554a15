"""`shouwang versions …` and `shouwang scorecard`, as a person types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook
from water_department import MONTH, Water, rows

from shouwang.cli.app import main


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


def test_a_receipt_comes_back_and_the_versions_tell_the_story(
    water: Water, said, tmp_path: Path
) -> None:
    water.put(rows(r5="#N/A"))
    said("run", MONTH, expect=3)  # the other departments are missing
    book = load_workbook(water.receipt(1))
    book["退回数据"].cell(2, 5, "不达标")
    book.save(water.inbox / "回执.xlsx")
    said("run", MONTH, expect=3)
    assert "更正1_回执.xlsx" in said("versions", "list", MONTH, "water")
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


def test_a_month_of_which_nothing_came_ends_as_missing_and_says_where_files_belong(
    water: Water, said
) -> None:
    told = said("run", MONTH, expect=3)
    assert f"nothing in {water.inbox}" in told.replace("\n", "")
    assert "nothing to screen" in told


def test_what_is_not_known_is_told_with_what_there_is(water: Water, said) -> None:
    """A township, a department, a state: status 2. A month without data: status 1, or said beside
    an empty table."""
    water.put(rows())
    said("run", MONTH, expect=3)
    for words in (
        "case form --township 大何镇",
        "secrets show --township 大何镇 --by 张三",
        "secrets make --township 大何镇",
        "case list --township 大何镇",
        "overdue --township 大何镇",
        f"send {MONTH} --township 大何镇",
        f"review write {MONTH} --township 大何镇",
        "feedback load 表.xlsx --from 大何镇",
    ):
        assert "There is no township “大何镇”. Did you mean 大河镇?" in said(
            *words.split(), expect=2
        ), words
    for words in (
        f"receive {MONTH} --department watr",
        f"results {MONTH} --department watr",
        f"versions list {MONTH} watr",
        "scorecard --department watr",
    ):
        assert "There is no department “watr”. Did you mean water?" in said(
            *words.split(), expect=2
        ), words
    assert "“待审查”. Did you mean 待核查?" in said("case", "list", "--state", "待审查", expect=2)
    assert "under “H999”" in said("case", "show", "H999", expect=2)
    assert "532999" not in said("case", "show", "532999197001011234", expect=2)
    nothing = f"No department's data are in force for 2026-03. There are data of {MONTH}."
    for words in ("results 2026-03", "match report 2026-03", "review write 2026-03"):
        assert nothing in said(*words.split(), expect=1), words


def test_a_month_without_data_is_no_row_of_zeros(
    water: Water, said, project: Path, tmp_path: Path
) -> None:
    water.put(rows())
    said("run", MONTH, expect=3)
    rules = str(project / "include/county/rules.yaml")
    assert "in force for 2026-03 and 2026-04" in said(
        "rules", "try", rules, "--months", "2026-03..2026-04", expect=1
    )
    for words, told in (
        (
            ("export", "warnings", "--month", "2026-03", "--out", str(tmp_path / "w.csv")),
            "2026-03 has not been screened",
        ),
        (("versions", "list", MONTH, "housing"), f"housing has handed over nothing for {MONTH}"),
        (
            ("sent", MONTH),
            f"No list of {MONTH} has gone out. Release a month: shouwang release MONTH --by NAME.",
        ),
        (("rules", "score", "--months", MONTH), f"No list of {MONTH} has gone out."),
    ):
        done = subprocess.run(
            [Path(sys.executable).parent / "shouwang", *words],
            check=True,
            capture_output=True,
            text=True,
        )
        assert told in done.stderr, words


def test_a_place_that_is_not_ours_to_write_is_a_sentence(
    water: Water, said, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        said("export", "cases", "--month", MONTH, "--out", "/proc/nowhere/x.csv", expect=1).count(
            "\n"
        )
        == 1
    )
    monkeypatch.setenv("SHOUWANG_HOME", "/proc/nowhere")
    assert "/proc/nowhere: No such file or directory. Look whether" in said("init", expect=1)
