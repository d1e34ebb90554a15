"""What officers do to the workbook of their township, each with what becomes of the answers in it.

What is read from single cells, whatever is written there, and from sheets that were copied, moved
or cut, is tried in tests/documents/test_documents_returned.py; here it goes all the way.

A list has eight households answered (`ANSWERS`, in the list's order); the others are left blank. A
mistreatment changes the workbook and names the places (from 1) whose answers then have to be turned
down (``wrong``) or are gone (``lost``).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

FILL_IN = ("核查结论", "原因说明", "核查日期", "核查人", "人均纯收入", "拟帮扶措施")
VISITED = dt.date(2026, 10, 14)
ANSWERS: tuple[tuple[Any, ...], ...] = (
    ("01 拟纳入监测", "应为突发严重困难户", VISITED, "王某", 8200, None),
    ("02 已是监测对象，补充措施", None, VISITED, "王某", None, "健康帮扶"),
    (
        "04 存在困难但可自行应对，暂不纳入",
        "子女打工可自行应对，下次走访2026年12月5日",
        VISITED,
        "李某",
        12500.5,
        None,
    ),
    ("05 未发现风险", "自付由商业保险赔付", VISITED, "李某", None, None),
    ("05 未发现风险", "自付由商业保险赔付", VISITED, "李某", None, None),
    ("09 户口迁出", "随女儿迁往昆明", VISITED, "王某", None, None),
    ("12 不符合条件（负面情况属实）", "儿子为公职人员", VISITED, "王某", None, None),
    ("13 部门数据有误", "金额多写一位，实际 800 元", VISITED, "王某", None, None),
)
CODES = [str(answer[0])[:2] for answer in ANSWERS]


class Book:
    """A township's workbook in an officer's hands, answered."""

    def __init__(self, path: Path, saved: Path) -> None:
        self.path, self.saved = path, saved
        self.workbook = openpyxl.load_workbook(path)
        self.sheet: Worksheet = self.workbook["预警名单"]
        self.head = next(r for r in range(1, 12) if self.sheet.cell(r, 1).value == "线索编号")
        self.columns = {str(cell.value): cell.column for cell in self.sheet[self.head]}
        self.last = self.head + sum(
            1 for r in range(self.head + 1, self.sheet.max_row + 1) if self.sheet.cell(r, 1).value
        )
        self.numbers = [
            str(self.sheet.cell(self.head + n, 1).value)
            for n in range(1, self.last - self.head + 1)
        ]
        for place, answer in enumerate(ANSWERS[: len(self.numbers)], start=1):
            for header, value in zip(FILL_IN, answer, strict=True):
                self.put(place, header, value)
        for area in list(self.sheet.merged_cells.ranges):
            self.sheet.unmerge_cells(str(area))

    def put(self, place: int, header: str, value: Any) -> None:
        self.sheet.cell(self.head + place, self.columns[header]).value = value

    def get(self, place: int, header: str) -> Any:
        return self.sheet.cell(self.head + place, self.columns[header]).value

    def rows(self) -> list[list[Any]]:
        return [
            [cell.value for cell in row] for row in self.sheet.iter_rows(self.head + 1, self.last)
        ]

    def lay(self, rows: list[list[Any]], head: int | None = None) -> None:
        """Put rows below the headings, over what stands there."""
        for number, row in enumerate(rows, start=(self.head if head is None else head) + 1):
            for column, value in enumerate(row, start=1):
                self.sheet.cell(number, column).value = value

    def save(self) -> Path:
        self.workbook.save(self.saved)
        return self.saved


@dataclass(frozen=True)
class Mistreated:
    """One mistreatment: what is done, and the places that are turned down or gone; ``refused``: the
    whole file is."""

    do: Callable[[Book], Path | None]
    wrong: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()
    refused: bool = False
    secret: str | None = field(default=None)


MISTREATED: dict[str, Mistreated] = {}


def mistreats(
    **what: Any,
) -> Callable[[Callable[[Book], Path | None]], Callable[[Book], Path | None]]:
    def add(do: Callable[[Book], Path | None]) -> Callable[[Book], Path | None]:
        MISTREATED[do.__name__] = Mistreated(do, **what)
        return do

    return add


def cells(**changes: tuple[tuple[int, str, Any], ...]) -> None:
    """Mistreatments that are only other words in single cells: ``name=((place, heading, value),
    …)``."""
    for name, puts in changes.items():
        wrong = tuple(sorted({place for place, _, _ in puts})) if name.endswith("_is_wrong") else ()

        def do(book: Book, puts: tuple[tuple[int, str, Any], ...] = puts) -> None:
            for place, header, value in puts:
                book.put(
                    place, header, value(book.get(place, header)) if callable(value) else value
                )

        MISTREATED[name] = Mistreated(do, wrong)


cells(
    nothing_is_done=(),
    reasons_look_like_formulas=(
        (4, "原因说明", '\'=HYPERLINK("http://x")'),
        (5, "原因说明", "@SUM(1)自付已赔"),
    ),
    reasons_are_long_and_dirty=((4, "原因说明", "核实无风险" * 3000 + "\u200b\t\u202e"),),
    day_in_the_future_is_wrong=(
        (2, "核查日期", dt.date(2026, 12, 1)),
        (3, "核查日期", "2062-10-14"),
    ),
    day_before_the_list_is_wrong=((1, "核查日期", dt.date(2026, 9, 30)),),
    day_or_visitor_left_out_is_wrong=((1, "核查日期", None), (2, "核查人", None)),
    number_unknown_is_wrong=((4, "线索编号", "2609-ZZZZZZZZ"),),
)


@mistreats()
def rows_are_sorted(book: Book) -> None:
    book.lay(book.rows()[::-1])


@mistreats(wrong=(1, 2))
def only_heads_are_sorted(book: Book) -> None:
    one, two = book.get(1, "户主"), book.get(2, "户主")
    book.put(1, "户主", two)
    book.put(2, "户主", one)


@mistreats()
def only_answered_rows_are_left(book: Book) -> None:
    book.sheet.delete_rows(book.head + 9, 500)


@mistreats()
def rows_and_columns_are_hidden(book: Book) -> None:
    for row in range(book.head + 1, book.last, 2):
        book.sheet.row_dimensions[row].hidden = True
    for letter in "BCDEFGH":
        book.sheet.column_dimensions[letter].hidden = True


@mistreats()
def answers_are_moved_to_the_front(book: Book) -> None:
    head = [
        book.sheet.cell(book.head, column).value for column in range(1, book.sheet.max_column + 1)
    ]
    turned = [row[-6:] + row[:-6] for row in [head, *book.rows()]]
    book.lay(turned, book.head - 1)
    book.sheet.delete_rows(book.last + 1)


@mistreats()
def other_columns_are_deleted(book: Book) -> None:
    book.sheet.delete_cols(2, book.columns["核查结论"] - 2)


@mistreats(wrong=(3,))
def a_row_was_copied_and_changed(book: Book) -> None:
    row = book.rows()[2]
    row[book.columns["核查结论"] - 1] = "13"
    book.lay([row], book.last)


@mistreats()
def a_sum_stands_below(book: Book) -> None:
    book.lay([["合计", "8 户"]], book.last)


@mistreats()
def one_conclusion_is_merged_over_two_rows(book: Book) -> None:
    for header in FILL_IN[:4]:
        column = book.columns[header]
        book.sheet.merge_cells(
            start_row=book.head + 4, end_row=book.head + 5, start_column=column, end_column=column
        )


@mistreats(lost=tuple(range(1, 9)))
def nothing_is_filled_in(book: Book) -> None:
    for place in range(1, 9):
        for header in FILL_IN:
            book.put(place, header, None)


def _table(book: Book) -> list[list[str]]:
    rows = book.sheet.iter_rows(book.head, book.last, values_only=True)
    return [["" if value is None else str(value) for value in row] for row in rows]


def _text(book: Book, name: str, encoding: str, between: str) -> Path:
    out = io.StringIO()
    csv.writer(out, delimiter=between).writerows(_table(book))
    path = book.saved.with_name(name)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


@mistreats()
def it_is_saved_as_csv(book: Book) -> Path:
    return _text(book, "核查.csv", "utf-8-sig", ",")


@mistreats()
def it_is_saved_as_csv_of_an_old_program(book: Book) -> Path:
    return _text(book, "核查.csv", "gb18030", ",")


@mistreats()
def it_is_saved_as_unicode_text(book: Book) -> Path:
    return _text(book, "核查.txt", "utf-16", "\t")


@mistreats()
def it_is_saved_as_a_web_page(book: Book) -> Path:
    lines = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in _table(book)
    )
    path = book.saved.with_name("核查.xls")
    path.write_text(
        f"<html><head><meta charset='utf-8'></head><table>{lines}</table></html>", encoding="utf-8"
    )
    return path


@mistreats()
def it_is_renamed(book: Book) -> Path:
    return book.save().rename(book.saved.with_name("新建 Microsoft Excel 工作表(2) - 副本.XLS"))


@mistreats()
def it_is_packed(book: Book) -> Path:
    path = book.saved.with_name("报回.zip")
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(book.save(), "报回/名单.xlsx")
    return path


def _encrypted(book: Book, password: str) -> Path:
    import msoffcrypto.format.ooxml

    path = book.saved.with_name("加密.xlsx")
    with book.save().open("rb") as plain, path.open("wb") as closed:
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt(password, closed)
    return path


@mistreats(secret="守望-2026")
def it_is_encrypted(book: Book) -> Path:
    return _encrypted(book, "守望-2026")


@mistreats(refused=True)
def it_is_encrypted_with_a_password_of_their_own(book: Book) -> Path:
    return _encrypted(book, "123456")


@mistreats(refused=True)
def it_was_cut_off_on_the_way(book: Book) -> Path:
    path = book.save()
    path.write_bytes(path.read_bytes()[:9000])
    return path


@mistreats(refused=True)
def it_is_another_table(book: Book) -> Path:
    other = openpyxl.Workbook()
    other.active.append(["姓名", "电话"])
    other.save(book.saved)
    return book.saved
