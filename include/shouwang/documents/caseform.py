"""The township's own form (申报排查表): what farmers report and officers find, and risks that are
called removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from shouwang.core.conclusions import MEASURES, RISKS
from shouwang.documents.paper import Book, Column, Paper, note, offer, table, total_width, values_of
from shouwang.documents.saving import Target

CHANNEL, STORY, REMOVED_ON = "线索来源", "情况说明", "风险消除日期"
CHANNELS = {"农户自主申报": "SELF-1", "干部排查": "OFFI-1"}
REPORT = (
    Column(CHANNEL, "channel", 13, "填写选项"),
    Column("乡镇", "township", 10, "填写居中"),
    Column("村", "village", 12, "填写居中"),
    Column("姓名", "name", 10, "填写居中"),
    Column("证件号码（可不填）", "id_number", 21, "填写居中"),
    Column("风险类型", "risk", 12, "填写选项"),
    Column(STORY, "story", 46, "填写文本"),
    Column("申报或排查日期", "on", 13, "填写日期"),
    Column("经办人", "by", 10, "填写居中"),
)
REMOVAL = (
    Column("线索编号", "clue_no", 15, "单行"),
    Column("村", "village", 12, "文本居中"),
    Column("户号", "household_id", 16, "单行"),
    Column("认定日期", "recognised_on", 12, "日期"),
    Column("最早可消除", "earliest", 12, "日期"),
    Column("已有帮扶措施", "measures", 36, "文本"),
    Column(REMOVED_ON, "on", 13, "填写日期"),
    Column("补充措施", "measure", 20, "填写选项"),
    Column("经办人", "by", 10, "填写居中"),
)
_ROWS = 40
_HOW = (
    "一行一人：农户自己申报的选“农户自主申报”，干部走访发现的选“干部排查”。同名的请填证件号码，没有号码时村名要写全。"
    "填好后按报送核查结果的渠道报回，回执会写明每行的线索编号，或哪里要改。"
)
_REMOVAL_HOW = (
    "认定满 6 个月、有帮扶措施、经评议可以消除风险的户，填写右边三栏报回；没有填日期的行不作处理。"
)


@dataclass(frozen=True, kw_only=True)
class CaseFormPaper(Paper):
    """A township's own form (``receiver``)."""

    @property
    def title(self) -> str:
        """The file's property."""
        return f"{self.receiver}申报排查表"

    @property
    def use(self) -> str:
        """For whom and for what."""
        return f"供{self.receiver}报送使用，不得公示转发"


def write_case_form(path: Target, paper: CaseFormPaper, helped: pd.DataFrame) -> None:
    """Write the form; ``helped``: the township's cases being helped, with the columns of `REMOVAL`
    that are known."""
    book = Book(paper)
    empty = pd.DataFrame({"township": pd.Series([paper.receiver] * _ROWS, dtype="str")})
    for name, how, columns, rows in (
        ("申报排查", _HOW, REPORT, empty),
        ("风险消除", _REMOVAL_HOW, REMOVAL, helped),
    ):
        sheet = book.list(name, columns, f"{paper.receiver}{name}表")
        head = note(sheet, 2, total_width(columns), how, "汇总")
        foot = table(
            sheet, head, columns, values_of(columns, rows), nothing="目前没有正在帮扶的户。"
        )
        for number, column in enumerate(columns, start=1):
            if column.source in _OFFERED:
                offer(
                    sheet,
                    number,
                    head + 1,
                    foot,
                    [*_OFFERED[column.source]],
                    column.header,
                    only=False,
                )
        sheet.protection.sheet = False  # rows may be added
    book.save(path)


_OFFERED: Mapping[str, Iterable[str]] = {"channel": CHANNELS, "risk": RISKS, "measure": MEASURES}
