"""Text files: tab, comma, semicolon or bar between the cells; UTF-8, UTF-16 or GB18030."""

from __future__ import annotations

import codecs
import csv
import io
import re
from array import array
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import islice

from shouwang.intake.names import refused
from shouwang.intake.sheets import Opened, Sheet, columns_of

_LOOKED_AT = 1 << 20
_DELIMITERS = "\t,;|"
_TRIED_LINES = 200
_TALLEST_CELL = 100
"""Lines that one cell may have; after so many, a quotation mark was never closed."""
_BYTES_A_SPOILT_CHARACTER = 40
"""In a text there are so many bytes for each that is none; fewer, and it is no text, or in another
encoding."""
_NO_TEXT = re.compile(r"[\x01-\x08\x0e-\x19\x1b-\x1f]")


def open_text(name: str, content: bytes) -> Opened:
    """The one table of a text file."""
    encoding = encoding_of(name, content)
    numbers = array("q")
    with io.TextIOWrapper(io.BytesIO(content), encoding, "replace", newline="") as text:
        head = list(islice(text, _TRIED_LINES))
        if any(map(_NO_TEXT.search, head)):
            raise refused(
                "encoding", name, "不是表格，请另存为 xlsx 或 UTF-8 编码的 CSV 后重新上传。"
            )
        delimiter, width = _delimiter(head)
        text.seek(0)
        columns = columns_of(name, _rows(name, text, delimiter, width, numbers))
    return Opened([Sheet(name, "", False, columns, numbers)])


def encoding_of(name: str, content: bytes, likely: Sequence[str] = ()) -> str:
    """UTF-8 (with or without mark), UTF-16 (likewise), one of ``likely`` or GB18030: the first that
    is right.

    If none is, that which spoils fewest characters, and few: systems cut texts in the middle of
    one. `FileRefused` for anything else, and where the file ends in the middle of a character.
    """
    encodings = ["utf-8-sig", *likely, "gb18030"]
    head = content[:4000]
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif head.count(0) * 50 > len(head):
        encodings = ["utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"]
    for encoding in encodings:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for start in range(0, len(content), _LOOKED_AT):
                decoder.decode(content[start : start + _LOOKED_AT])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    spoilt = {encoding: _spoilt(content, encoding) for encoding in encodings}
    best = min(encodings, key=spoilt.__getitem__)
    if spoilt[best] * _BYTES_A_SPOILT_CHARACTER > len(content):
        raise refused(
            "encoding",
            name,
            "不是表格、没有传完，或者编码认不出来，请另存为 xlsx 或 UTF-8 编码的 CSV 后重新上传。",
        )
    return best


def _spoilt(content: bytes, encoding: str) -> int:
    """How many characters are none in this encoding; if the last one is cut in two, as many as
    there are bytes."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    spoilt = decoder.decode(content).count("\ufffd")
    return len(content) if decoder.decode(b"", final=True) else spoilt


def _delimiter(head: list[str]) -> tuple[str, int]:
    """What parts the cells, and into how many: by what most lines are parted, and into the same
    number of cells.

    Of several that do equally, the first of `_DELIMITERS`.
    """
    declared = head[0][4:5].strip() if head and head[0].startswith("sep=") else ""
    best = (0, 0, 1), declared or ","
    for delimiter in declared or _DELIMITERS:
        widths = _widths(head, delimiter)
        if widths:
            width, lines = max(widths.items(), key=lambda found: (found[1], found[0]))
            best = max(
                best, ((widths.total(), lines, width), delimiter), key=lambda found: found[0]
            )
    return best[1], best[0][2]


def _widths(lines: list[str], delimiter: str) -> Counter[int]:
    """How many lines have how many cells, of those that have two or more."""
    short = (line for line in lines if len(line) < csv.field_size_limit())
    rows = (next(csv.reader([line], delimiter=delimiter), []) for line in short)
    return Counter(len(row) for row in rows if len(row) > 1)


def _rows(
    name: str, text: io.TextIOWrapper, delimiter: str, width: int, numbers: array[int]
) -> Iterator[list[str]]:
    """The rows, and in ``numbers`` the line on which each begins.

    A quotation mark that opens a cell and is not closed, or only by another row's, is a character
    like any other.
    """
    taken: list[str] = []
    again: deque[str] = deque()

    def lines() -> Iterator[str]:
        while len(taken) < _TALLEST_CELL and (
            line := again.popleft() if again else text.readline()
        ):
            taken.append(line)
            yield line

    number = 1
    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        taken.clear()
        try:
            row = next(reader, None)
            whole = (
                row is None or len(taken) == 1 or not _swallows(taken, len(row), delimiter, width)
            )
        except csv.Error:
            row, whole = [], False
        if row is None:
            return
        if not whole:
            again.extendleft(reversed(taken[1:]))
            del taken[1:]
            row = _alone(name, taken[0], number, delimiter, width)
            reader = csv.reader(lines(), delimiter=delimiter, strict=True)
        numbers.append(number)
        number += len(taken)
        yield row


def _swallows(lines: list[str], cells: int, delimiter: str, width: int) -> bool:
    """Whether a row of several lines is several rows: the first is a whole one by itself, as one of
    the others is."""
    by_itself = [line.count(delimiter) + 1 == width for line in lines]
    return width > 1 and by_itself[0] and (cells != width or any(by_itself[1:]))


def _alone(name: str, line: str, number: int, delimiter: str, width: int) -> list[str]:
    """A line with quotation marks that do not pair, as it is meant; `FileRefused` if its columns
    are in doubt."""
    try:
        paired, apart = (
            next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, quoting=quoting), [])
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)
        )
        if len(paired) in (width, len(apart)):
            return paired
        if len(apart) == width:
            return apart
        why = "有一个引号没有配对"
    except csv.Error as error:
        why = f"读不下去（{error}）"
    raise refused(
        "unreadable",
        name,
        f"第 {number} 行{why}，这一行之后分不清行和列。请改正后重新上传，或另存为 xlsx。",
    )
