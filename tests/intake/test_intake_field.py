"""Cases from the field that opening decides: how many lines each file has (the heading's too), or
why it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from shouwang.core.errors import FileRefused
from shouwang.intake.files import find_files, parts_and_others
from shouwang.intake.sheets import Opened, Sheet
from shouwang.intake.worker import open_file

FIELD = Path(__file__).parents[3] / "shared" / "field"
LINES = {
    "B8-formula-without-value": [27],
    "C1-open-quote": [19],
    "C2-folder-within": [3, 13],
    "D1-jxl-code-page-1252": [15],
    "D10-xml-gb2312-rare-name": [15],
    "D14-stray-file-1": [15],
    "D14-stray-file-3": [15, 1],
    "D15-empty-note-in-zip": [15],
    "D17-merged-in-ods": [16],
    "D19-half-a-character": [15],
    "D2-excel-95-gbk": [15],
    "D20-commas-in-a-tab-file": [15],
    "D4-crystal-reports-formats": [16],
    "D5-utf16-text-as-xls": [15],
    "D6-macro-sheet": [15],
    "D7-sheet-without-part": [15],
}


def opened(case: str) -> list[Opened]:
    """The files of a case that may be tables."""
    (department,) = [folder for folder in (FIELD / case).iterdir() if folder.is_dir()]
    paths = parts_and_others(find_files(department))[0]
    return [open_file(path) for path in paths if path.stat().st_size]


def sheets(case: str) -> list[Sheet]:
    return [sheet for one in opened(case) for sheet in one.sheets if sheet.columns]


@pytest.mark.parametrize("case", LINES)
def test_every_line_is_read(case: str) -> None:
    found = sheets(case)
    assert sorted(len(sheet.numbers) for sheet in found) == sorted(LINES[case])
    assert all(len(sheet.columns) >= 9 for sheet in found if len(sheet.numbers) > 1)
    assert any("姓名" in row for sheet in found for row in sheet.head(2))


def test_what_is_in_the_cells_is_told() -> None:
    def cells(case: str, heading: str) -> list[object]:
        (sheet,) = sheets(case)
        return next(
            column.head(30)
            for column in sheet.columns
            if column.distinct[column.codes[0]] == heading
        )

    assert cells("B8-formula-without-value", "学费")[1:3] == ["#CALC!", "12000"]
    assert cells("D4-crystal-reports-formats", "保障金额")[1:] == [560.5] * 15
    assert sum("\ufffd" in str(cell) for cell in cells("D19-half-a-character", "供水方式")) == 1
    assert "费镕" in cells("D10-xml-gb2312-rare-name", "姓名")
    assert sheets("D17-merged-in-ods")[0].merges == ((1, 3, 1), (1, 3, 2))


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("D15-empty-note-in-zip", "报送.zip/新建文本文档.txt"),
        ("D6-macro-sheet", "台账.xlsm/Macro1"),
        ("D7-sheet-without-part", "台账.xlsx/Module1"),
    ],
)
def test_what_is_passed_over_is_told(case: str, told: str) -> None:
    assert [name for one in opened(case) for name, _ in one.ignored] == [told]


def test_a_zip_of_another_method_is_said_to_be_that() -> None:
    with pytest.raises(FileRefused, match="重新压缩") as refusal:
        opened("E3-zip-of-another-method")
    assert "密码" not in str(refusal.value)
