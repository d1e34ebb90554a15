"""The township's workbook (预警名单): one row a household to visit, with what to fill in beside it.

`write_township_workbook` makes it, `read_back` (in `returned`) reads what the township filled in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.delivery.conclusions import BY_CODE
from shouwang.delivery.details import write_details
from shouwang.delivery.fillin import FILL_IN, add_choices, guard_answers
from shouwang.delivery.frames import CLUE_COLUMNS, DETAIL_COLUMNS, LEVELS, require_columns
from shouwang.delivery.guide import write_guide
from shouwang.delivery.looks import (
    HEI,
    SONG,
    Value,
    band,
    lay_out,
    new_workbook,
    protect,
    put,
    set_widths,
    text_height,
)
from shouwang.delivery.manifest import Manifest, check_code, write_manifest
from shouwang.delivery.returned import read_back, read_manifest
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values
from shouwang.month import Month

__all__ = ["ReleasePaper", "read_back", "read_manifest", "write_township_workbook"]

LIST, DETAILS = "预警名单", "线索明细"


@dataclass(frozen=True)
class ReleasePaper:
    """For whom a list is, of what month, who released it and when, and which departments it lacks.

    ``missing`` holds the Chinese names of departments that have not delivered; ``department_names`` turns the
    department codes of the details into Chinese (a code that it lacks is printed as it is).
    """

    county: str
    office: str
    township: str
    month: Month
    version: int
    kind: Literal["名单", "补充名单"]
    prepared_on: dt.date
    prepared_by: str
    due: dt.date
    released_at: dt.datetime
    missing: tuple[str, ...] = ()
    department_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The heading of the list and of the file's properties."""
        return f"{self.county}{self.township}{self.month.chinese}防返贫风险预警{self.kind}"

    @property
    def mark(self) -> str:
        """What stands at the head of each page, so that a copy tells where it came from: for whom, from whom, when."""
        return f"{self.township}专用　发布人 {self.prepared_by}　{self.released_at:%Y-%m-%d %H:%M}"

    @property
    def footer(self) -> tuple[str, str]:
        """What stands at the foot of each page: for whom and for what, from whom and when."""
        return (
            f"供{self.township}入户核查使用，不得公示转发",
            f"{self.office}  {self.prepared_on.isoformat()}  第{self.version}版",
        )


LIST_COLUMNS = (
    Column("线索编号", "clue_no", 11, "文本居中"),
    Column("村", "village", 8, "文本居中"),
    Column("组", "village_group", 5, "文本居中"),
    Column("户主", "head", 7.5, "姓名"),
    Column("家庭人口", "members", 4.5, "整数"),
    Column("涉及成员", "involved", 8.2, "文本居中"),
    Column("联系电话", "phone", 12, "单行"),
    Column("户类型", "household_type", 8, "文本居中"),
    Column("预警等级", "level", 5.5, "文本居中"),
    Column("风险类型", "risks", 5.5, "文本居中"),
    Column("预警原因", "reasons", 38, "文本"),
    Column("建议类别", "category", 8, "文本居中"),
    Column("建议措施", "measures", 26, "文本"),
    Column("核查截止日期", "due", 7.5, "截止"),
    Column("上次核查结论", "last_conclusion", 8.5, "文本居中"),
)
_WIDTH = sum(column.width for column in LIST_COLUMNS) + sum(column.width for column in FILL_IN)
_SIGNATURES = "乡镇负责人（签字）：{0}审核人：{0}填报日期：{0}（盖章）".format("　" * 12)
_NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩"


def write_township_workbook(path: Path, release: ReleasePaper, clues: pd.DataFrame, details: pd.DataFrame) -> None:
    """Write the workbook of one township and month: 预警名单, 线索明细, 填写说明 and two hidden sheets.

    ``clues`` (`CLUE_COLUMNS`) in the order in which they are printed, ``details`` (`DETAIL_COLUMNS`) of the same clues.
    """
    require_columns(clues, CLUE_COLUMNS, "clues")
    require_columns(details, DETAIL_COLUMNS, "details")
    workbook = new_workbook()
    values = list_values(clues)
    _write_list(workbook.create_sheet(LIST), release, clues, values)
    write_details(workbook.create_sheet(DETAILS), clues, details, release.department_names, release.title)
    lay_out(workbook[DETAILS], landscape=True, title_rows="3:3", footer=release.footer, mark=release.mark)
    write_guide(workbook, release.due, release.footer, release.mark)
    add_choices(workbook)
    write_manifest(workbook, _manifest(release, values))
    save(workbook, path, when=release.prepared_on, title=release.title, creator=release.office)


def list_values(clues: pd.DataFrame) -> dict[str, list[Value]]:
    """The cell values of the list, a list a column, under the clues' column names."""
    values: dict[str, list[Value]] = {column.source: [*column_values(clues[column.source])] for column in LIST_COLUMNS}
    values["clue_no"] = [*clues["clue_no"].astype("str")]
    values["phone"] = [*clues["phone"].astype("object").where(clues["phone"].notna(), None)]
    values["level"] = [LEVELS.get(str(level), level) for level in values["level"]]
    values["reasons"] = [_numbered(str(reasons or "")) for reasons in values["reasons"]]
    values["measures"] = [measures and str(measures).replace("；", "\n") for measures in values["measures"]]
    values["last_conclusion"] = [
        BY_CODE[str(last)].choice if str(last) in BY_CODE else last for last in values["last_conclusion"]
    ]
    return values


def _numbered(reasons: str) -> str:
    """Sentences, one a line, numbered where there are several."""
    sentences = [line.strip() for line in reasons.split("\n") if line.strip()]
    if len(sentences) < 2:
        return "".join(sentences)
    return "\n".join(
        (_NUMBERS[place] if place < len(_NUMBERS) else "·") + sentence for place, sentence in enumerate(sentences)
    )


def _manifest(release: ReleasePaper, values: Mapping[str, Sequence[Value]]) -> Manifest:
    shown = zip(values["clue_no"], values["village"], values["head"], strict=True)
    return Manifest(
        county=release.county,
        township=release.township,
        month=release.month,
        version=release.version,
        kind=release.kind,
        prepared_on=release.prepared_on,
        checks={
            str(number): check_code(str(number), str(village or ""), str(head or "")) for number, village, head in shown
        },
    )


def _write_list(
    sheet: Worksheet, release: ReleasePaper, clues: pd.DataFrame, values: Mapping[str, Sequence[Value]]
) -> None:
    set_widths(sheet, [column.width for column in (*LIST_COLUMNS, *FILL_IN)])
    known, last = len(LIST_COLUMNS), len(LIST_COLUMNS) + len(FILL_IN)
    head = _write_heading(sheet, release, clues, last)
    band(sheet, head - 1, 1, known, "风险线索（请勿改动）", "栏目", 18)
    band(sheet, head - 1, known + 1, last, "核查情况（由乡镇填写）", "填写栏目")
    for number, column in enumerate(LIST_COLUMNS, start=1):
        put(sheet, head, number, column.header, "栏目")
    for number, answer in enumerate(FILL_IN, start=known + 1):
        put(sheet, head, number, answer.header, "填写栏目")
    sheet.row_dimensions[head].height = 32
    foot = head + len(clues)
    if clues.empty:
        foot = head + 1
        put(sheet, foot, 1, None, "空表")
        band(sheet, foot, 2, last, "本期没有需要核查的风险线索，本表无需填写。", "空表", 48)
    else:
        write_rows(sheet, head, LIST_COLUMNS, values, least=45)
        for row in range(head + 1, foot + 1):
            for number, answer in enumerate(FILL_IN, start=known + 1):
                put(sheet, row, number, None, answer.style)
        guard_answers(sheet, known + 1, head + 1, foot, release.prepared_on)
        sheet.auto_filter.ref = f"A{head}:{get_column_letter(last)}{foot}"
        band(
            sheet,
            foot + 1,
            2,
            last,
            _SIGNATURES,
            "副标题",
            40,
        )
        foot += 1
    sheet.freeze_panes = f"E{head + 1}"
    sheet.print_area = f"A1:{get_column_letter(last)}{foot}"
    lay_out(sheet, landscape=True, title_rows=f"{head - 1}:{head}", footer=release.footer, mark=release.mark)
    protect(sheet)


def _write_heading(sheet: Worksheet, release: ReleasePaper, clues: pd.DataFrame, last: int) -> int:
    """Title, facts, missing departments and the villages; the row number of the column headings that follow."""
    band(sheet, 1, 1, last, release.title, "标题", 34)
    counts = clues["level"].value_counts()
    levels = "，".join(f"{LEVELS[level]} {counts.get(level, 0)} 户" for level in LEVELS)
    facts = (
        f"编制单位：{release.office}",
        f"编制日期：{release.prepared_on:%Y-%m-%d}（第{release.version}版，发布人 {release.prepared_by}）",
        f"核查截止：{release.due:%Y-%m-%d}",
        f"共 {len(clues)} 户：{levels}" if len(clues) else "共 0 户",
    )
    band(sheet, 2, 1, last, "        ".join(facts), "副标题", 20)
    row = 3
    if release.missing:
        text = f"注意：{'、'.join(release.missing)}本月数据尚未报送，本名单不含相应线索；补齐后如有变化，另发补充名单。"
        band(sheet, row, 1, last, text, "缺报提示", text_height(text, _WIDTH, 20, 11))
        row += 1
    if len(clues):
        villages = _villages(clues)
        band(sheet, row, 1, last, villages, "汇总", text_height(str(villages), _WIDTH, 20) + 3)
        row += 1
    return row + 1


def _villages(clues: pd.DataFrame) -> CellRichText:
    """各村户数: every village with its households by level, the most first."""
    table = pd.crosstab(clues["village"].fillna("（未填村）"), clues["level"]).reindex(
        columns=list(LEVELS), fill_value=0
    )
    table = table.assign(total=table.sum(axis="columns")).sort_index()
    table = table.sort_values("total", ascending=False, kind="stable")
    bold = InlineFont(rFont=HEI, b=True, sz=10, charset=134)
    light = InlineFont(rFont=SONG, sz=10, charset=134)
    parts = [TextBlock(bold, "各村户数　")]
    for village, counts in table.to_dict("index").items():
        levels = "·".join(f"{level}{counts[level]}" for level in LEVELS if counts[level])
        parts += [TextBlock(bold, f"{village} {counts['total']}"), TextBlock(light, f"（{levels}）　")]
    return CellRichText(*parts)
