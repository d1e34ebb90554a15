"""The notice copy (公示版): what a village may hang up. Names starred; no numbers, phones, health,
amounts, reasons."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shouwang.documents.frames import CLUE_COLUMNS, require_columns
from shouwang.documents.looks import band
from shouwang.documents.paper import Book, Column, note, table, total_width, values_of
from shouwang.documents.saving import Target
from shouwang.documents.text import starred
from shouwang.documents.township import ReleasePaper

COLUMNS = (
    Column("序号", "place", 8, "整数"),
    Column("村", "village", 24, "文本居中"),
    Column("组", "village_group", 14, "文本居中"),
    Column("户主", "head", 18, "文本居中"),
    Column("家庭人口", "members", 12, "整数"),
    Column("备注", "remark", 22, "文本"),
)
_WIDTH = total_width(COLUMNS)
_TEXT = (
    "　　根据防止返贫致贫动态监测和帮扶工作要求，经数据比对，拟对下列农户入户核查，现予公示。列入本表只表示需要核查，"
    "不表示已认定为监测对象；是否纳入，以入户核查、民主评议和县级审定为准。公示期间如有异议，请向村民委员会或乡镇反映。"
)
_BLANKS = "公示时间：　　　　年　　月　　日至　　　　年　　月　　日　　　　监督电话：＿＿＿＿＿＿＿＿＿＿＿＿"


@dataclass(frozen=True, kw_only=True)
class NoticePaper(ReleasePaper):
    """The same list for everybody's eyes."""

    @property
    def title(self) -> str:
        """The heading."""
        return f"{self.county}{self.receiver}{self.month.chinese}防返贫监测拟核查农户公示"

    @property
    def mark(self) -> str:
        """None: it hangs on a wall."""
        return ""

    @property
    def use(self) -> str:
        """What was done to the names."""
        return "公示版：姓名已作处理"


def write_notice(path: Target, paper: NoticePaper, clues: pd.DataFrame) -> None:
    """Write the notice of a township's list, by village and group."""
    require_columns(clues, CLUE_COLUMNS, "clues")
    book = Book(paper)
    sheet = book.list("公示", COLUMNS, paper.title, landscape=False)
    head = note(sheet, note(sheet, 2, _WIDTH, _TEXT), _WIDTH, _BLANKS)
    turn = clues["village_group"].str.extract(r"(\d+)", expand=False).astype("float64")
    by = ["village", "turn", "village_group", "clue_no"]
    shown = clues.assign(turn=turn, remark=None).sort_values(by, kind="stable", na_position="last")
    shown["place"] = range(1, len(shown) + 1)
    values = values_of(COLUMNS, shown)
    values["head"] = [starred(str(name)) if name else None for name in values["head"]]
    foot = table(
        sheet, head, COLUMNS, values, least=24, heading=26, nothing="本期没有需要公示的农户。"
    )
    sheet.auto_filter.ref = None
    signed = f"{paper.receiver}人民政府（盖章）　　　　{paper.day.year}年{paper.day.month}月{paper.day.day}日"
    band(sheet, foot + 1, 1, len(COLUMNS), signed, "落款", 48)
    book.save(path)
