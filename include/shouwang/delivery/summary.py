"""The county's summary of a month (月度汇总): counts by township, level, risk and rule; the departments' state."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.delivery.frames import LEVELS, require_columns
from shouwang.delivery.looks import Value, band, lay_out, new_workbook, protect, put, set_widths, text_height
from shouwang.delivery.saving import save
from shouwang.delivery.table import write_rows
from shouwang.delivery.text import column_values
from shouwang.delivery.township import LIST_COLUMNS, list_values
from shouwang.month import Month

WARNING_COLUMNS = ("township", "level", "category", "risks", "rules", "state")
"""One row a household with a signal; ``state`` is new, repeated or supplement."""

DEPARTMENT_COLUMNS = (
    "department",
    "dataset",
    "state",
    "version",
    "rows",
    "accepted",
    "rejected",
    "duplicate",
    "matched",
    "review",
    "unmatched",
)
"""One row a dataset that was due: names and state (已接收, 整份退回, 未报送 …) in Chinese, null where there is none."""

_STATES = {"new": "新增", "supplement": "补充", "repeated": "重复"}
_WIDTHS = (26, 11, 11, 11, 11, 11, 11, 11)
_LAST = len(_WIDTHS)
_DEPARTMENT_HEADERS = ("部门", "数据", "状态", "版本", "读取", "接收", "退回", "重复", "匹配", "待核实", "未匹配")
_DEPARTMENT_WIDTHS = (16, 18, 14, 8, 11, 11, 11, 11, 11, 11, 11)


@dataclass(frozen=True)
class SummaryPaper:
    """Of what month, made by whom and when, which departments it lacks; ``rule_titles`` words rule codes in Chinese."""

    county: str
    office: str
    month: Month
    version: int
    prepared_on: dt.date
    prepared_by: str
    missing: tuple[str, ...] = ()
    rule_titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The heading of the summary and of the file's properties."""
        return f"{self.county}{self.month.chinese}防返贫风险预警汇总"

    @property
    def footer(self) -> tuple[str, str]:
        """What stands at the foot of each page."""
        return "内部资料，注意保管", f"{self.office}  {self.prepared_on.isoformat()}  第{self.version}版"


def write_summary(
    path: Path,
    summary: SummaryPaper,
    warnings: pd.DataFrame,
    departments: pd.DataFrame,
    lists: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write the summary: 月度汇总, 部门数据 and, for every township of ``lists``, its list of clues without phones.

    ``warnings`` as `WARNING_COLUMNS`, ``departments`` as `DEPARTMENT_COLUMNS`, ``lists`` frames of clues by township.
    """
    require_columns(warnings, WARNING_COLUMNS, "warnings")
    require_columns(departments, DEPARTMENT_COLUMNS, "departments")
    workbook = new_workbook()
    _write_counts(workbook.create_sheet("月度汇总"), summary, warnings)
    _write_departments(workbook.create_sheet("部门数据"), summary, departments)
    for township, clues in (lists or {}).items():
        _write_list(workbook, summary, township, clues)
    save(workbook, path, when=summary.prepared_on, title=summary.title, creator=summary.office)


def _write_counts(sheet: Worksheet, summary: SummaryPaper, warnings: pd.DataFrame) -> None:
    set_widths(sheet, _WIDTHS)
    row = _heading(sheet, summary, _LAST, sum(_WIDTHS), summary.title)
    states = pd.crosstab(warnings["township"], warnings["state"]).reindex(columns=list(_STATES), fill_value=0)
    by_township = _by_level(warnings["township"], warnings["level"]).join(states.rename(columns=_STATES))
    titles = {code: f"{code} {title}" for code, title in summary.rule_titles.items()}
    rules, risks = _exploded(warnings, "rules", " "), _exploded(warnings, "risks", "、")
    by_risk = _by_level(risks["risks"], risks["level"])
    row = _count_table(sheet, row, "各乡镇预警户数", "乡镇", by_township, total=True)
    row = _count_table(sheet, row, "风险类型（户；一户可有多种）", "风险类型", by_risk)
    by_rule = _by_level(rules["rules"], rules["level"]).rename(index=titles)
    row = _count_table(sheet, row, "触发规则（户；一户可触发多条）", "规则", by_rule)
    by_category = _by_level(warnings["category"].fillna("（未建议）"), warnings["level"])
    _count_table(sheet, row, "建议类别（户）", "建议类别", by_category, total=True)
    lay_out(sheet, landscape=False, title_rows=None, footer=summary.footer)
    protect(sheet)


def _heading(sheet: Worksheet, summary: SummaryPaper, last: int, width: float, title: str) -> int:
    """Title, facts and missing departments; the row number that follows."""
    band(sheet, 1, 1, last, title, "标题", 34)
    made = f"编制日期：{summary.prepared_on.isoformat()}（第{summary.version}版，{summary.prepared_by}）"
    band(sheet, 2, 1, last, f"编制单位：{summary.office}　　{made}", "副标题", 20)
    if not summary.missing:
        return 4
    text = f"注意：{'、'.join(summary.missing)}本月数据尚未报送，以下数字不含其线索。"
    band(sheet, 3, 1, last, text, "缺报提示", text_height(text, width, 20, 11))
    return 5


def _exploded(warnings: pd.DataFrame, column: str, separator: str) -> pd.DataFrame:
    """One row for each value of a column that holds several."""
    split = warnings[[column, "level"]].assign(**{column: warnings[column].str.split(separator, regex=False)})
    return split.explode(column).dropna(subset=[column]).astype({column: "str"})


def _by_level(groups: pd.Series, levels: pd.Series) -> pd.DataFrame:
    """Households of each group by level, and together."""
    table = pd.crosstab(groups, levels).reindex(columns=list(LEVELS), fill_value=0).rename(columns=LEVELS)
    return table.assign(合计=table.sum(axis="columns")).sort_index()


def _count_table(sheet: Worksheet, row: int, title: str, group: str, counts: pd.DataFrame, total: bool = False) -> int:
    """A table of counts, a total below it if the groups do not overlap; the row after it is returned."""
    band(sheet, row, 1, _LAST, title, "说明小节", 24)
    row += 1
    for column, header in enumerate((group, *counts.columns), start=1):
        put(sheet, row, column, header, "栏目")
    sheet.row_dimensions[row].height = 22
    figures_of: list[list[int]] = counts.to_numpy().tolist()
    lines = list(zip(counts.index.astype("str"), figures_of, strict=True))
    if total:
        lines.append(("合计", counts.sum().tolist()))
    for name, figures in lines:
        row += 1
        is_total = total and name == "合计"
        put(sheet, row, 1, name, "合计" if is_total else "文本")
        for column, figure in enumerate(figures, start=2):
            put(sheet, row, column, int(figure), "合计" if is_total else "整数")
        sheet.row_dimensions[row].height = text_height(name, _WIDTHS[0], 20)
    return row + 2


def _write_departments(sheet: Worksheet, summary: SummaryPaper, departments: pd.DataFrame) -> None:
    last = len(_DEPARTMENT_HEADERS)
    set_widths(sheet, _DEPARTMENT_WIDTHS)
    row = _heading(
        sheet, summary, last, sum(_DEPARTMENT_WIDTHS), f"{summary.county}{summary.month.chinese}部门数据情况"
    )
    for column, header in enumerate(_DEPARTMENT_HEADERS, start=1):
        put(sheet, row, column, header, "栏目")
    sheet.row_dimensions[row].height = 24
    columns: list[list[Value]] = [[*column_values(departments[name])] for name in DEPARTMENT_COLUMNS]
    for place, line in enumerate(zip(*columns, strict=True), start=row + 1):
        for column, value in enumerate(line, start=1):
            late = column == 3 and value in ("未报送", "整份退回")
            style = "告警居中" if late else "文本居中" if column <= 3 else "整数"
            put(sheet, place, column, value, style)
        sheet.row_dimensions[place].height = 22
    note = "读取 = 接收 + 退回 + 重复；接收 = 匹配 + 待核实 + 未匹配。"
    band(sheet, row + len(departments) + 2, 1, last, note, "说明", 20)
    lay_out(sheet, landscape=True, title_rows=f"{row}:{row}", footer=summary.footer)
    protect(sheet)


def _write_list(workbook: Workbook, summary: SummaryPaper, township: str, clues: pd.DataFrame) -> None:
    """One township's clues as it was given them, without phones and without columns to fill in."""
    sheet = workbook.create_sheet(re.sub(r"[\\/*?:\[\]']", "", township)[:31])
    columns = [column for column in LIST_COLUMNS if column.source != "phone"]
    last = len(columns)
    set_widths(sheet, [column.width for column in columns])
    band(sheet, 1, 1, last, f"{summary.county}{township}{summary.month.chinese}防返贫风险预警名单", "标题", 34)
    for number, column in enumerate(columns, start=1):
        put(sheet, 2, number, column.header, "栏目")
    sheet.row_dimensions[2].height = 32
    if clues.empty:
        band(sheet, 3, 1, last, "本月没有需要核查的风险线索。", "空表", 40)
    else:
        write_rows(sheet, 2, columns, list_values(clues), least=24)
        sheet.auto_filter.ref = f"A2:{get_column_letter(last)}{2 + len(clues)}"
    sheet.freeze_panes = "E3"
    lay_out(sheet, landscape=True, title_rows="2:2", footer=summary.footer)
    protect(sheet)
