"""The township's own form (申报排查表): what farmers report and officers find, and risks that are
called removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from shouwang.documents.answers import clue_of, day_of
from shouwang.documents.conclusions import MEASURES, RISKS
from shouwang.documents.opened import Form, Rows, cell_text, filled_rows, forms_of
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


def read_reports(sheets: Mapping[str, Rows]) -> pd.DataFrame:
    """What was reported: columns of `REPORT` as text (``on`` a day), ``sheet, row, problem``; empty
    lines left out."""
    return _read(forms_of(sheets, CHANNEL, STORY), REPORT, ("name", "id_number", "story"))


def read_removals(sheets: Mapping[str, Rows]) -> pd.DataFrame:
    """Risks that are called removed: ``clue_no, on, measure, by, sheet, row, problem``; rows
    without a day left out."""
    return _read(forms_of(sheets, "线索编号", REMOVED_ON), REMOVAL, ("on",))


def _read(forms: Sequence[Form], columns: Sequence[Column], told_by: Sequence[str]) -> pd.DataFrame:
    rows = [row for form in forms for row in _rows(form, columns, told_by)]
    return pd.DataFrame(
        rows, columns=[*(column.source for column in columns), "sheet", "row", "problem"]
    )


def _rows(
    form: Form, columns: Sequence[Column], told_by: Sequence[str]
) -> Iterator[dict[str, object]]:
    headers = {column.source: column.header.split("（")[0] for column in columns}

    def is_empty(row: Sequence[object]) -> bool:
        return not any(form.texts(row, *(headers[name] for name in told_by)))

    for number, row in filled_rows(form, is_empty):
        said: dict[str, object] = {
            name: cell_text(form.cell(row, header)) or None for name, header in headers.items()
        }
        day, needed = (
            day_of(form.cell(row, headers["on"])),
            [name for name in _NEEDED if name in said],
        )
        problems = [f"缺{headers[name]}" for name in needed if said[name] is None]
        if said["on"] is not None and day is None:
            problems.append(f"{headers['on']}无法识别，应写成 2026-10-15 的样子")
        if "channel" in said and said["channel"] not in (None, *CHANNELS):
            problems.append(f"{CHANNEL}应为{'或'.join(CHANNELS)}")
        if "risk" in said and said["risk"] not in (None, *RISKS):
            problems.append(f"风险类型应为{'、'.join(RISKS)}之一")
        if "clue_no" in said:
            said["clue_no"] = clue_of(said["clue_no"] or "") or None
        yield said | {
            "on": day,
            "sheet": form.sheet,
            "row": number,
            "problem": "；".join(problems) or None,
        }


_NEEDED = ("channel", "name", "risk", "story", "on", "by", "clue_no")
