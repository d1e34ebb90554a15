"""Sound files that look odd: old and small programs' workbooks, texts with a flaw, stray files;
nothing is lost unsaid."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

import pytest
from binary_workbook import xlsb
from broken_files import CSV, GRID, HEAD, PASSWORD, ROWS, packed, saved, with_part, xls, xlsx
from hypothesis import given
from hypothesis import strategies as st
from odd_exports import (
    DELPHI,
    EXCEL_2,
    EXCEL_3,
    EXCEL_4,
    EXCEL_5,
    OFFICE,
    SPREADSHEET,
    bare_records,
    bare_xlsx,
    excel_95,
    excel_97,
    with_method,
    zip_of_names,
)

from demo.markup import write_ods, write_xml
from shouwang.core.errors import FileRefused
from shouwang.intake import files, sheets, worker
from shouwang.intake.files import find_files, fingerprint, named, parts_and_others
from shouwang.intake.names import masked, refused
from shouwang.intake.opening import open_content
from shouwang.intake.sheets import Opened
from shouwang.store.keys import Keys
from shouwang.submissions.arrival import arrive
from shouwang.submissions.vault import keep


def grid_of(opened: Opened) -> list[list[object]]:
    """The cells of the only sheet that holds any."""
    (sheet,) = [sheet for sheet in opened.sheets if sheet.columns]
    return sheet.head(len(sheet.numbers))


def text(*rows: list[str], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"


@pytest.mark.parametrize("page", [936, 1252, None])
@pytest.mark.parametrize("start", [EXCEL_2, EXCEL_3, EXCEL_4, EXCEL_5, DELPHI])
def test_the_records_alone_are_a_sheet_whatever_code_page_they_say(
    start: bytes, page: int | None
) -> None:
    assert (
        grid_of(open_content("台账.xls", bare_records(start, start == EXCEL_2, page), ())) == GRID
    )


@pytest.mark.parametrize("page", [936, 1252, 54936, None])
def test_excel_95_is_chinese_whatever_code_page_it_says(page: int | None) -> None:
    assert grid_of(open_content("台账.xls", excel_95(page), ())) == GRID
    traditional = excel_95(950, [["姓名"], ["陳三"]], "cp950")
    assert grid_of(open_content("名單.xls", traditional, ())) == [["姓名"], ["陳三"]]
    cut = excel_95(page).replace("甲小明".encode("gbk"), "甲小明".encode("gbk")[:-1] + b" ")
    assert grid_of(open_content("台账.xls", cut, ()))[1][0] == "甲小\ufffd ", (
        "of a text cut in two the rest counts"
    )


@pytest.mark.parametrize("page", [1200, 1252, 936, 0])
@pytest.mark.parametrize("number", [27, 36, 50, 52, 58, 164])
def test_an_xls_means_what_its_formats_say_whatever_their_numbers(page: int, number: int) -> None:
    (sheet,) = open_content("台账.xls", excel_97(page, number), ()).sheets
    rows = sheet.head(4)
    assert [row[:8] for row in rows] == GRID
    assert rows[1][8:] == [560.5, dt.date(2026, 1, 5)]
    assert sheet.merges == ((2, 3, 8),)


def test_a_sheet_of_macros_or_without_a_part_is_passed_over_and_told_but_one_whose_part_is_lost_is_not() -> (
    None
):
    def with_sheet(own: str, kind: str = "", part: str = "") -> bytes:
        link = f'<Relationship Id="rId9" Type="{kind}" Target="other/sheet1.xml"/>' if kind else ""
        parts = (("xl/other/sheet1.xml", f'<x xmlns="{SPREADSHEET}"/>'),) if part else ()
        return bare_xlsx(
            more_sheets=f'<sheet name="宏1" sheetId="2" {own}/>',
            more_links=link,
            more_parts=parts,
            prefix="",
        )

    microsoft = "http://schemas.microsoft.com/office/2006/relationships"
    for content in (
        with_sheet(""),
        with_sheet('r:id=""'),
        with_sheet('r:id=""', f"{OFFICE}/worksheet"),
        with_sheet('r:id="rId9"', f"{microsoft}/xlMacrosheet", "part"),
        with_sheet('r:id="rId9"', f"{microsoft}/xlIntlMacrosheet", "part"),
    ):
        opened = open_content("台账.xlsm", content, ())
        assert grid_of(opened) == GRID
        assert opened.ignored == (("台账.xlsm/宏1", "宏表或没有内容的工作表"),)
    for content in (with_sheet('r:id="rId9"'), with_sheet('r:id="rId9"', f"{OFFICE}/worksheet")):
        with pytest.raises(FileRefused, match="打不开"):
            open_content("台账.xlsx", content, ())


@pytest.mark.parametrize("prefix", ["", "x"])
def test_a_formula_that_was_never_calculated_is_an_error_and_an_empty_text_is_not(
    prefix: str,
) -> None:
    p = f"{prefix}:" if prefix else ""
    never = [
        f"<{p}f>1+1</{p}f>",
        f"<{p}f>1+1</{p}f><{p}v></{p}v>",
        f"<{p}f>A1</{p}f><{p}v/>",
        f'<{p}f t="shared" si="0"/>',
        f'<{p}f t="array" ref="A1">1</{p}f><{p}v />',
    ]
    calculated = [f"<{p}f>1+1</{p}f><{p}v>2</{p}v>", f'<{p}f t="shared" si="0"/><{p}v>3</{p}v>']
    content = bare_xlsx([["学费"], *([one] for one in never + calculated), ["完"]], prefix=prefix)
    shown = [row[0] for row in grid_of(open_content("学生.xlsx", content, ()))]
    assert shown == ["学费", *["#CALC!"] * len(never), 2.0, 3.0, "完"]
    blank = xlsx(lambda book: book.worksheets()[0].write_formula(1, 8, '=""', None, ""))
    assert "#CALC!" not in str(grid_of(open_content("台账.xlsx", blank, ())))


def test_a_formula_in_xml_or_html_without_a_value_is_an_error(tmp_path: Path) -> None:
    xml = saved(write_xml, tmp_path).decode()
    start, end = (
        xml.rindex("<Cell", 0, xml.index("无需改造")),
        xml.index("</Cell>", xml.index("无需改造")) + 7,
    )
    page = "<html><table><tr><td>学费</td><td x:fmla='=1+1'></td><td x:fmla='=1+1' x:num>2</td></tr></table></html>"
    changed = xml[:start] + '<Cell ss:Formula="=1+1"/>' + xml[end:]
    assert grid_of(open_content("台账.xls", changed.encode(), ()))[1] == [*ROWS[0][:7], "#CALC!"]
    assert grid_of(open_content("学生.xls", page.encode(), ())) == [["学费", "#CALC!", "2"]]


def test_a_formula_in_ods_without_a_value_is_an_error(tmp_path: Path) -> None:
    ods = saved(write_ods, tmp_path)
    new = b'<table:table-cell table:formula="of:=1+1"/>'
    changed = with_part(ods, "content.xml", lambda part: _replaced(part, "无需改造", new))
    assert grid_of(open_content("台账.ods", changed, ()))[1] == [*ROWS[0][:7], "#CALC!"]


def _replaced(part: bytes, cell: str, new: bytes) -> bytes:
    """The cell of an ods with this text, replaced."""
    at = part.index(cell.encode())
    start, end = (
        part.rindex(b"<table:table-cell", 0, at),
        part.index(b"</table:table-cell>", at) + 19,
    )
    return part[:start] + new + part[end:]


def test_cells_merged_in_ods_and_xlsb_are_told_as_in_xlsx(tmp_path: Path) -> None:
    ods = saved(write_ods, tmp_path)
    high = '<table:table-cell table:number-rows-spanned="2"><text:p>水磨乡</text:p></table:table-cell>'.encode()
    changed = with_part(ods, "content.xml", lambda part: _replaced(part, "水磨乡", high))
    lowered = with_part(
        changed,
        "content.xml",
        lambda part: part.replace(
            b"<table:table-row>", b'<table:table-row table:number-rows-repeated="3">', 1
        ),
    )
    assert open_content("台账.ods", changed, ()).sheets[0].merges == ((1, 2, 2),)
    assert open_content("台账.ods", lowered, ()).sheets[0].merges == ((3, 4, 2),), (
        "after rows that repeat"
    )
    assert open_content("台账.xlsb", xlsb([*GRID], merges=[(1, 2, 2)]), ()).sheets[0].merges == (
        (1, 2, 2),
    )


def test_workbooks_in_other_dress_are_read() -> None:
    for content in (
        bare_xlsx(prefix="x"),
        bare_xlsx(target="/xl/worksheets/sheet1.xml"),
        bare_xlsx(backslashes=True),
    ):
        assert grid_of(open_content("台账.xlsx", content, ())) == GRID


@pytest.mark.parametrize("declared", ["gb2312", "gbk", "utf-8", "iso-8859-1", "big5"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16"])
def test_xml_and_html_are_in_the_encoding_that_they_are_in(
    tmp_path: Path, declared: str, encoding: str
) -> None:
    rows = [[*GRID[0]], ["费镕", *ROWS[0][1:]]]
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    page = f"<html><head><meta charset={declared}></head><table>{cells}</table></html>"
    xml = (
        saved(write_xml, tmp_path).decode().replace("甲小明", "费镕").replace("UTF-8", declared, 1)
    )
    for content in (page, xml):
        assert grid_of(open_content("台账.xls", content.encode(encoding), ()))[:2] == rows


def test_a_page_in_traditional_characters_is_read_as_it_says() -> None:
    page = "<html><head><meta charset=big5></head><table><tr><td>戶主姓名</td></tr></table></html>"
    assert grid_of(open_content("名單.xls", page.encode("cp950"), ())) == [["戶主姓名"]]


@pytest.mark.parametrize("ending", ["xls", "xlsx", "csv", "txt"])
@pytest.mark.parametrize("delimiter", list("\t,;|"))
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_text_is_a_table_whatever_it_is_called(
    ending: str, delimiter: str, encoding: str
) -> None:
    content = text(*GRID, delimiter=delimiter).encode(encoding)
    assert grid_of(open_content(f"台账.{ending}", content, ())) == GRID


@pytest.mark.parametrize("delimiter", list("\t,;|"))
@given(data=st.data())
def test_what_parts_the_cells_is_what_parts_most_lines_alike(
    delimiter: str, data: st.DataObject
) -> None:
    others = "".join(set("\t,;|") - {delimiter})
    remarks = st.text(st.sampled_from(others + "管网老化"), max_size=30).map(
        lambda words: f"注{words}注"
    )
    rows = [[*row, data.draw(remarks)] for row in ROWS]
    content = text(["台账"], [*HEAD, "情况说明"], *rows, delimiter=delimiter)
    found = grid_of(open_content("台账.csv", content.encode(), ()))
    assert [row for row in found if row[1]] == [[*HEAD, "情况说明"], *rows]


OPEN = [f'"{cell}' for cell in ("备注", "大口径管", "“旧”管", "")]


@pytest.mark.parametrize("begin", OPEN)
@pytest.mark.parametrize("place", [0, 3, 8])
@pytest.mark.parametrize("further", [[], [4], [2, 3, 4], [150]])
def test_a_quotation_mark_that_is_never_closed_takes_no_row_along(
    begin: str, place: int, further: list[int]
) -> None:
    rows = [[*ROWS[n % 3], "注"] for n in range(200)]
    for number in [1, *further]:
        rows[number][place] = begin
    (sheet,) = open_content("台账.csv", text([*HEAD, "备注"], *rows).encode(), ()).sheets
    found = sheet.head(len(sheet.numbers))
    assert len(found) == 201
    assert list(sheet.numbers) == list(range(1, 202))
    assert [[cell.strip('"') for cell in row] for row in found[1:]] == [
        [c.strip('"') for c in row] for row in rows
    ]


def test_a_quotation_mark_that_another_row_closes_takes_none_of_them_along() -> None:
    rows = [[*row, "注"] for row in (*ROWS, *ROWS)]
    rows[1][8], rows[3][8], rows[4][3] = '"管一', '管二"', '上村"'
    (sheet,) = open_content("台账.csv", text([*HEAD, "备注"], *rows).encode(), ()).sheets
    assert len(sheet.numbers) == 7


def test_cells_of_several_lines_and_guarded_delimiters_stay_whole() -> None:
    rows = [
        ["甲\r\n小明", *ROWS[0][1:], "一,二\r\n三,四"],
        [*ROWS[1], 'a "b" c'],
        [*ROWS[2], "x\n\n,,,\ny"],
    ]
    guarded = [
        ['"' + cell.replace('"', '""') + '"' for cell in row] for row in [[*HEAD, "备注"], *rows]
    ]
    (sheet,) = open_content("台账.csv", text(*guarded).encode(), ()).sheets
    assert sheet.head(4) == [[*HEAD, "备注"], *rows]
    assert list(sheet.numbers) == [1, 2, 5, 6]


def test_a_line_whose_columns_are_in_doubt_is_named_and_nothing_of_it_quoted() -> None:
    rows = [[*row, "注"] for row in ROWS]
    rows[1] = [*ROWS[1][:4], '"C,D"E,"', *ROWS[1][5:], "注"]
    with pytest.raises(FileRefused, match="第 3 行有一个引号没有配对") as refusal:
        open_content("台账.csv", text([*HEAD, "备注"], *rows).encode(), ())
    assert ROWS[1][0] not in str(refusal.value)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("spoilt", [[1], [1, 2, 3], range(1, 60)])
def test_half_a_character_spoils_its_cell_only(encoding: str, spoilt: range | list[int]) -> None:
    grid = [HEAD, *(ROWS[n % 3] for n in range(60))]
    lines = [",".join(row).encode(encoding) for row in grid]
    for number in spoilt:
        whole, half = (ROWS[(number - 1) % 3][3].encode(encoding)[: -cut or None] for cut in (0, 1))
        lines[number] = lines[number].replace(b"," + whole + b",", b"," + half + b",")
    found = grid_of(open_content("台账.csv", b"\n".join(lines) + b"\n", ()))
    assert [[*row[:3], *row[4:]] for row in found] == [[*row[:3], *row[4:]] for row in grid]
    assert ["\ufffd" in str(row[3]) for row in found] == [number in spoilt for number in range(61)]


def test_a_text_that_ends_within_a_character_has_not_come_whole() -> None:
    content = text(*GRID * 30).encode("gb18030") + "甲".encode("gb18030")[:1]
    with pytest.raises(FileRefused, match="没有传完"):
        open_content("台账.csv", content, ())


STRAY = [
    "说明.doc",
    "Desktop.ini",
    "THUMBS.DB",
    "快捷方式.LNK",
    "网址.url",
    "导出.log",
    "安装.exe",
    "~$台账.xlsx",
    ".DS_Store",
]


def test_what_is_no_table_is_passed_over_beside_one_and_in_an_archive(tmp_path: Path) -> None:
    for name in ["台账.csv", *STRAY]:
        (tmp_path / name).write_bytes(CSV)
    tables, others = parts_and_others(find_files(tmp_path))
    assert [path.name for path in tables] == ["台账.csv"]
    told = {"说明.doc", "快捷方式.LNK", "网址.url", "导出.log", "安装.exe"}
    assert {name for name, _ in others} == told, "what no person put there is not told"
    opened = open_content(
        "报送.zip",
        packed([("九月/台账.csv", CSV), *((f"九月/{name}", b"x") for name in STRAY)]),
        (),
    )
    assert grid_of(opened) == GRID
    assert {name for name, _ in opened.ignored} == {f"报送.zip/九月/{name}" for name in told}


@pytest.mark.parametrize("nothing", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe\r\n"])
def test_an_empty_file_is_told_and_takes_nothing_along(tmp_path: Path, nothing: bytes) -> None:
    path = tmp_path / "新建文本文档.txt"
    path.write_bytes(nothing)
    with pytest.raises(FileRefused, match=r"新建文本文档\.txt”是空的") as refusal:
        worker.open_file(path)
    assert refusal.value.code == "empty", "whoever reads it beside others passes it over"
    archive = open_content(
        "报送.zip", packed([("新建文本文档.txt", nothing), ("台账.csv", CSV)]), ()
    )
    assert grid_of(archive) == GRID
    assert archive.ignored == (("报送.zip/新建文本文档.txt", "是空的"),)
    with pytest.raises(FileRefused, match=r"报送\.zip”里没有表格"):
        open_content("报送.zip", packed([("新建文本文档.txt", nothing)]), ())


@pytest.mark.parametrize("method", [1, 6, 9, 93, 95, 97, 98])
def test_a_zip_of_another_method_is_to_be_packed_in_the_usual_way(method: int) -> None:
    for content in (with_method(method), with_method(method, "台账.xlsx", xlsx())):
        with pytest.raises(FileRefused, match=r"压缩方法.*重新压缩") as refusal:
            open_content("报送.zip", content, (PASSWORD,))
        assert "密码" not in str(refusal.value)
    with pytest.raises(FileRefused, match="打不开"):
        open_content("台账.xlsx", with_method(method, "xl/workbook.xml"), ())


def test_names_within_a_zip_are_shown_as_they_were_written() -> None:
    names = [("九月/石桥镇.csv".encode(encoding), CSV) for encoding in ("gb18030", "utf-8")]
    assert {sheet.file for sheet in open_content("报送.zip", zip_of_names(*names), ()).sheets} == {
        "报送.zip/九月/石桥镇.csv"
    }


def test_files_in_folders_are_kept_each_under_a_name_of_its_own(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    for place, content in {
        "台账.csv": CSV,
        "补报/台账.csv": CSV * 2,
        "补报/二/台账.xls": xls(),
        ".tmp/台账.csv": b"x",
        "__MACOSX/台账.csv": b"x",
        "补报/~$台账.csv": b"x",
        "补报/半份.part": b"x",
        "补报_台账.csv": CSV * 3,
    }.items():
        (inbox / place).parent.mkdir(parents=True, exist_ok=True)
        (inbox / place).write_bytes(content)
    (inbox / "别处").symlink_to("/etc")
    found = find_files(inbox)
    assert [str(path.relative_to(inbox)) for path in found] == [
        "台账.csv",
        "补报/二/台账.xls",
        "补报/台账.csv",
        "补报_台账.csv",
    ]
    names = [name for _, name in named(found)]
    assert names == ["台账.csv", "补报_二_台账.xls", "补报_台账.csv", "_补报_台账.csv"]
    keys = Keys(tmp_path / "keys", "")
    keys.make()
    arrival = arrive(found, [], lambda _: [])
    keep(keys, arrival.files, tmp_path / arrival.content, plain=True)
    kept = {
        path.name: keys.open_file(path.read_bytes())
        for path in (tmp_path / arrival.content).iterdir()
    }
    assert kept == {name: path.read_bytes() for path, name in named(found)}
    before = fingerprint(found)
    (inbox / "补报/台账.csv").rename(inbox / "补报/二/台账.csv")
    assert fingerprint(find_files(inbox)) != before, "another folder is another name"
    shutil.rmtree(inbox / "补报")
    assert find_files(inbox / "补报") == []


def test_thousands_of_files_are_to_be_put_together(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(files.MOST_FILES + 1)]
    assert len(parts_and_others(paths[:-1])[0]) == files.MOST_FILES
    with pytest.raises(FileRefused, match="501 个文件，最多读 500 个"):
        parts_and_others(paths)


@pytest.mark.parametrize("content", [CSV, xlsx(), xls()])
def test_more_different_cells_than_can_be_held_are_refused(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_DISTINCT", 40)
    assert isinstance(worker.answer(content, "台账.csv", ()), Opened)
    twice = packed([("甲.csv", CSV), ("乙.csv", CSV)])
    assert worker.answer(twice, "报送.zip", ())[0] == "too_large", "all sheets together count"
    monkeypatch.setattr(sheets, "MOST_DISTINCT", 20)
    assert "单元格太多" in worker.answer(content, "台账.csv", ())[1]
    monkeypatch.setattr(sheets, "_AT_ONCE", 1)
    with pytest.raises(FileRefused, match="单元格太多"):
        open_content("台账.csv", content, ())


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "大.csv"
    path.touch()
    os.truncate(path, worker.FILE_LIMIT + 1)
    with pytest.raises(FileRefused, match="超过 512 MiB"):
        worker.open_file(path)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("甲某532999197006084662.xlsx", "甲某532999********4662.xlsx"),
        ("53299919700608466X回执", "532999********466X回执"),
        ("532999700608466", "532999*****8466"),
        ("电话13800000001.csv", "电话138****0001.csv"),
        ("台账20260901083000（更正2）.xlsx", "台账20260901083000（更正2）.xlsx"),
        ("2026-09台账.csv", "2026-09台账.csv"),
    ],
)
def test_a_message_shows_no_whole_number_of_a_file_name(name: str, shown: str) -> None:
    assert masked(name) == shown
    assert shown in str(refused("unreadable", name, "打不开。"))


def test_no_refusal_of_a_file_shows_a_whole_number_of_its_name(tmp_path: Path) -> None:
    number = ROWS[0][1]
    for ending, content in {
        "xlsx": b"PK\x03\x04x",
        "xls": xls()[:700],
        "csv": bytes(900),
        "txt": os.urandom(3000),
        "zip": with_method(9),
        "pdf": b"%PDF",
        "ods": packed([("content.xml", b"<")]),
        "mht": b"MIME-Version: 1.0\r\n\r\nx",
    }.items():
        path = tmp_path / f"{number}.{ending}"
        path.write_bytes(content)
        with pytest.raises(FileRefused) as refusal:
            worker.open_file(path)
        assert number not in str(refusal.value)
        assert f"{number[:6]}********{number[-4:]}.{ending}" in str(refusal.value)
