"""The registry's monthly list (农户信息核对清单): findings to settle, and corrections that others'
data suggest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.documents.paper import Book, Column, Paper, counted, note, offer, table, values_of
from shouwang.documents.saving import Target

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


@dataclass(frozen=True, kw_only=True)
class RegistryPaper(Paper):
    """For which month; ``township`` null for the county; ``unknown`` households without dates."""

    month: Month
    township: str | None
    unknown: int

    @property
    def title(self) -> str:
        """The heading, and the file's property."""
        return f"{self.county}{self.township or ''}{self.month.chinese}农户信息核对清单"


def write_registry_list(
    path: Target,
    paper: RegistryPaper,
    counts: Sequence[tuple[str, int, int]],
    findings: pd.DataFrame,
    changes: pd.DataFrame,
) -> None:
    """Write the workbook.

    ``counts``: title, findings and households of each check. ``findings``: township … remedy and
    ``title``; ``changes``: township, village, household_id, head, name, change, source, said,
    remedy.
    """
    book = Book(paper)
    sheet = book.sheet("汇总", _WIDTHS, paper.title, paper.line(), landscape=False)
    row = counted(sheet, 4, _WIDTHS, ("核对事项", "条数", "户数"), counts)
    text = "本清单只提出疑点，不改动登记簿；请逐条核实，在登记系统中更正后，于下次导出时一并反映。"
    if paper.unknown:
        text += (
            f"\n另有 {paper.unknown:,} 户在首次导入登记簿之前已纳入监测，纳入时间和此前的帮扶措施不在本系统，"
            "未核对纳入时间、措施和消除时间。"
        )
    note(sheet, row, _WIDTHS, text)
    _list(book, paper, "核对清单", _FINDINGS, findings, "本月没有发现需要核对的登记信息。")
    _list(
        book, paper, "登记变动线索", _CHANGES, changes, "本月没有部门数据或核查结果提示的登记变动。"
    )
    book.save(path)


def _list(
    book: Book,
    paper: RegistryPaper,
    name: str,
    columns: tuple[Column, ...],
    rows: pd.DataFrame,
    nothing: str,
) -> None:
    shown = [column for column in columns if column.source != "township" or paper.township is None]
    sheet = book.list(name, shown, f"{paper.title}·{name}")
    foot = table(sheet, 2, shown, values_of(shown, rows), freeze="C", nothing=nothing)
    if len(rows):
        offer(sheet, len(shown) - 1, 3, foot, CHOICES, _FILL_IN[0].header)
