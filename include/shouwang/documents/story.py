"""A household's story (户情) on one page: who they are, what was found, what was done, for an
officer who visits them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl.worksheet.worksheet import Worksheet

from shouwang.documents.looks import band, put, text_height
from shouwang.documents.paper import Book, Paper
from shouwang.documents.saving import Target
from shouwang.documents.text import plain

_WIDTHS = (13, 13, 13, 13, 13, 13, 13)
_LAST, _WIDTH = len(_WIDTHS), sum(_WIDTHS)
_PAGE = 22
"""Lines that fit beside the members; what is older is counted, not shown."""

Rows = Sequence[Sequence[object]]


@dataclass(frozen=True, kw_only=True)
class Story(Paper):
    """What the page says. ``facts``: pairs of a heading and a value; ``members``: name, relation,
    sex, birth year, labour; ``signals``: month, rule, sentence, source; ``events``: day, state,
    what happened, by whom; the newest first.
    """

    household: str
    facts: Sequence[tuple[str, object]]
    members: Rows
    signals: Rows
    events: Rows
    next_step: str

    @property
    def title(self) -> str:
        """The heading."""
        return f"{self.county}防返贫监测户情"

    @property
    def use(self) -> str:
        """For what."""
        return "供入户核查使用，不得公示转发"


def write_story(path: Target, story: Story) -> None:
    """Write the page."""
    book = Book(story)
    sheet, row = (
        book.sheet("户情", _WIDTHS, f"{story.title}（{plain(story.household)}）", landscape=False),
        2,
    )
    for place in range(0, len(story.facts), 3):
        for number, (heading, value) in enumerate(story.facts[place : place + 3]):
            first = 1 + number * 2
            put(sheet, row, first, heading, "栏目")
            band(
                sheet, row, first + 1, first + 2 if number == 2 else first + 1, plain(value), "单行"
            )
        sheet.row_dimensions[row].height = 24
        row += 1
    spare = _PAGE - len(story.members)
    signals, events = (
        story.signals[: spare // 2],
        story.events[: spare - min(len(story.signals), spare // 2)],
    )
    row = _table(
        sheet,
        row,
        "家庭成员",
        (("姓名", 1), ("与户主关系", 1), ("性别", 1), ("出生年份", 1), ("劳动能力", 3)),
        story.members,
        len(story.members),
    )
    row = _table(
        sheet,
        row,
        "风险线索",
        (("批次", 1), ("规则", 1), ("内容", 4), ("来源", 1)),
        signals,
        len(story.signals),
    )
    row = _table(
        sheet,
        row,
        "核查与帮扶经过",
        (("时间", 1), ("状态", 1), ("内容", 4), ("经办", 1)),
        events,
        len(story.events),
    )
    band(sheet, row, 1, _LAST, f"下一步：{plain(story.next_step)}", "说明", 26)
    row += 1
    band(sheet, row, 1, _LAST, "本次走访记录", "说明小节", 30)
    band(sheet, row + 1, 1, _LAST, None, "文本", 150)
    band(
        sheet,
        row + 2,
        1,
        _LAST,
        "走访人（签字）：　　　　　　　　农户（签字）：　　　　　　　　　　　年　　月　　日",
        "落款",
        40,
    )
    sheet.page_setup.fitToHeight = 1
    book.save(path)


def _table(
    sheet: Worksheet,
    row: int,
    title: str,
    headings: Sequence[tuple[str, int]],
    rows: Rows,
    all_: int,
) -> int:
    """A titled table whose columns span some of the page's; the row below it."""
    more = f"（另有较早的 {all_ - len(rows)} 条未列）" if all_ > len(rows) else ""
    band(sheet, row, 1, _LAST, f"{title}{more}", "说明小节", 30)
    lines: list[tuple[list[object], str]] = [
        ([name for name, _ in headings], "栏目"),
        *((list(line), "文本居中") for line in rows),
    ]
    if not rows:
        lines.append(([None] * len(headings), "文本居中"))
    for cells, style in lines:
        row, first, height = row + 1, 1, 22.0
        for (_, span), cell in zip(headings, cells, strict=True):
            value = plain(cell)
            look = "文本" if span == 4 and style != "栏目" else style
            band(sheet, row, first, first + span - 1, value, look)
            height = max(height, text_height(str(value or ""), span * 13, 22))
            first += span
        sheet.row_dimensions[row].height = height
    return row + 1
