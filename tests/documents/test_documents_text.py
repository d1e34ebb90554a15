"""Text on its way to paper: harmless whatever it was, masked, and measured."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from shouwang.documents.filling import put
from shouwang.documents.text import comparable, display_width, lines_needed, masked, printable


@given(st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=20))
def test_any_text_can_be_written_and_comes_back_as_text(texts: list[str]) -> None:
    workbook = Workbook()
    sheet = workbook.create_sheet("甲")
    for row, text in enumerate(texts, start=1):
        put(sheet.cell(row, 1), text, sheet.cell(row, 1)._style)
    written = BytesIO()
    workbook.save(written)
    read = load_workbook(written)["甲"]
    for row, text in enumerate(texts, start=1):
        cell = read.cell(row, 1)
        assert (cell.value or "") == printable(text)
        assert cell.data_type == ("s" if printable(text) else "n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("身份证532999198001010018", "身份证532999********0018"),
        ("53299919800101001x。", "532999********001x。"),
        ("532999800101001", "532999*****1001"),
        ("ID532999198001010018X", "ID532999*********018X"),
        ("自付 18,320.50 元", "自付 18,320.50 元"),
        ("电话13800000001", "电话13800000001"),
        ("202609-0001", "202609-0001"),
    ],
)
def test_long_numbers_are_masked_and_amounts_and_phones_are_not(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.text(st.characters(codec="gb18030"), max_size=200), st.floats(6, 80))
def test_a_narrower_column_never_needs_fewer_lines(text: str, width: float) -> None:
    assert lines_needed(text, width / 2) >= lines_needed(text, width) >= 1 + text.count("\n")


def test_widths_and_headings_are_measured_as_people_see_them() -> None:
    assert display_width("红Ⅰ a") == 6
    assert comparable(" 人均\n纯收入（元） ") == "人均纯收入"
