"""The papers beside the list: the notice copy, the supervision list, a household's page."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from documents_builders import as_clues, clue, headed, notice
from every_paper import overdue
from openpyxl import load_workbook

from shouwang.documents.notice import write_notice
from shouwang.documents.story import Story, write_story
from shouwang.documents.supervision import SupervisionPaper, write_supervision

NASTY = [
    "=1+1",
    "+86",
    "-5",
    "@SUM(A1)",
    '=HYPERLINK("http://x","y")',
    "<b>x</b>&",
    "=cmd|' /C'!A0",
]
NUMBER = "532999198001010018"
LATE = dt.datetime(2026, 10, 28, 9, 30)
SUPERVISION = SupervisionPaper(
    **headed("清源县农业农村局", LATE), overdue_days=10, contacts={"石桥乡": "乡村振兴办"}
)


def story(text: str = "赵明", **changes: Any) -> Story:
    facts: dict[str, Any] = {
        **headed("张某", LATE),
        "household": text,
        "facts": {
            "township": "大河镇",
            "village": text,
            "village_group": "3组",
            "head": text,
            "household_type": "脱贫户",
            "income": 8084,
            "clue_no": "2609-AAAA0002",
            "level": "红Ⅰ",
            "state": "帮扶中",
        },
        "members": [(text, "户主", "男", 1980, "普通劳动力"), ("钱秀英", "配偶", "女", 1982, None)],
        "signals": [
            (
                "2026-09",
                "MED-1",
                f"医保局：{text} 2026年9月住院自付 18,320.50 元，超过 10,000 元",
                "医保局",
            )
        ],
        "events": [
            ("2026-10-16", "帮扶中", text, "王某"),
            ("2026-10-12", "待核查", "下发大河镇（第1版）", "张某"),
        ],
        "next_step": "最早 2027-04-14 可风险消除",
    }
    return Story(**{**facts, **changes})


def test_villages_stand_together_and_groups_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    rows = [
        clue(n, village=village, village_group=group)
        for n, (village, group) in enumerate(
            [("乙村", "1组"), ("甲村", "10组"), ("甲村", "2组"), ("甲村", None)]
        )
    ]
    write_notice(tmp_path / "公示.xlsx", notice(), as_clues(rows))
    sheet = load_workbook(tmp_path / "公示.xlsx").active
    shown = [(sheet.cell(row, 2).value, sheet.cell(row, 3).value) for row in range(5, 9)]
    assert len(set(shown[:1] + shown[-1:])) == 2
    assert [group for village, group in shown if village == "甲村"] == ["2组", "10组", None]


def test_what_is_longest_overdue_and_red_comes_first(tmp_path: Path) -> None:
    write_supervision(tmp_path / "督办.xlsx", SUPERVISION, overdue())
    sheet = load_workbook(tmp_path / "督办.xlsx").active
    assert [sheet.cell(row, 4).value for row in (5, 6, 7)] == ["孙建国", "钱秀英", "赵明"]
    assert "大河镇 1 户，石桥乡 2 户（乡村振兴办）" in sheet["A3"].value


def test_a_long_story_fits_one_page_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    many = [("2026-09", "MED-1", f"第{n}条", "医保局") for n in range(40)]
    write_story(
        tmp_path / "户情.xlsx",
        story(signals=many, events=[("2026-10-12", "待核查", str(n), "") for n in range(40)]),
    )
    sheet = load_workbook(tmp_path / "户情.xlsx").active
    text = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert "第0条" in text
    assert sum("另有较早的" in line for line in text) == 2
    assert sheet.page_setup.fitToHeight == 1
    assert sum(dimension.height or 15 for dimension in sheet.row_dimensions.values()) < 1300
    assert "张某专用　经办人 张某" in sheet.oddHeader.right.text


@pytest.mark.parametrize("nasty", NASTY)
def test_text_never_becomes_a_formula_a_link_or_markup(tmp_path: Path, nasty: str) -> None:
    paths = [tmp_path / f"{n}.xlsx" for n in range(3)]
    write_notice(
        paths[0], notice(receiver=nasty), as_clues([clue(0, village=nasty, village_group=nasty)])
    )
    write_supervision(
        paths[1],
        SUPERVISION,
        overdue().assign(head=nasty, village=nasty, clue_no=nasty, township=nasty),
    )
    write_story(paths[2], story(nasty))
    for path in paths:
        cells = [
            cell
            for row in load_workbook(path).active.iter_rows()
            for cell in row
            if cell.value is not None
        ]
        assert any(cell.value == nasty for cell in cells)
        with ZipFile(path) as parts:
            sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<hyperlink" not in sheet


def test_no_number_is_whole(tmp_path: Path) -> None:
    write_story(tmp_path / "户情.xlsx", story(f"赵明{NUMBER}"))
    write_supervision(tmp_path / "督办.xlsx", SUPERVISION, overdue().assign(head=f"赵明{NUMBER}"))
    for path in tmp_path.iterdir():
        with ZipFile(path) as parts:
            assert NUMBER not in "".join(parts.read(name).decode() for name in parts.namelist()), (
                path.name
            )
