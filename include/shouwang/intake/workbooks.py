"""Workbooks: xlsx, xlsm, xlsb, xls and ods through calamine, which runs no macro and follows no link.

Calamine gives nothing for an error (``#N/A``), as for an empty cell; ``cell_errors`` looks them up, and they are put in
their places, for an error is not nothing.
"""

from __future__ import annotations

import io
import struct
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor

from lxml import etree
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from shouwang.errors import FileRefused
from shouwang.intake.cell_errors import Errors, errors_of_ods, errors_of_xls, errors_of_xlsb, errors_of_xlsx
from shouwang.intake.sheets import Opened, Sheet, columns_of

OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UNPACKED_LIMIT = 2 << 30
MOST_MERGES = 200_000


def open_workbook(name: str, content: bytes) -> Opened:
    """Every worksheet of a workbook."""
    try:
        if content[:8] != OLE_MARK:
            _check_size(name, content)
        sheets = []
        with ThreadPoolExecutor(1) as beside, CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            errors = beside.submit(_errors_of, content)  # looked up while calamine reads
            for meta in book.sheets_metadata:
                if meta.typ == SheetTypeEnum.WorkSheet:
                    hidden = meta.visible != SheetVisibleEnum.Visible
                    page = book.get_sheet_by_name(meta.name)
                    sheets.append(_sheet(name, meta.name, hidden, page, errors))
    except (CalamineError, zipfile.BadZipFile, etree.LxmlError, OSError, ValueError, KeyError, struct.error) as error:
        if "assword" in str(error):
            raise FileRefused("encrypted", f"文件“{name}”有密码，请取消密码后重新上传。") from None
        raise FileRefused("unreadable", f"文件“{name}”打不开，可能没有传完或已损坏，请重新导出后上传。") from None
    return Opened(sheets)


def _sheet(file: str, name: str, hidden: bool, page: CalamineSheet, errors: Future[Errors]) -> Sheet:
    if page.start is None:
        return Sheet(file, name, hidden, [], range(1, 1))
    columns = columns_of(file, page.iter_rows(), left=page.start[1])
    height = len(columns[0].codes) if columns else 0
    codes: dict[tuple[int, str], int] = {}
    for row, place, shown in errors.result().get(name, ()):
        if row < height and place < len(columns) and columns[place].codes[row] == 0:
            if (place, shown) not in codes:
                codes[place, shown] = len(columns[place].distinct)
                columns[place].distinct.append(shown)
            columns[place].codes[row] = codes[place, shown]
    merges = [
        (top, min(bottom, height - 1), left)
        for (top, left), (bottom, _) in (page.merged_cell_ranges or [])[:MOST_MERGES]
        if top < min(bottom, height - 1) and left < len(columns)
    ]
    return Sheet(file, name, hidden, columns, range(1, height + 1), tuple(merges))


def _check_size(name: str, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_LIMIT:
            raise FileRefused("too_large", f"文件“{name}”展开后超过 2 GiB，请清除用不着的行和格式后重新上传。")


def _errors_of(content: bytes) -> Errors:
    if content[:8] == OLE_MARK:
        return errors_of_xls(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = set(archive.namelist())
        if "xl/workbook.xml" in parts:
            return errors_of_xlsx(archive)
        if "xl/workbook.bin" in parts:
            return errors_of_xlsb(archive)
        return errors_of_ods(archive) if "content.xml" in parts else {}
