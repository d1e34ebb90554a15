"""The township's workbook (预警名单): one row a household to visit, with what to fill in beside it.

`write_township_workbook` makes it, `read_back` (in `returned`) reads what the township filled in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from shouwang.core.conclusions import BY_CODE
from shouwang.core.month import Month
from shouwang.documents.details import write_details
from shouwang.documents.fillin import FILL_IN, add_choices, guard_answers
from shouwang.documents.frames import CLUE_COLUMNS, DETAIL_COLUMNS, LEVELS, require_columns
from shouwang.documents.guide import write_guide
from shouwang.documents.looks import HEI, SONG, Value, band, text_height
from shouwang.documents.manifest import Manifest, write_manifest
from shouwang.documents.paper import Book, Column, Paper, note, table, total_width, values_of
from shouwang.documents.saving import Target

LIST = "预警名单"


@dataclass(frozen=True, kw_only=True)
class ReleasePaper(Paper):
    """A township's list: of what month, the how manieth, until when it is answered, which
    departments it lacks.

    ``receiver``: the township; ``missing`` holds the Chinese names of departments that have not
    delivered; ``department_names`` turns the department codes of the details into Chinese (a code
    that it lacks is printed as it is).
    """

    month: Month
    version: int
    kind: Literal["名单", "补充名单"]
    due: dt.date
    missing: tuple[str, ...] = ()
    department_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The heading of the list and of the file's properties."""
        return f"{self.county}{self.receiver}{self.month.chinese}防返贫风险预警{self.kind}"

    @property
    def use(self) -> str:
        """For whom and for what."""
        return f"供{self.receiver}入户核查使用，不得公示转发"

    @property
    def footer(self) -> tuple[str, str]:
        """With the version, by which a paper in the hand is told from its supplement."""
        return self.use, f"{super().footer[1]}  第{self.version}版"


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
    Column("建议措施", "measures", 22, "文本"),
    Column("核查截止日期", "due", 7.5, "截止"),
    Column("上次核查结论", "last_conclusion", 8.5, "文本居中"),
)
_COLUMNS = (*LIST_COLUMNS, *FILL_IN)
_WIDTH, _LAST, _KNOWN = total_width(_COLUMNS), len(_COLUMNS), len(LIST_COLUMNS)
_SIGNATURES = "乡镇负责人（签字）：{0}审核人：{0}填报日期：{0}（盖章）".format("　" * 12)
_NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩"


def write_township_workbook(
    path: Target, release: ReleasePaper, clues: pd.DataFrame, details: pd.DataFrame
) -> None:
    """Write the workbook of one township and month: 预警名单, 线索明细, 填写说明 and two hidden
    sheets.

    ``clues`` (`CLUE_COLUMNS`) in the order in which they are printed, ``details``
    (`DETAIL_COLUMNS`) of the same clues.
    """
    require_columns(clues, CLUE_COLUMNS, "clues")
    require_columns(details, DETAIL_COLUMNS, "details")
    book, values = Book(release), list_values(clues)
    _write_list(book, release, clues, values)
    write_details(book, clues, details, release.department_names)
    write_guide(book, release.due)
    add_choices(book.workbook)
    write_manifest(book.workbook, _manifest(release, clues))
    book.save(path)


def list_values(clues: pd.DataFrame) -> dict[str, list[Value]]:
    """The cell values of the list, a list a column, under the clues' column names."""
    values = values_of(LIST_COLUMNS, clues)
    values["clue_no"] = [*clues["clue_no"].astype("str")]
    values["phone"] = [*clues["phone"].astype("object").where(clues["phone"].notna(), None)]
    values["reasons"] = [_numbered(str(reasons or "")) for reasons in values["reasons"]]
    values["measures"] = [
        measures and str(measures).replace("；", "\n") for measures in values["measures"]
    ]
    values["last_conclusion"] = [
        BY_CODE[str(last)].choice if str(last) in BY_CODE else last
        for last in values["last_conclusion"]
    ]
    return values


def _numbered(reasons: str) -> str:
    """Sentences, one a line, numbered where there are several."""
    sentences = [line.strip() for line in reasons.split("\n") if line.strip()]
    if len(sentences) < 2:
        return "".join(sentences)
    return "\n".join(
        (_NUMBERS[place] if place < len(_NUMBERS) else "·") + sentence
        for place, sentence in enumerate(sentences)
    )


def _manifest(release: ReleasePaper, clues: pd.DataFrame) -> Manifest:
    codes = clues["check_code"] if "check_code" in clues else [""] * len(clues)
    return Manifest(
        county=release.county,
        township=release.receiver,
        month=release.month,
        version=release.version,
        kind=release.kind,
        prepared_on=release.day,
        checks={
            str(number): str(code) for number, code in zip(clues["clue_no"], codes, strict=True)
        },
    )


def _write_list(
    book: Book, release: ReleasePaper, clues: pd.DataFrame, values: Mapping[str, Sequence[Value]]
) -> None:
    """The list: title, facts, missing departments and villages, the table, who signs."""
    counts = clues["level"].value_counts()
    levels = "，".join(f"{LEVELS[level]} {counts.get(level, 0)} 户" for level in LEVELS)
    facts = (
        f"编制单位：{release.office}",
        f"编制日期：{release.day.isoformat()}（第{release.version}版，发布人 {release.made_by}）",
        f"核查截止：{release.due.isoformat()}",
        f"共 {len(clues)} 户：{levels}" if len(clues) else "共 0 户",
    )
    sheet, row = book.list(LIST, _COLUMNS, release.title, "　　　　".join(facts)), 3
    if release.missing:
        text = f"注意：{'、'.join(release.missing)}本月数据尚未报送，本名单不含相应线索；补齐后如有变化，另发补充名单。"
        row = note(sheet, row, _WIDTH, text, "缺报提示")
    if len(clues):
        villages = _villages(clues)
        band(sheet, row, 1, _LAST, villages, "汇总", text_height(str(villages), _WIDTH, 20) + 3)
        row += 1
    band(sheet, row, 1, _KNOWN, "风险线索（请勿改动）", "栏目", 18)
    band(sheet, row, _KNOWN + 1, _LAST, "核查情况（由乡镇填写）", "填写栏目")
    foot = table(
        sheet,
        row + 1,
        _COLUMNS,
        values,
        least=45,
        heading=32,
        freeze="E",
        repeated=row,
        nothing="本期没有需要核查的风险线索，本表无需填写。",
    )
    if len(clues):
        guard_answers(sheet, _KNOWN + 1, row + 2, foot, release.day)
        band(
            sheet, foot + 1, 2, _LAST, _SIGNATURES, "副标题", 40
        )  # the first column holds numbers only


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
        parts += [
            TextBlock(bold, f"{village} {counts['total']}"),
            TextBlock(light, f"（{levels}）　"),
        ]
    return CellRichText(*parts)
