"""The registry's monthly list (农户信息核对清单): findings to settle, and corrections that others' data suggest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.delivery.looks import band, lay_out, new_workbook, protect, put, set_widths, text_height
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values
from shouwang.month import Month

_PLACE = (Column("乡镇", "township", 11, "文本居中"), Column("村", "village", 12, "文本居中"))
_FILL_IN = (Column("核实结果", "settled", 13, "填写选项"), Column("说明", "remark", 22, "填写文本"))
_FINDINGS = (
    *_PLACE,
    Column("组", "village_group", 8, "文本居中"),
    Column("户编号", "household_id", 14, "文本居中"),
    Column("户主", "head", 10, "姓名"),
    Column("成员", "member", 10, "文本居中"),
    Column("核对事项", "title", 26, "文本"),
    Column("登记情况", "found", 38, "文本"),
    Column("处理建议", "remedy", 28, "文本"),
    *_FILL_IN,
)
_CHANGES = (
    *_PLACE,
    Column("户编号", "household_id", 14, "文本居中"),
    Column("户主", "head", 10, "姓名"),
    Column("涉及人员", "name", 12, "文本居中"),
    Column("变动", "change", 10, "文本居中"),
    Column("依据", "source", 40, "文本"),
    Column("内容", "said", 34, "文本"),
    Column("处理建议", "remedy", 18, "文本"),
    *_FILL_IN,
)
CHOICES = ("已更正", "登记无误", "待进一步核实")
_WIDTHS = (46, 12, 12)


@dataclass(frozen=True)
class RegistryPaper:
    """For which month, by whom and when; ``township`` null for the county; ``unknown`` households without dates."""

    county: str
    office: str
    month: Month
    prepared_on: dt.date
    township: str | None
    unknown: int

    @property
    def title(self) -> str:
        """The heading, and the file's property."""
        return f"{self.county}{self.township or ''}{self.month.chinese}农户信息核对清单"


def write_registry_list(
    path: Path,
    paper: RegistryPaper,
    counts: Sequence[tuple[str, int, int]],
    findings: pd.DataFrame,
    changes: pd.DataFrame,
) -> None:
    """Write the workbook.

    ``counts``: title, findings and households of each check. ``findings``: township … remedy and ``title``; ``changes``:
    township, village, household_id, head, name, change, source, said, remedy.
    """
    workbook = new_workbook()
    sheet = workbook.create_sheet("汇总")
    set_widths(sheet, _WIDTHS)
    band(sheet, 1, 1, 3, paper.title, "标题", 34)
    band(sheet, 2, 1, 3, f"编制单位：{paper.office}　　编制日期：{paper.prepared_on.isoformat()}", "副标题", 20)
    for place, cells in enumerate((("核对事项", "条数", "户数"), *counts), start=4):
        for column, cell in enumerate(cells, start=1):
            put(sheet, place, column, cell, "栏目" if place == 4 else "文本" if column == 1 else "整数")
        sheet.row_dimensions[place].height = 20
    note = "本清单只提出疑点，不改动登记簿；请逐条核实，在登记系统中更正后，于下次导出时一并反映。"
    if paper.unknown:
        note += (
            f"\n另有 {paper.unknown:,} 户在首次导入登记簿之前已纳入监测，纳入时间和此前的帮扶措施不在本系统，"
            "未核对纳入时间、措施和消除时间。"
        )
    band(sheet, 6 + len(counts), 1, 3, note, "说明", text_height(note, sum(_WIDTHS), size=10.5))
    lay_out(sheet, landscape=False, title_rows=None, footer=("内部资料，注意保管", paper.office))
    protect(sheet)
    _list(workbook, paper, "核对清单", _FINDINGS, findings, "本月没有发现需要核对的登记信息。")
    _list(workbook, paper, "登记变动线索", _CHANGES, changes, "本月没有部门数据或核查结果提示的登记变动。")
    save(workbook, path, when=paper.prepared_on, title=paper.title, creator=paper.office)


def _list(
    workbook: Workbook, paper: RegistryPaper, name: str, columns: tuple[Column, ...], rows: pd.DataFrame, nothing: str
) -> None:
    sheet: Worksheet = workbook.create_sheet(name)
    shown = [column for column in columns if column.source != "township" or paper.township is None]
    last = len(shown)
    set_widths(sheet, [column.width for column in shown])
    band(sheet, 1, 1, last, f"{paper.title}·{name}", "标题", 34)
    for number, column in enumerate(shown, start=1):
        put(sheet, 2, number, column.header, "填写栏目" if column in _FILL_IN else "栏目")
    sheet.row_dimensions[2].height = 24
    if rows.empty:
        band(sheet, 3, 1, last, nothing, "空表", 48)
    else:
        filled = rows.reindex(columns=[column.source for column in shown])
        write_rows(sheet, 2, shown, {c.source: [*column_values(filled[c.source])] for c in shown}, least=22)
        end = 2 + len(rows)
        sheet.auto_filter.ref = f"A2:{get_column_letter(last)}{end}"
        choice = DataValidation("list", formula1=f'"{",".join(CHOICES)}"', allow_blank=True, showErrorMessage=True)
        choice.error, choice.errorTitle = "请从列表中选择", "核实结果"
        choice.add(f"{get_column_letter(last - 1)}3:{get_column_letter(last - 1)}{end}")
        sheet.add_data_validation(choice)
    sheet.freeze_panes = "C3"
    lay_out(sheet, landscape=True, title_rows="2:2", footer=("内部资料，注意保管", paper.office))
    protect(sheet)
