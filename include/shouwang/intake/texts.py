"""Text files: comma, tab or semicolon between the cells; UTF-8, UTF-16 or GB18030."""

from __future__ import annotations

import codecs
import csv
import io
from array import array
from collections.abc import Iterator

from shouwang.errors import FileRefused
from shouwang.intake.sheets import Opened, Sheet, columns_of

_LOOKED_AT = 1 << 20


def open_text(name: str, content: bytes) -> Opened:
    """The one table of a text file."""
    encoding = encoding_of(name, content)
    head = content[: _LOOKED_AT // 16].decode(encoding, errors="ignore")
    declared = head.startswith("sep=") and len(head) > 5
    delimiter = head[4] if declared else max(",\t;", key=head.count)
    numbers = array("q")
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline="") as text:
        rows = _numbered(name, csv.reader(text, delimiter=delimiter), numbers)
        columns = columns_of(name, rows)
    return Opened([Sheet(name, "", False, columns, numbers)])


def encoding_of(name: str, content: bytes) -> str:
    """UTF-8 (with or without mark), UTF-16 (likewise) or GB18030; `FileRefused` for anything else."""
    likely = ["utf-8-sig", "gb18030"]
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        likely = ["utf-16"]
    elif b"\0" in content[:200]:
        likely = ["utf-16-le" if content[1:200:2].count(0) >= content[0:200:2].count(0) else "utf-16-be"]
    for encoding in likely:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for start in range(0, len(content), _LOOKED_AT):
                decoder.decode(content[start : start + _LOOKED_AT])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileRefused(
        "encoding", f"文件“{name}”不是表格，或者编码认不出来，请另存为 xlsx 或 UTF-8 编码的 CSV 后重新上传。"
    )


def _numbered(name: str, lines: Iterator[list[str]], numbers: array[int]) -> Iterator[list[str]]:
    """The rows, and in ``numbers`` the line on which each begins."""
    line = 1
    try:
        for row in lines:
            numbers.append(line)
            line = lines.line_num + 1  # type: ignore[attr-defined]
            yield row
    except csv.Error as error:
        raise FileRefused("unreadable", f"文件“{name}”第 {line} 行读不下去（{error}），请重新导出后上传。") from None
