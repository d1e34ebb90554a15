"""Workbooks: xlsx, xlsm, xlsb and ods through calamine, which runs no macro and follows no link.

What calamine gives as nothing though it is not, ``overlooked`` looks up, and it is put in its
place.
"""

from __future__ import annotations

import io
import struct
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor

from lxml import etree
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from shouwang.intake.names import damaged, masked, refused
from shouwang.intake.overlooked import (
    Found,
    Overlooked,
    link_of,
    links_of,
    overlooked_in,
    plain_xml,
)
from shouwang.intake.sheets import Opened, Sheet, columns_of

UNPACKED_LIMIT = 2 << 30
MOST_MERGES = 200_000
_BOOK = "xl/workbook.xml"
_LIBRARIES = CalamineError, zipfile.BadZipFile, etree.LxmlError, struct.error
_DAMAGE = *_LIBRARIES, NotImplementedError, OSError, ValueError, KeyError


def open_workbook(name: str, content: bytes) -> Opened:
    """Every worksheet of a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_LIMIT:
                raise refused(
                    "too_large", name, "展开后超过 2 GiB，请清除用不着的行和格式后重新上传。"
                )
        try:
            return _open(name, content)
        except CalamineError:
            content, left_out = _without_empty_shells(content)
            if not left_out:
                raise
            return _open(name, content)._replace(
                ignored=tuple(
                    (masked(f"{name}/{sheet}"), "宏表或没有内容的工作表") for sheet in left_out
                )
            )
    except _DAMAGE as error:
        if "assword" in str(error):
            raise refused("encrypted", name, "有密码，请取消密码后重新上传。") from None
        raise damaged(name) from None


def _open(name: str, content: bytes) -> Opened:
    sheets = []
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        ThreadPoolExecutor(1) as beside,
        CalamineWorkbook.from_filelike(io.BytesIO(content)) as book,
    ):
        if not book.sheets_metadata:
            raise damaged(name)
        overlooked = beside.submit(overlooked_in, archive)  # looked up while calamine reads
        for meta in book.sheets_metadata:
            if meta.typ == SheetTypeEnum.WorkSheet:
                hidden = meta.visible != SheetVisibleEnum.Visible
                page = book.get_sheet_by_name(meta.name)
                sheets.append(_sheet(name, meta.name, hidden, page, overlooked))
    return Opened(sheets)


def _without_empty_shells(content: bytes) -> tuple[bytes, list[str]]:
    """An xlsx without the sheets that are no worksheets (macros) or never had a part, and the names
    of these.

    They are left by older Excels; others pass them over, calamine gives up.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book, links = (
            plain_xml(archive.read(_BOOK)),
            links_of(archive, "xl/_rels/workbook.xml.rels"),
        )
    shells = [
        sheet
        for sheet in book.iter("{*}sheet")
        if not link_of(sheet)
        or links.get(link_of(sheet), ("", "worksheet"))[1] not in ("worksheet", "chartsheet")
    ]
    for sheet in shells:
        sheet.getparent().remove(sheet)
    changed = io.BytesIO(content)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.filelist.remove(archive.NameToInfo.pop(_BOOK))
        archive.writestr(_BOOK, etree.tostring(book))
    return changed.getvalue(), [sheet.get("name", "") for sheet in shells]


def _sheet(
    file: str, name: str, hidden: bool, page: CalamineSheet, overlooked: Future[Found]
) -> Sheet:
    if page.start is None:
        return Sheet(file, name, hidden, [], range(1, 1))
    columns = columns_of(file, page.iter_rows(), left=page.start[1])
    height = len(columns[0].codes) if columns else 0
    codes: dict[tuple[int, str], int] = {}
    besides = overlooked.result().get(name, Overlooked([], []))
    for row, place, shown in besides.errors:
        if row < height and place < len(columns) and columns[place].codes[row] == 0:
            if (place, shown) not in codes:
                codes[place, shown] = len(columns[place].distinct)
                columns[place].distinct.append(shown)
            columns[place].codes[row] = codes[place, shown]
    merged = [
        (top, bottom, left) for (top, left), (bottom, _) in page.merged_cell_ranges or []
    ] + besides.merges
    merges = [
        (top, min(bottom, height - 1), left)
        for top, bottom, left in merged[:MOST_MERGES]
        if top < min(bottom, height - 1) and left < len(columns)
    ]
    return Sheet(file, name, hidden, columns, range(1, height + 1), tuple(merges))
