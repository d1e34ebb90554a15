"""What a township is told about a workbook that it sent back (报回回执): what was taken, and what is to be put right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shouwang.delivery.looks import band, lay_out, new_workbook, protect, put, set_widths, text_height
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values

COLUMNS = (
    Column("工作表", "sheet", 18, "文本居中"),
    Column("行号", "row", 9, "整数"),
    Column("问题", "problem", 68, "文本"),
)
_WIDTH = sum(column.width for column in COLUMNS)


@dataclass(frozen=True)
class AnswerPaper:
    """To whom, about which file, read when; ``counts`` as `load_feedback` gives them, or why nothing could be read."""

    county: str
    office: str
    township: str
    file: str
    read_on: dt.date
    taken: int = 0
    known_already: int = 0
    blank: int = 0
    refusal: str | None = None


def write_answer(path: Path, paper: AnswerPaper, problems: Sequence[Mapping[str, Any]]) -> None:
    """Write the answer: a page, and a line for each row that could not be taken."""
    import pandas as pd

    workbook = new_workbook()
    sheet = workbook.create_sheet("回执")
    set_widths(sheet, [column.width for column in COLUMNS])
    last, title = len(COLUMNS), f"{paper.county}{paper.township}核查结果报回回执"
    band(sheet, 1, 1, last, title, "标题", 34)
    facts = f"{paper.office}　　{paper.read_on.isoformat()}　　报回文件：{paper.file}"
    band(sheet, 2, 1, last, facts, "副标题", text_height(facts, _WIDTH, 22, 11))
    if paper.refusal:
        said, style = f"未收取：{paper.refusal}", "缺报提示"
    else:
        said = (
            f"收取 {paper.taken} 户，以前已收取 {paper.known_already} 户，未填写 {paper.blank} 户，"
            f"需要更正 {len(problems)} 行。{'请更正下列各行后再报，其余各行不必重报。' if problems else ''}"
        )
        style = "说明"
    band(sheet, 3, 1, last, said, style, text_height(said, _WIDTH, 26, 11))
    if problems:
        for number, column in enumerate(COLUMNS, start=1):
            put(sheet, 4, number, column.header, "栏目")
        rows = pd.DataFrame(problems)
        write_rows(sheet, 4, COLUMNS, {c.source: [*column_values(rows[c.source])] for c in COLUMNS}, least=22)
    footer = (f"供{paper.township}更正使用", f"{paper.office}  {paper.read_on.isoformat()}")
    lay_out(sheet, landscape=False, title_rows="4:4" if problems else None, footer=footer)
    protect(sheet)
    save(workbook, path, when=paper.read_on, title=title, creator=paper.office)
