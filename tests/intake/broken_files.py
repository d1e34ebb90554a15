"""Broken and hostile exports of the housing ledger, made on the spot: name → content, and what has
to come of it."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile

from demo.layouts import Sheet
from demo.markup import write_html, write_ods, write_xml

HEAD = ["户主姓名", "身份证号", "乡镇", "行政村", "鉴定等级", "鉴定日期", "唯一住房", "改造状态"]
ROWS = [
    ["甲小明", "532999197006084662", "水磨乡", "上村", "A", "2026-01-05", "是", "无需改造"],
    ["乙小红", "532999196107208682", "水磨乡", "下村", "C", "2026-01-06", "否", "未改造"],
    ["丙大山", "532999198001011234", "石桥镇", "桥头村", "D", "2026-01-07", "是", "改造中"],
]
GRID = [HEAD, *ROWS]
PASSWORD = "county-2026"
READ = "read"
CSV = "\n".join(",".join(line) for line in GRID).encode()
Xlsx = Callable[[xlsxwriter.Workbook], None]


@dataclass(frozen=True)
class Case:
    """A file: what it is called and holds, and the code of its refusal, or `READ` with so many
    rows."""

    name: str
    content: bytes
    verdict: str
    rows: int = len(ROWS)


def xlsx(change: Xlsx | None = None, grid: list[list[str]] = GRID) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False}) as book:
        page = book.add_worksheet("台账")
        for r, line in enumerate(grid):
            for c, cell in enumerate(line):
                page.write_string(r, c, cell)
        if change:
            change(book)
    return out.getvalue()


def xls(grid: list[list[str]] = GRID) -> bytes:
    book, out = xlwt.Workbook(encoding="utf-8"), io.BytesIO()
    page = book.add_sheet("台账")
    for r, line in enumerate(grid):
        for c, cell in enumerate(line):
            page.write(r, c, cell)
    book.save(out)
    return out.getvalue()


def saved(write: Callable[..., None], folder: Path, *words: str) -> bytes:
    path = folder / "made"
    write(path, [Sheet("台账", [list(line) for line in GRID], None)], *words)  # type: ignore[arg-type]
    return path.read_bytes()


def zipped(**members: bytes) -> bytes:
    return packed(list(members.items()))


def packed(members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def with_part(book: bytes, part: str, change: Callable[[bytes], bytes] | None) -> bytes:
    """A workbook with one part changed, or left out."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            if entry.filename != part:
                new.writestr(entry.filename, old.read(entry))
            elif change:
                new.writestr(entry.filename, change(old.read(entry)))
    return out.getvalue()


def with_rows(book: bytes, rows: Iterator[bytes]) -> bytes:
    """A workbook with more rows in its first sheet than anybody would write."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for entry in old.infolist():
            if entry.filename != SHEET:
                new.writestr(entry.filename, old.read(entry))
                continue
            before, after = old.read(entry).split(b"</sheetData>")
            with new.open(SHEET, "w", force_zip64=True) as part:
                part.write(before)
                for row in rows:
                    part.write(row)
                part.write(b"</sheetData>" + after)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "'
    + b"ha" * 500
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8))
    + b"]>"
)
THIEF = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


def encrypted(book: bytes) -> bytes:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(book)).encrypt(PASSWORD, out)
    return out.getvalue()


def entity(definition: bytes, where: bytes) -> Callable[[bytes], bytes]:
    def change(part: bytes) -> bytes:
        return re.sub(rb"(<\?xml.*?\?>)", lambda m: m[1] + definition, part, count=1).replace(
            where, b"&a;"
        )

    return change


def cut(content: bytes, share: float = 0.5) -> bytes:
    return content[: int(len(content) * share)]


def spoilt(content: bytes, seed: int) -> bytes:
    noise, damaged = random.Random(seed), bytearray(content)
    for _ in range(max(20, len(content) // 200)):
        damaged[noise.randrange(30, len(damaged))] = noise.randrange(256)
    return bytes(damaged)


def cell_at(place: str) -> Callable[[bytes], bytes]:
    row = int(re.sub(r"\D", "", place))
    cell = f'<row r="{row}"><c r="{place}" t="str"><v>x</v></c></row></sheetData>'.encode()
    return lambda part: part.replace(b"</sheetData>", cell)


def flagged(archive: bytes) -> bytes:
    """A zip whose members say that they are encrypted."""
    changed = bytearray(archive)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), archive):
            changed[found.start() + place] |= 1
    return bytes(changed)


def declared(archive: bytes, size: int) -> bytes:
    """A zip whose first member says that it unpacks to ``size``."""
    changed = bytearray(archive)
    at = archive.index(b"PK\x01\x02")
    changed[at + 24 : at + 28] = size.to_bytes(4, "little")
    return bytes(changed)


def cases(folder: Path) -> Iterator[Case]:
    """All of them."""
    book, old = xlsx(), xls()
    ods, html, xml = (
        saved(write_ods, folder),
        saved(write_html, folder, "gb18030"),
        saved(write_xml, folder),
    )
    archive = packed([("台账.csv", CSV)])
    closed = encrypted(book)
    gb = CSV.decode().encode("gb18030")

    # cut off in the middle
    yield Case("半份.xlsx", cut(book), "unreadable")
    yield Case("差一点.xlsx", book[:-100], "unreadable")
    yield Case("半份.xls", cut(old), "unreadable")
    yield Case("只有开头.xls", old[:512], "unreadable")
    yield Case("半份.ods", cut(ods), "unreadable")
    yield Case("半份.zip", cut(archive), "unreadable")
    yield Case("半份加密.xlsx", cut(closed), "unreadable encrypted")
    yield Case("半个字.csv", gb[: gb.index("甲".encode("gb18030")) + 1], "encoding")
    yield Case("半个字节.csv", CSV.decode().encode("utf-16")[:-1], "encoding")
    yield Case("半份网页.xls", cut(html, 0.8), "unreadable")
    yield Case("半份网页表头.xls", html[: html.index("身份证".encode("gb18030"))], "unreadable")
    yield Case("半份XML.xls", cut(xml, 0.8), "unreadable")
    # damaged
    for seed in range(6):
        yield Case(f"坏字节{seed}.xlsx", spoilt(book, seed), "unreadable read too_large no_header")
        yield Case(
            f"坏字节{seed}.xls", spoilt(old, seed), "unreadable read too_large no_header encrypted"
        )
        yield Case(f"坏字节{seed}.ods", spoilt(ods, seed), "unreadable read too_large no_header")
    for part in (SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
        what = "read" if "Types" in part else "unreadable no_header"
        yield Case(f"缺{part.replace('/', '_')}.xlsx", with_part(book, part, None), what)
    yield Case(
        "缺文字.xlsx", with_part(book, "xl/sharedStrings.xml", None), "unreadable no_header no_rows"
    )
    yield Case(
        "坏XML.xlsx",
        with_part(book, SHEET, lambda part: part.replace(b"</row>", b"</rwo>")),
        "unreadable read",
    )
    yield Case("随机.xlsx", random.Random(1).randbytes(5000), "unreadable")
    yield Case("随机.csv", random.Random(2).randbytes(5000), "encoding")
    yield Case("随机.xls", old[:8] + random.Random(3).randbytes(5000), "unreadable")
    yield Case("程序.xls", b"MZ\x90\0" + random.Random(4).randbytes(3000), "unreadable")
    yield Case("零.xlsx", bytes(10_000), "unreadable")
    yield Case("空.csv", b"", "empty")
    yield Case("空白.csv", b" \r\n\r\n\t", "empty")
    yield Case("只有标记.csv", b"\xef\xbb\xbf", "empty")
    # something else under a table's name
    yield Case("通知.xlsx", b"%PDF-1.7\n" + random.Random(5).randbytes(900), "unreadable")
    yield Case("照片.csv", b"\x89PNG\r\n\x1a\n" + random.Random(6).randbytes(900), "unreadable")
    yield Case("包.xlsx", b"Rar!\x1a\x07\x01\0" + bytes(90), "unreadable")
    yield Case("包7.zip", b"7z\xbc\xaf\x27\x1c" + bytes(90), "unreadable")
    yield Case(
        "公文.xlsx",
        zipped(**{"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}),
        "unreadable",
    )
    yield Case("数据.csv", b'{"rows": [["a", 1]]}', "no_header")
    yield Case(
        "登录页.xls", "<html><body>请先登录<form></form></body></html>".encode(), "no_header"
    )
    # bombs
    rows = b"".join(
        b'<row r="%d"><c r="A%d" s="1"/><c r="B%d" s="1"/></row>' % (n, n, n)
        for n in range(5, 2005)
    )
    yield Case("百万空行.xlsx", with_rows(book, (rows for _ in range(500))), READ)
    many = b"".join(
        b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (n, n, 10**7 + n)
        for n in range(5, 1_048_577)
    )
    yield Case("百万序号.xlsx", with_rows(book, iter([many])), READ, 1_048_575)
    yield Case("炸弹.xlsx", with_rows(book, (b" " * (1 << 24) for _ in range(130))), "too_large")
    yield Case("谎报.xlsx", declared(book, 0xF0000000), "too_large unreadable")
    yield Case("炸弹.zip", large_member(), "too_large")
    yield Case("谎报.zip", declared(packed([("台账.csv", CSV * 2000)]), 100), "unreadable read")
    yield Case("许多.zip", packed([(f"{n}.csv", CSV) for n in range(201)]), "too_large")
    yield Case("套包.zip", packed([("里面.zip", archive)]), "unreadable")
    yield Case(
        "笑.xlsx",
        with_part(book, "xl/sharedStrings.xml", entity(LAUGHS, "甲小明".encode())),
        "unreadable read",
    )
    yield Case("笑.xls", entity(LAUGHS, "甲小明".encode())(xml), "unreadable")
    yield Case("偷.xls", entity(THIEF, "甲小明".encode())(xml), "unreadable")
    yield Case(
        "偷.xlsx",
        with_part(book, "xl/workbook.xml", entity(THIEF, "台账".encode())),
        "unreadable read",
    )
    yield Case("笑网页.xls", LAUGHS + html, "unreadable")
    # absurd dimensions
    yield Case("天边.xlsx", with_part(book, SHEET, cell_at("XFD1048576")), "too_large")
    yield Case("最右.xlsx", with_part(book, SHEET, cell_at("XFD4")), "too_large unreadable")
    yield Case("最下.xlsx", with_part(book, SHEET, cell_at("A1048576")), READ)
    wide = xlsx(grid=[HEAD + [f"列{n}" for n in range(16_376)], *ROWS])
    yield Case("最宽.xlsx", wide, "too_large")
    lie = with_part(
        book, SHEET, lambda part: re.sub(rb'ref="[^"]*"', b'ref="A1:XFD1048576"', part, count=1)
    )
    yield Case("谎报范围.xlsx", lie, READ)
    spans = html.replace(b"<td>", b'<td colspan="999999999" rowspan="999999999">', 1)
    yield Case("跨列.xls", spans, "too_large no_header")
    yield Case("跳行.xls", xml.replace(b"<Row>", b'<Row ss:Index="2000000000">', 2), READ)
    yield Case(
        "跳列.xls", xml.replace(b'ss:Index="8"', b'ss:Index="2000000000"'), "too_large no_header"
    )
    repeated = with_part(
        ods,
        "content.xml",
        lambda part: part.replace(
            b"<table:table-row>", b'<table:table-row table:number-rows-repeated="1048570">', 2
        ).replace(
            b"<table:table-cell office",
            b'<table:table-cell table:number-columns-repeated="16000" office',
            1,
        ),
    )
    yield Case("重复.ods", repeated, "too_large unreadable")
    yield Case("空行.csv", CSV + b"\n" + b",,,,,,,\n" * 500_000, READ)
    yield Case("一行到底.csv", CSV + b"x" * (5 << 20), "unreadable")
    yield Case("逗号.csv", CSV + b"," * 400_000, READ)
    yield Case("逗号有字.csv", CSV + b",1" * 400_000, "too_large")
    yield Case("没关的引号.csv", CSV + b'\n"' + CSV * 1000, "unreadable read")
    yield Case("零字节.csv", CSV.replace(b"\n", b"\0\n"), "no_header read encoding")
    # names and paths
    for n, name in enumerate(
        [
            "../../../etc/台账.csv",
            "/etc/cron.d/台账.csv",
            "C:\\Windows\\台账.csv",
            "..\\..\\台账.csv",
        ]
    ):
        yield Case(f"路径{n}.zip", packed([(name, CSV)]), READ)
    yield Case(
        "夹带.zip",
        packed([("台账.csv", CSV), ("说明.docx", b"PK"), ("__MACOSX/._台账.csv", b"\0\5\x16")]),
        READ,
    )
    yield Case("空包.zip", packed([]), "no_rows")
    yield Case("=cmd 换\n行.csv", CSV, READ)
    yield Case("名" * 80 + ".csv", CSV, READ)
    yield Case("-rf.csv", CSV, READ)
    # closed
    yield Case("有密码.xlsx", closed, "encrypted")
    yield Case("有密码.xls", with_file_pass(old), "encrypted unreadable")
    yield Case("有密码.zip", flagged(archive), "encrypted unreadable")
    yield Case(
        "有密码.ods",
        with_part(ods, "META-INF/manifest.xml", closed_manifest),
        "encrypted unreadable",
    )
    # not what is wanted
    yield Case("缺列.xlsx", xlsx(grid=[line[:4] + line[5:] for line in GRID]), "missing_column")
    yield Case("重复列.xlsx", xlsx(grid=[[*line, line[0]] for line in GRID]), READ)
    yield Case("没有行.xlsx", xlsx(grid=[HEAD]), "no_rows")
    yield Case("没有表头.csv", CSV.split(b"\n", 1)[1], "no_header")
    yield Case("全隐藏.xlsx", xlsx(hide), "no_header")
    yield Case(
        "外部链接.xlsx",
        xlsx(lambda book: book.worksheets()[0].write_formula(1, 9, "='[别处.xlsx]A'!A1", None, 7)),
        READ,
    )
    macros = with_part(book, "[Content_Types].xml", lambda part: part)
    yield Case(
        "宏.xlsm", add_part(macros, "xl/vbaProject.bin", b"\xd0\xcf\x11\xe0" + bytes(600)), READ
    )


def large_member() -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("台账.csv", "w") as part,
    ):
        for _ in range(540):
            part.write(b"," * (1 << 20))
    return out.getvalue()


def hide(book: xlsxwriter.Workbook) -> None:
    book.worksheets()[0].hide()
    book.add_worksheet("封面").write(0, 0, "封面")
    book.worksheets()[1].activate()


def add_part(book: bytes, part: str, content: bytes) -> bytes:
    out = io.BytesIO(book)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(part, content)
    return out.getvalue()


def with_file_pass(old: bytes) -> bytes:
    """An xls that says, right after its first record, that it is encrypted."""
    at = old.index(b"\x09\x08\x10\x00") + 20
    return (
        old[:at]
        + b"\x2f\x00\x36\x00\x01\x00\x01\x00\x01\x00"
        + random.Random(7).randbytes(48)
        + old[at + 58 :]
    )


def closed_manifest(part: bytes) -> bytes:
    entry = b'<manifest:encryption-data manifest:checksum="x"/></manifest:file-entry>'
    return re.sub(rb'(full-path="content.xml"[^>]*)/>', lambda m: m[1] + b">" + entry, part)
