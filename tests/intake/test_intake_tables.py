"""Where the table is, which lines are data, which file counts, and what its cells say, format by
format."""

from __future__ import annotations

import base64
import io
import subprocess
from email.encoders import encode_quopri
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest
import pyzipper
import xlsxwriter
import xlwt
from binary_workbook import xlsb
from broken_files import CSV, GRID, HEAD, ROWS, packed, saved, xls, xlsx

from demo.markup import write_ods
from shouwang.core.errors import FileRefused
from shouwang.recognition.reading import Reading, read_files
from shouwang.workspace.workspace import load_workspace

CONTRACTS = load_workspace({}).county.contracts
HOUSING = CONTRACTS["housing"]
NUMBERS = [row[1] for row in ROWS]
ENCRYPTED_BY_ZIP = (
    "UEsDBBQACwAIAEAieF3SpMUI+QAAAD8BAAAFAAAAdC5jc3Z6iqE075gv6KxGMIZPg4yoUmU06zzM+GketTmhsF8wirBqclDE88yneEa1e5yGTC"
    "970/Qh8hLc97DxZktgYWSKvbeVrMx8AiK/nGq0GsgAMm00cXSjPzFFnnEvrPDfkC/OBnx4sBgfHQWRzF6gSs+sea8k4+0VsU8RligZtNVJSXs+"
    "0jLTShvAZSFW9hhiqzy0+b9Fnn6ujtNBOoCzw+3xHLSP+oUUL37qdFGpEpoWQ3bZ1xnGIpwCw2CiZ/IjV7uI9KDIoSQmKn+fvm4Fb168XucCVm"
    "J3sUm82Qe9Qt2AsYbK/+usnpAIYs2PilwNz0SlVQ4yvM49ZYtQSwcI0qTFCPkAAAA/AQAAUEsBAh4DFAALAAgAQCJ4XdKkxQj5AAAAPwEAAAUA"
    "AAAAAAAAAQAAAKSBAAAAAHQuY3N2UEsFBgAAAAABAAEAMwAAACwBAAAAAA=="
)
"""`CSV` as ``zip -P wang-2026`` packs it."""


def read(path: Path, content: bytes | str, contract: str = "housing") -> Reading:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_files([path], CONTRACTS[contract])


def lines(*rows: list[str]) -> str:
    return "\n".join(",".join(row) for row in rows)


def test_an_xlsb_is_read_and_its_errors_are_no_empty_cells(tmp_path: Path) -> None:
    grid: list[list[str | float | bytes]] = [list(line) for line in GRID]
    grid[1][5] = 46027.0
    found = read(tmp_path / "台账.xlsb", xlsb(grid)).table
    assert found["id_number"].tolist() == NUMBERS
    assert found["appraised"].dt.strftime("%Y-%m-%d").tolist() == [
        "2026-01-05",
        "2026-01-06",
        "2026-01-07",
    ]
    grid[2][4] = bytes([42])
    found = read(tmp_path / "台账.xlsb", xlsb(grid)).table
    assert found["unreadable"].fillna("").tolist() == ["", "grade", ""]


def error_xlsx(words: bool = True) -> bytes:
    def change(book: xlsxwriter.Workbook) -> None:
        page = book.worksheets()[0]
        page.write_formula(2, 4, "=NA()", None, "#N/A")
        page.write_formula(3, 1, "=1/0", None, "#DIV/0!")
        if words:
            page.write_formula(1, 4, '=IF(1,"B","")', None, "B")

    return xlsx(change)


def error_xls() -> bytes:
    book, out = xlwt.Workbook(encoding="utf-8"), io.BytesIO()
    book.add_sheet("说明").write(0, 0, "本表由系统生成")
    page = book.add_sheet("台账")
    for r, line in enumerate(GRID):
        for c, cell in enumerate(line):
            if (r, c) not in ((2, 4), (3, 1)):
                page.write(r, c, "B" if (r, c) == (1, 4) else cell)
    page.row(2).set_cell_error(4, 0x2A)
    page.row(3).set_cell_error(1, 0x07)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("ending", ["xlsx", "xls", "csv"])
def test_an_error_is_no_value_and_no_empty_cell_and_a_formula_counts_with_its_value(
    tmp_path: Path, ending: str
) -> None:
    text = lines(
        HEAD,
        [*ROWS[0][:4], "B", *ROWS[0][5:]],
        [*ROWS[1][:4], "#N/A", *ROWS[1][5:]],
        [ROWS[2][0], "#DIV/0!", *ROWS[2][2:]],
    )
    content = {"xlsx": error_xlsx(), "xls": error_xls(), "csv": text.encode()}[ending]
    table = read(tmp_path / f"台账.{ending}", content).table
    assert table["unreadable"].fillna("").tolist() == ["", "grade", ""]
    assert table["grade"].fillna("").tolist() == ["B", "", "D"]
    assert table["id_state"].tolist() == ["valid", "valid", "missing"], (
        "a number that is an error is a missing one"
    )


@pytest.mark.needs("libreoffice")
def test_what_libreoffice_saves_is_read(tmp_path: Path, soffice: str) -> None:
    (tmp_path / "台账.xlsx").write_bytes(error_xlsx(words=False))
    for ending in ("ods", "xls", "html"):
        command = [
            soffice,
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--convert-to",
            ending,
        ]
        subprocess.run(
            [*command, "--outdir", str(tmp_path / "out"), str(tmp_path / "台账.xlsx")],
            check=True,
            capture_output=True,
        )
        path = (tmp_path / "out" / f"台账.{ending}").rename(
            tmp_path / f"新.{'xls' if ending == 'html' else ending}"
        )
        table = read_files([path], HOUSING).table
        assert table["row"].tolist() == [2, 3, 4]
        assert table["unreadable"].fillna("").tolist() == ["", "grade", ""], ending
        assert table["grade"].fillna("").tolist() == ["A", "", "D"]


@pytest.mark.parametrize(
    ("before", "title", "cell", "yuan"),
    [
        ("", "保障金额", "560.5", 560.5),
        ("", "保障金额（万元）", "0.05605", 560.5),
        ("单位：万元", "保障金额", "0.05605", 560.5),
        ("单位：万元", "保障金额（元）", "560.5", 560.5),
        ("单位：万元", "保障金额", "560.5元", 560.5),
        ("", "保障金额（万元）", "0.05605万", 560.5),
        ("（单位：千元）", "保障金额", "0.5605", 560.5),
        ("", "保障金额（单位:万元）", "0.05605", 560.5),
    ],
)
def test_the_unit_of_the_column_counts_unless_the_cell_names_its_own(
    tmp_path: Path, before: str, title: str, cell: str, yuan: float
) -> None:
    head = ["姓名", "身份证号", "救助类别", title, "起始日期", "状态"]
    row = [*ROWS[0][:2], "农村低保", cell, "2024-01-01", "在保"]
    table = read(tmp_path / "名册.csv", lines([before], head, row), "civil_affairs").table
    assert table["amount"].tolist() == [yuan]


def test_two_tiers_may_only_together_say_what_a_column_is(tmp_path: Path) -> None:
    upper = [
        "结算流水号",
        "姓名",
        "身份证号",
        "就诊类别",
        "入院",
        "",
        "结算日期",
        "费用（万元）",
        "",
        "",
    ]
    lower = ["", "", "", "", "日期", "科室", "", "医疗总费用", "统筹支付", "个人自付"]
    row = ["J1", *ROWS[0][:2], "住院", "2026-09-01", "内科", "2026-09-05", "1.5", "1", "0.5"]
    found = read(tmp_path / "结算.csv", lines(upper, lower, row), "medical_insurance")
    assert found.table[["row", "total", "self_paid"]].to_numpy().tolist() == [[3, 15000, 5000]]
    assert found.table["admitted"].dt.day.tolist() == [1]
    assert found.sheets[0].ignored_columns == ("科室",)


def test_lines_that_are_no_data_are_passed_over_and_told(tmp_path: Path) -> None:
    text = lines(
        ["住房台账"],
        ["填报单位：住建局", "单位：户"],
        ["序号", *HEAD],
        ["1", *ROWS[0]],
        [""],
        ["", "水磨乡小计", "", "2户"],
        ["序号", *HEAD],
        ["2", *ROWS[1]],
        ["3"],
        ["4"],
        ["住房台账"],
        ["3", *ROWS[2]],
        ["合  计（户）", "", "", "3"],
        ["注：以上为动态监测数据"],
        ["填表人：甲某", "", "审核人：乙某"],
        ["第 1 页 共 1 页"],
    )
    found = read(tmp_path / "台账.csv", text)
    assert found.table["row"].tolist() == [4, 8, 12]
    kinds = dict(found.sheets[0].passed_over)
    assert kinds == {
        6: "合计行",
        7: "重复的表头",
        9: "只有序号",
        10: "只有序号",
        11: "重复的表头",
        13: "合计行",
        14: "签字或说明行",
        15: "签字或说明行",
        16: "签字或说明行",
    }
    assert found.cells()["1"].tolist() == [row[0] for row in ROWS]


def test_a_place_merged_over_several_rows_counts_for_each_but_an_amount_does_not(
    tmp_path: Path,
) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(
            0, 0, ["乡镇", "姓名", "身份证号", "救助类别", "保障金额", "起始日期", "状态"]
        )
        for r, row in enumerate(ROWS, 1):
            page.write_row(r, 1, [*row[:2], "农村低保", "", "2024-01-01", "在保"])
        page.merge_range(1, 0, 2, 0, "水磨乡")
        page.write(3, 0, "石桥镇")
        page.merge_range(1, 4, 2, 4, 800)
        page.write(3, 4, 300)
    table = read(tmp_path / "名册.xlsx", out.getvalue(), "civil_affairs").table
    assert table["township"].tolist() == ["水磨乡", "水磨乡", "石桥镇"]
    assert table["amount"].fillna(0).tolist() == [800, 0, 300]


def test_sums_and_words_beside_the_table_are_ignored_and_told_but_a_table_without_its_columns_is_not(
    tmp_path: Path,
) -> None:
    def summary(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet("汇总")
        page.write_row(0, 0, ["乡镇", "鉴定等级", "鉴定日期", "改造状态", "户数"])
        page.write_row(1, 0, ["水磨乡", "C", "2026-01-05", "未改造", 3])

    found = read(tmp_path / "台账.xlsx", xlsx(summary))
    assert found.sheets_ignored == (("台账.xlsx", "汇总", "不是逐人逐户的表"),)

    def half(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet("石桥镇")
        page.write_row(0, 0, [*HEAD[:4], *HEAD[5:]])
        page.write_row(1, 0, [*ROWS[0][:4], *ROWS[0][5:]])

    with pytest.raises(FileRefused, match="工作表“石桥镇”缺少必需的列：“鉴定等级”"):
        read(tmp_path / "台账.xlsx", xlsx(half))


def test_parts_add_up_and_a_correction_replaces_what_it_corrects(tmp_path: Path) -> None:
    for name, row in {
        "台账1.csv": 0,
        "台账2.csv": 1,
        "台账2（更正）.csv": 2,
        "台账2（更正2）.xlsx": 1,
    }.items():
        (tmp_path / name).write_bytes(
            xlsx(grid=[HEAD, ROWS[row]])
            if name.endswith("xlsx")
            else lines(HEAD, ROWS[row]).encode()
        )
    (tmp_path / "说明.docx").write_bytes(b"PK")
    found = read_files(sorted(tmp_path.iterdir()), HOUSING)
    assert found.table[["file", "id_number"]].to_numpy().tolist() == [
        ["台账1.csv", NUMBERS[0]],
        ["台账2（更正2）.xlsx", NUMBERS[1]],
    ]
    assert {(file, why) for file, _, why in found.sheets_ignored} == {
        ("说明.docx", "不是表格文件"),
        ("台账2.csv", "已由“台账2（更正2）.xlsx”更正"),
        ("台账2（更正）.csv", "已由“台账2（更正2）.xlsx”更正"),
    }


def test_the_tables_of_an_archive_are_read_under_their_own_names(tmp_path: Path) -> None:
    members = [
        ("石桥镇/台账.csv", CSV),
        ("水磨乡/台账.xls", xls()),
        ("../../读我.md", b"#"),
        ("网页.ods", saved(write_ods, tmp_path)),
    ]
    (tmp_path / "made").unlink()
    found = read(tmp_path / "住房.zip", packed(members))
    assert found.table["file"].unique().tolist() == [
        "住房.zip/石桥镇/台账.csv",
        "住房.zip/水磨乡/台账.xls",
        "住房.zip/网页.ods",
    ]
    assert found.table["row"].tolist() == [2, 3, 4] * 3
    assert found.sheets_ignored == (("住房.zip/读我.md", "", "不是表格文件"),)


@pytest.mark.parametrize("method", [pyzipper.WZ_AES, None])
def test_an_archive_under_a_password_opens_with_the_departments_own(
    tmp_path: Path, method: str | None
) -> None:
    path = tmp_path / "住房.zip"
    if method:
        with pyzipper.AESZipFile(path, "w", pyzipper.ZIP_DEFLATED, encryption=method) as archive:
            archive.setpassword(b"wang-2026")
            archive.writestr("台账.csv", CSV)
            archive.writestr("台账.xlsx", xlsx())
    else:  # as the program zip encrypts, which no library of Python writes
        path.write_bytes(base64.b64decode(ENCRYPTED_BY_ZIP))
    found = read_files([path], HOUSING, ("another", "wang-2026")).table
    assert found["id_number"].tolist()[:3] == NUMBERS
    for passwords, why in (((), "没有存"), (("another",), "打不开")):
        with pytest.raises(FileRefused, match=why) as refusal:
            read_files([path], HOUSING, passwords)
        assert refusal.value.code == "encrypted"
    if method:
        whole = path.read_bytes()
        path.write_bytes(whole[:120] + bytes(20) + whole[140:])
        with pytest.raises(FileRefused, match="打不开"):
            read_files([path], HOUSING, ("wang-2026",))


@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize("charset", ["utf-8", "gb2312"])
def test_a_web_archive_saved_as_xls_is_its_tables(tmp_path: Path, pages: int, charset: str) -> None:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in GRID)
    page = f"<html><head><meta charset={charset}></head><body><table>{rows}</table></body></html>".encode(
        charset
    )
    mail = MIMEMultipart("related")
    cover = MIMEText('<html><frameset><frame src="sheet001.htm"></frameset></html>', "html")
    for number, content in enumerate([cover.get_payload(decode=True), *[page] * pages]):
        part = MIMENonMultipart("text", "html", charset=charset)
        part["Content-Location"] = f"file:///C:/DEAD/book.files/sheet{number:03d}.htm"
        part.set_payload(content)
        encode_quopri(part)
        mail.attach(part)
    found = read(tmp_path / "台账.xls", mail.as_bytes()).table
    assert found["id_number"].tolist() == NUMBERS * pages
    assert found["sheet"].unique().tolist() == [
        f"sheet{number:03d}.htm" for number in range(1, pages + 1)
    ]
    half = mail.as_bytes()
    with pytest.raises(FileRefused, match="另存为 xlsx"):
        read(
            tmp_path / "半份.xls",
            half[: half.index(b"=3Ctable") if b"=3Ctable" in half else half.index(b"<table")],
        )


@pytest.mark.parametrize(
    "written",
    ['="{}"', '"=""{}"""', "\t{}", "'{}", " {}\u200b", '"{}"', "{}"],
    ids=lambda text: text.strip(),
)
def test_however_a_text_file_guards_a_number_it_is_the_number(tmp_path: Path, written: str) -> None:
    for separator in ",\t;":
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"):
            if written.startswith("\t") and separator == "\t":
                continue
            rows = [[row[0], written.format(row[1]), *row[2:]] for row in ROWS]
            text = "\r\n".join(separator.join(row) for row in [HEAD, *rows])
            table = read(tmp_path / "台账.txt", text.encode(encoding)).table
            assert table["id_number"].tolist() == NUMBERS, (separator, encoding)
            assert table["row"].tolist() == [2, 3, 4]


def test_a_page_keeps_its_rows_where_cells_span(tmp_path: Path) -> None:
    cells = "".join(f"<th>{word}</th>" for word in HEAD[4:])
    rows = "".join(
        "<tr>" + "".join(f"<td x:str>{cell}&nbsp;</td>" for cell in row[:3] + row[4:]) + "</tr>"
        for row in ROWS[:1]
    )
    page = (
        f"<table><tr><td colspan=8>台账</td></tr><tr><th>户主姓名<th>身份证号<th>乡镇<th>行政村</th>{cells}</tr>"
        f"<tr><td>{ROWS[1][0]}<td>{ROWS[1][1]}<td rowspan=2>水磨乡<td>上村"
        + "".join(f"<td>{cell}" for cell in ROWS[1][4:])
        + f"</tr>{rows.replace('<td x:str>水磨乡&nbsp;</td>', '<td>下村</td>')}</table>"
    )
    table = read(tmp_path / "台账.xls", "<html>" + page + "</html>").table
    assert table[["row", "township", "village"]].to_numpy().tolist() == [
        [3, "水磨乡", "上村"],
        [4, "水磨乡", "下村"],
    ]
    assert table["grade"].tolist() == ["C", "A"]
