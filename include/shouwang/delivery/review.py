"""The review workbook (有待核实名单): what could not be decided, the candidates side by side, a choice to make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from shouwang.delivery.looks import band, lay_out, new_workbook, protect, put, set_widths, text_height
from shouwang.delivery.opened import sheets_of
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values, comparable
from shouwang.errors import FileRefused
from shouwang.month import Month

REVIEW, NUMBER, CHOICE, REMARK = "有待核实", "核实编号", "认定结果", "备注"
CHOICES = ("候选1", "候选2", "候选3", "都不是")
COLUMNS = (
    Column(NUMBER, "number", 19, "单行"),
    Column("来文位置", "places", 24, "文本"),
    Column("来文姓名", "name", 9, "姓名"),
    Column("来文证件号码", "id_number", 20, "文本居中"),
    Column("来文乡镇、村", "place", 12, "文本居中"),
    Column("不能认定的原因", "reason", 21, "文本"),
    Column("候选1", "option_1", 26, "文本"),
    Column("候选2", "option_2", 26, "文本"),
    Column("候选3", "option_3", 26, "文本"),
)
FILL_IN = ((CHOICE, 9.0, "填写选项"), (REMARK, 10.0, "填写文本"))
_WIDTH = sum(column.width for column in COLUMNS) + sum(width for _, width, _ in FILL_IN)
_HOW = (
    "请逐行核对来文与候选人员，在“认定结果”中选择候选1、候选2、候选3或“都不是”；暂时不能确定的留空。"
    "认定后，以后各月同样写法的来文按此认定；登记信息变化后自动重新提请核实。√ 表示相符，× 表示不符。"
)


@dataclass(frozen=True)
class ReviewPaper:
    """For whom the list is: the county, or one township of it."""

    county: str
    office: str
    month: Month
    prepared_on: dt.date
    township: str | None = None

    @property
    def title(self) -> str:
        """The heading of the list and of the file's properties."""
        return f"{self.county}{self.township or ''}{self.month.chinese}数据比对有待核实名单"


def write_review(path: Path, paper: ReviewPaper, reviews: pd.DataFrame) -> None:
    """Write the list; ``reviews`` has a column for each source of `COLUMNS`, one row a written identity."""
    workbook = new_workbook()
    sheet = workbook.create_sheet(REVIEW)
    set_widths(sheet, [*(column.width for column in COLUMNS), *(width for _, width, _ in FILL_IN)])
    last, head = len(COLUMNS) + len(FILL_IN), 4
    band(sheet, 1, 1, last, paper.title, "标题", 34)
    facts = f"编制单位：{paper.office}        编制日期：{paper.prepared_on:%Y-%m-%d}        共 {len(reviews)} 条"
    band(sheet, 2, 1, last, facts, "副标题", 20)
    band(sheet, 3, 1, last, _HOW, "汇总", text_height(_HOW, _WIDTH, 20))
    for number, column in enumerate(COLUMNS, start=1):
        put(sheet, head, number, column.header, "栏目")
    for number, (header, _, _) in enumerate(FILL_IN, start=len(COLUMNS) + 1):
        put(sheet, head, number, header, "填写栏目")
    sheet.row_dimensions[head].height = 24
    foot = head + max(1, len(reviews))
    if reviews.empty:
        band(sheet, foot, 1, last, "本月没有有待核实的数据。", "空表", 48)
    else:
        write_rows(sheet, head, COLUMNS, {c.source: [*column_values(reviews[c.source])] for c in COLUMNS}, least=30)
        for row in range(head + 1, foot + 1):
            for number, (_, _, style) in enumerate(FILL_IN, start=len(COLUMNS) + 1):
                put(sheet, row, number, None, style)
        letter = get_column_letter(len(COLUMNS) + 1)
        check = DataValidation(type="list", formula1=f'"{",".join(CHOICES)}"', allow_blank=True, showErrorMessage=True)
        check.errorTitle, check.error = CHOICE, "请从下拉列表中选择。"
        sheet.add_data_validation(check)
        check.add(f"{letter}{head + 1}:{letter}{foot}")
        sheet.auto_filter.ref = f"A{head}:{get_column_letter(last)}{foot}"
    sheet.freeze_panes = f"D{head + 1}"
    sheet.print_area = f"A1:{get_column_letter(last)}{foot}"
    footer = ("供县级核实数据使用，不得公示转发", f"{paper.office}  {paper.prepared_on.isoformat()}")
    lay_out(sheet, landscape=True, title_rows=f"{head}:{head}", footer=footer)
    protect(sheet)
    save(workbook, path, when=paper.prepared_on, title=paper.title, creator=paper.office)


def read_review(path: Path, passwords: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a returned list: ``sheet, row, number, choice, remark``; rows without a choice have a null one.

    Raises `FileRefused` when the file is no workbook or holds no such list.
    """
    found = []
    known = False
    for name, rows in sheets_of(path, passwords).items():
        head = next((n for n, row in enumerate(rows[:40]) if {NUMBER, CHOICE} <= set(map(comparable, row))), None)
        if head is None:
            continue
        known = True
        titles = [comparable(cell) for cell in rows[head]]
        for number, row in enumerate(rows[head + 1 :], start=head + 2):
            told = [_cell(row, titles, title) for title in (NUMBER, CHOICE, REMARK)]
            if told[0] or told[1]:
                found.append((name, number, *told))
    if not known:
        raise FileRefused(
            "missing_column",
            f"没有找到有待核实名单：各工作表都没有同时含“{NUMBER}”和“{CHOICE}”的表头，请在下发的表中填写后报回。",
        )
    return pd.DataFrame(found, columns=["sheet", "row", "number", "choice", "remark"])


def _cell(row: Sequence[object], titles: list[str], title: str) -> str | None:
    place = titles.index(title) if title in titles else len(row)
    return (str(row[place]).strip() or None) if place < len(row) else None
