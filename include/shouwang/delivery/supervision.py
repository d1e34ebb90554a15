"""The supervision list (督办单): clues that a township has not answered in time, for the county or for one township."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from openpyxl.utils import get_column_letter

from shouwang.delivery.frames import LEVELS, require_columns
from shouwang.delivery.looks import Value, band, lay_out, new_workbook, protect, put, set_widths, text_height
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values

OVERDUE_COLUMNS = ("township", "clue_no", "village", "head", "level", "risks", "due", "days_late")
"""One row a clue without an answer; ``days_late``: since it was due."""

COLUMNS = (
    Column("乡镇", "township", 12, "文本居中"),
    Column("线索编号", "clue_no", 16, "单行"),
    Column("村", "village", 13, "文本居中"),
    Column("户主", "head", 11, "姓名"),
    Column("预警等级", "level", 10, "文本居中"),
    Column("风险类型", "risks", 20, "文本居中"),
    Column("核查截止日期", "due", 14, "日期"),
    Column("逾期天数", "days_late", 10, "整数"),
)
_WIDTH = sum(column.width for column in COLUMNS)


@dataclass(frozen=True)
class SupervisionPaper:
    """By whom and when, to which township (none: the county's own list), after how many days, whom to ask."""

    county: str
    office: str
    prepared_on: dt.date
    overdue_days: int
    township: str | None = None
    contacts: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The heading."""
        return f"{self.county}防返贫风险线索核查督办单"


def write_supervision(path: Path, paper: SupervisionPaper, overdue: pd.DataFrame) -> None:
    """Write the list, the longest overdue and the most urgent first, below a line that says how many each township owes."""
    require_columns(overdue, OVERDUE_COLUMNS, "overdue clues")
    workbook = new_workbook()
    sheet = workbook.create_sheet("督办单")
    set_widths(sheet, [column.width for column in COLUMNS])
    last, when = len(COLUMNS), paper.prepared_on
    band(sheet, 1, 1, last, paper.title, "标题", 34)
    facts = f"编制单位：{paper.office}　　　　编制日期：{when.isoformat()}　　　　共 {len(overdue)} 户"
    band(sheet, 2, 1, last, facts, "副标题", 20)
    counts = Counter(sorted(overdue["township"]))
    asked = {name: f"（{paper.contacts[name]}）" if paper.contacts.get(name) else "" for name in counts}
    owed = "，".join(f"{name} {count} 户{asked[name]}" for name, count in counts.items())
    text = (
        f"{paper.township or '各有关乡镇'}：下列线索发布已满 {paper.overdue_days} 天，仍未收到核查结果（{owed}）。"
        "请立即入户核查，在原名单中填写后报回；已核查未报的，请一并说明原因。"
    )
    band(sheet, 3, 1, last, text, "说明", text_height(text, _WIDTH, 30, 10.5) + 4)
    for number, column in enumerate(COLUMNS, start=1):
        put(sheet, 4, number, column.header, "栏目")
    sheet.row_dimensions[4].height = 24
    rank = overdue["level"].map({level: place for place, level in enumerate(LEVELS)})
    by = ["days_late", "rank", "township", "clue_no"]
    shown = overdue.assign(rank=rank).sort_values(by, ascending=[False, True, True, True], kind="stable")
    values: dict[str, list[Value]] = {c.source: [*column_values(shown[c.source])] for c in COLUMNS}
    values["level"] = [LEVELS.get(str(level), level) for level in values["level"]]
    write_rows(sheet, 4, COLUMNS, values, least=22)
    foot = 4 + len(shown)
    sheet.auto_filter.ref = f"A4:{get_column_letter(last)}{foot}"
    band(sheet, foot + 1, 1, last, f"{paper.office}（盖章）　　　　{when.year}年{when.month}月{when.day}日", "落款", 48)
    sheet.freeze_panes = "A5"
    sheet.print_area = f"A1:{get_column_letter(last)}{foot + 1}"
    footer = ("内部督办使用，不得公示转发", f"{paper.office}  {when.isoformat()}")
    lay_out(sheet, landscape=False, title_rows="4:4", footer=footer)
    protect(sheet)
    save(workbook, path, when=when, title=paper.title, creator=paper.office)
