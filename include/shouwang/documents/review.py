"""The review workbook (有待核实名单): what could not be decided, the candidates side by side, a
choice to make."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.documents.paper import Book, Column, Paper, note, offer, table, total_width, values_of
from shouwang.documents.saving import Target

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
    Column(CHOICE, "choice", 9, "填写选项"),
    Column(REMARK, "remark", 10, "填写文本"),
)
_HOW = (
    "请逐行核对来文与候选人员，在“认定结果”中选择候选1、候选2、候选3或“都不是”；暂时不能确定的留空。"
    "认定后，以后各月同样写法的来文按此认定；登记信息变化后自动重新提请核实。√ 表示相符，× 表示不符。"
)


@dataclass(frozen=True, kw_only=True)
class ReviewPaper(Paper):
    """Of which month, and (``township``) of which township if it is not the whole county's."""

    month: Month
    township: str | None = None

    @property
    def title(self) -> str:
        """The heading of the list and of the file's properties."""
        return f"{self.county}{self.township or ''}{self.month.chinese}数据比对有待核实名单"

    @property
    def use(self) -> str:
        """For whom and for what."""
        return "供核实数据使用，不得公示转发"


def write_review(path: Target, paper: ReviewPaper, reviews: pd.DataFrame) -> None:
    """Write the list; ``reviews`` has a column for each source of `COLUMNS` that is not filled in,
    one row a written identity."""
    book = Book(paper)
    sheet = book.list(REVIEW, COLUMNS, paper.title, paper.line(f"共 {len(reviews)} 条"))
    head = note(sheet, 3, total_width(COLUMNS), _HOW, "汇总")
    foot = table(
        sheet,
        head,
        COLUMNS,
        values_of(COLUMNS, reviews),
        least=30,
        freeze="D",
        nothing="本月没有有待核实的数据。",
    )
    if len(reviews):
        offer(sheet, len(COLUMNS) - 1, head + 1, foot, CHOICES, CHOICE)
    book.save(path)
