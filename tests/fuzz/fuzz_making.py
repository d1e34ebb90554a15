"""What the fuzzing starts from, and how it is spoilt: files as bytes, tables as grids of cells,
configuration as text.

Spoiling sound things goes deeper than noise: a spoilt part of a workbook is packed again with a sum
that is right.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from msoffcrypto.format.ooxml import OOXMLFile

from demo.census import Census
from demo.county import _world as world
from demo.dirt import expected
from demo.forms import FORMS
from demo.layouts import KINDS, Layout
from demo.people import make_people
from demo.writing import write_export
from shouwang.core.month import Month
from shouwang.intake.sheets import Opened, Sheet, columns_of

MONTH = Month(2026, 9)
PASSWORD = "county-2026"
Grid = list[list[Any]]

WORDS = rb"""< ]]> " , &#0; &#x10FFFF; 1E999 -1 99999999999999999999 NaN A1:XFD1048576 r="ZZZ999999999"
 t="s"  t="e" <v> <!DOCTYPE"""
BYTES = st.binary(max_size=8) | st.sampled_from(
    [
        *WORDS.split(),
        *(b"\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\n", b"\t", b" ", b""),
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]>",
        *("合计".encode(), "户主".encode("gb18030")),
    ]
)
PLACES = st.floats(0, 1, exclude_max=True)
BYTE_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["put", "add", "cut", "repeat", "end"]), PLACES, st.integers(0, 400), BYTES
    ),
    min_size=1,
    max_size=5,
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=24)
ODD = """=1+1 @SUM(A1) - 无 合计 小计： 注： #N/A 1e308 １２３ 万元 一千二百 2026-02-30 2026年13月 20260931
００００ 532999197006084662 53299919700608466X 5.32999197006084E+17 ******** 5329**********4662 男/女 是否
候选9 候选1 2026-09 0000-00 9999-99-99 inf -0 0x10 ٣ \U0001f600 \ufffe \0 \u200b"""
CELLS = (
    TEXTS
    | st.sampled_from(
        [
            *ODD.split(),
            "",
            " ",
            "　",
            "9" * 40,
            "02 ",
            "05 无返贫致贫风险",
            "甲" * 300,
            "a\nb\r\nc\td",
        ]
    )
    | st.floats()
    | st.integers(-(10**19), 10**19)
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas(dt.timedelta(-400), dt.timedelta(40_000))
)
GRID_EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            ["cell", "cell", "cell", "heading", "drop", "again", "blank", "column", "swap"]
        ),
        PLACES,
        PLACES,
        CELLS,
    ),
    min_size=1,
    max_size=8,
)


def spoilt(content: bytes, edits: list[tuple[str, float, int, bytes]]) -> bytes:
    """Bytes with some edits."""
    made = bytearray(content)
    for what, place, length, new in edits:
        at = int(place * (len(made) + 1))
        match what:
            case "put":
                made[at : at + len(new)] = new
            case "add":
                made[at:at] = new
            case "cut":
                del made[at : at + length]
            case "repeat":
                made[at:at] = made[at : at + length]
            case "end" if length % 8 == 0:
                del made[at:]
    return bytes(made)


def spoilt_file(content: bytes, part: float, edits: list[tuple[str, float, int, bytes]]) -> bytes:
    """A file with some edits; of one that is packed, a part is spoilt and packed again."""
    if content[:2] != b"PK" or part > 0.9:
        return spoilt(content, edits)
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        members = old.infolist()
        chosen = members[int(part / 0.9 * len(members)) % len(members)]
        for entry in members:
            kept = old.read(entry)
            new.writestr(entry.filename, spoilt(kept, edits) if entry is chosen else kept)
    return out.getvalue()


def spoilt_grid(grid: Grid, edits: list[tuple[str, float, float, Any]], header: int = 0) -> Grid:
    """A table with some edits."""
    made = [list(row) for row in grid]
    for what, down, right, value in edits:
        if not made:
            break
        at = header if what == "heading" and header < len(made) else int(down * len(made))
        row = made[at]
        place = int(right * (len(row) or 1))
        match what:
            case "cell" | "heading" if row:
                row[place] = value
            case "drop":
                del made[at]
            case "again":
                made.insert(int(right * len(made)), list(row))
            case "blank":
                made.insert(at, [""] * len(row))
            case "column":
                for line in made:
                    del line[place : place + 1]
            case "swap":
                for line in made:
                    if len(line) > place:
                        line[place], line[0] = line[0], line[place]
    return made


def opened(file: str, name: str, grid: Grid) -> Opened:
    """A grid as what opening a file gives."""
    return Opened([Sheet(file, name, False, columns_of(file, grid), range(1, len(grid) + 1))])


def exports(folder: Path) -> Iterator[tuple[str, bytes]]:
    """A department's export in every format, by name: small ones."""
    people = make_people(40, 1, MONTH.first)
    tables = {
        department: expected(rows, department, Census(people)).reset_index(drop=True)
        for _, department, rows in world(people, [MONTH], 1)
    }
    for number, (kind, ending) in enumerate(KINDS.items()):
        department = list(tables)[number % len(tables)]
        columns = FORMS[department].columns
        layout = Layout(
            kind=kind,
            wordings=tuple(c.wordings[0] for c in columns),
            order=tuple(range(len(columns))),
            title=True,
            foot=True,
            dictionary=kind not in ("csv", "tsv", "html"),
        )
        path = folder / f"{kind}.{ending}"
        write_export(path, tables[department].head(8), department, MONTH, layout, 1)
        yield path.name, path.read_bytes()
    book = (folder / "xlsx.xlsx").read_bytes()
    packed, sealed = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("九月/台账.xlsx", book)
        archive.writestr("说明.csv", (folder / "csv.csv").read_bytes())
    yield "台账.zip", packed.getvalue()
    OOXMLFile(io.BytesIO(book)).encrypt(PASSWORD, sealed)
    yield "加密.xlsx", sealed.getvalue()
    yield "网页.mht", _web_archive((folder / "html.xls").read_bytes())


def _web_archive(page: bytes) -> bytes:
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    return head + page + b"\r\n--b--\r\n"
