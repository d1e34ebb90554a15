"""The supervision list (督办单): clues that a township has not answered in time, for the county or
for one township."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from shouwang.documents.frames import LEVELS, require_columns
from shouwang.documents.looks import band
from shouwang.documents.paper import Book, Column, Paper, note, table, total_width, values_of
from shouwang.documents.saving import Target

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


@dataclass(frozen=True, kw_only=True)
class SupervisionPaper(Paper):
    """The county's own list or (``township``) one township's; after how many days, whom to ask
    there."""

    overdue_days: int
    township: str | None = None
    contacts: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The heading."""
        return f"{self.county}防返贫风险线索核查督办单"

    @property
    def use(self) -> str:
        """For whom and for what."""
        return "内部督办使用，不得公示转发"


def write_supervision(path: Target, paper: SupervisionPaper, overdue: pd.DataFrame) -> None:
    """Write the list, the longest overdue and the most urgent first, below a line that says how
    many each township owes."""
    require_columns(overdue, OVERDUE_COLUMNS, "overdue clues")
    book = Book(paper)
    sheet = book.list(
        "督办单", COLUMNS, paper.title, paper.line(f"共 {len(overdue)} 户"), landscape=False
    )
    counts = Counter(sorted(overdue["township"]))
    asked = {
        name: f"（{paper.contacts[name]}）" if paper.contacts.get(name) else "" for name in counts
    }
    owed = "，".join(f"{name} {count} 户{asked[name]}" for name, count in counts.items())
    text = (
        f"{paper.township or '各有关乡镇'}：下列线索发布已满 {paper.overdue_days} 天，仍未收到核查结果（{owed}）。"
        "请立即入户核查，在原名单中填写后报回；已核查未报的，请一并说明原因。"
    )
    head = note(sheet, 3, total_width(COLUMNS), text)
    rank = overdue["level"].map({level: place for place, level in enumerate(LEVELS)})
    by = ["days_late", "rank", "township", "clue_no"]
    shown = overdue.assign(rank=rank).sort_values(
        by, ascending=[False, True, True, True], kind="stable"
    )
    foot = table(sheet, head, COLUMNS, values_of(COLUMNS, shown), nothing="没有逾期未核查的线索。")
    signed = f"{paper.office}（盖章）　　　　{paper.day.year}年{paper.day.month}月{paper.day.day}日"
    band(sheet, foot + 1, 1, len(COLUMNS), signed, "落款", 48)
    book.save(path)
