"""One file → its sheets as rows of typed cells, each with the row number that a person sees in the sheet."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from shouwang.errors import FileRefused

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls"})
UNPACKED_LIMIT = 1 << 30
ENCRYPTED_MARK = "EncryptedPackage".encode("utf-16-le")
OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells; ``numbers[i]`` is the row number of ``rows[i]``, 1-based (for csv: the line)."""

    file: str
    name: str
    hidden: bool
    rows: list[list[Any]]
    numbers: list[int]


def read_sheets(path: Path) -> list[Sheet]:
    """Every sheet of a workbook or the one table of a text file; `FileRefused` if it cannot be opened."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileRefused("unreadable", f"文件“{path.name}”读不出来（{error.strerror}），请重新上传。") from None
    if not content.strip(b"\0 \r\n\t"):
        raise FileRefused("empty", f"文件“{path.name}”是空的，请重新导出后上传。")
    if content[:2] == b"PK" or content[:8] == OLE_MARK:
        return _workbook(path.name, content)
    if path.suffix.lower() in WORKBOOKS and content[:1] != b"<":
        raise FileRefused("unreadable", f"文件“{path.name}”不是 Excel 工作簿或已损坏，请重新导出后上传。")
    return [Sheet(path.name, "", False, *_text_rows(path.name, content))]


def _workbook(name: str, content: bytes) -> list[Sheet]:
    if content[:8] == OLE_MARK and ENCRYPTED_MARK in content:
        raise FileRefused("encrypted", f"文件“{name}”有密码，请取消密码后重新上传。")
    try:
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_LIMIT:
                    raise FileRefused("too_large", f"文件“{name}”展开后超过 1 GiB，请清除空行和格式后重新上传。")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = []
        for meta in book.sheets_metadata:
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            rows = book.get_sheet_by_name(meta.name).to_python(skip_empty_area=False)
            hidden = meta.visible != SheetVisibleEnum.Visible
            sheets.append(Sheet(name, meta.name, hidden, rows, list(range(1, len(rows) + 1))))
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise FileRefused(
            "unreadable", f"文件“{name}”打不开（{type(error).__name__}），可能没有传完或已损坏，请重新导出后上传。"
        ) from None
    return sheets


def decode(name: str, content: bytes) -> str:
    """The text of a file in UTF-8 (with or without mark), UTF-16 or GB18030; `FileRefused` for anything else."""
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("encoding", f"文件“{name}”的编码认不出来，请另存为 UTF-8 编码的 CSV 后上传。")


def _text_rows(name: str, content: bytes) -> tuple[list[list[Any]], list[int]]:
    text = decode(name, content)
    head = text[:20_000]
    delimiter = max(",\t;", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[Any]] = []
    numbers: list[int] = []
    line = 1
    try:
        for row in reader:
            rows.append(row)
            numbers.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused("unreadable", f"文件“{name}”第 {line} 行读不下去（{error}），请重新导出后上传。") from None
    return rows, numbers
