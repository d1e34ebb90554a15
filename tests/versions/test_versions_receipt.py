"""A receipt that comes back corrected, alone: its rows take the place of those that were
rejected."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl import load_workbook
from water_department import Water, rows

from shouwang.submissions.receipts import headings

QUALITY = 5


def corrected(receipt: Path, to: Path, mend: Callable[[Any], None]) -> Path:
    """A clerk opens the receipt, mends its first sheet of rejected rows and saves it where he
    likes."""
    book = load_workbook(receipt)
    mend(book["退回数据"])
    book.save(to)
    return to


def all_good(sheet: Any) -> None:
    for line in range(2, sheet.max_row + 1):
        sheet.cell(line, QUALITY, "达标")


def outcomes(water: Water) -> dict[int, str]:
    lines = water.lines()
    return dict(zip(lines["row"], lines["outcome"], strict=True))


@pytest.fixture
def returned(water: Water) -> Water:
    """Two rows of twenty were rejected."""
    water.put(rows(r5="#N/A", r9="#REF!"))
    assert water.receive()["rejected"] == 2
    return water


@pytest.mark.parametrize("original_stays", [True, False])
def test_a_corrected_receipt_leaves_no_rejected_rows(returned: Water, original_stays: bool) -> None:
    if not original_stays:
        (returned.inbox / "台账.csv").unlink()
    corrected(returned.receipt(1), returned.inbox / "改好了 (2).xlsx", all_good)
    done = returned.receive()
    assert (done["version"], done["rows"], done["rejected"], done["accepted"]) == (2, 20, 0, 20)
    lines = returned.lines()
    assert lines["row"].tolist() == list(range(2, 22))
    assert set(lines["file"]) == {"台账.csv"}
    assert lines.set_index("row")["correction"].dropna().to_dict() == {
        5: "更正1_改好了 (2).xlsx 退回数据 2",
        9: "更正1_改好了 (2).xlsx 退回数据 3",
    }
    assert set(outcomes(returned).values()) == {"matched"}


def packed(path: Path, *more: Path) -> None:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for member in (path, *more):
            archive.write(member, f"报送/{member.name}")
    path.unlink()


def test_a_receipt_in_an_archive_is_one_too(returned: Water) -> None:
    packed(corrected(returned.receipt(1), returned.inbox / "改好了.xlsx", all_good))
    done = returned.receive()
    assert (done["version"], done["rows"], done["rejected"]) == (2, 20, 0)
    assert returned.lines()["correction"].dropna().tolist() == [
        "更正1_改好了.zip/报送/改好了.xlsx 退回数据 2",
        "更正1_改好了.zip/报送/改好了.xlsx 退回数据 3",
    ]
    (returned.inbox / "台账.csv").unlink()
    assert returned.receive()["status"] == "unchanged"


def test_a_receipt_under_the_departments_password_is_one_too(returned: Water) -> None:
    (returned.home / "secrets" / "departments").mkdir(parents=True, exist_ok=True)
    (returned.home / "secrets" / "departments" / "water").touch(0o600)
    (returned.home / "secrets" / "departments" / "water").write_text("shui-2026\n")
    path = corrected(returned.receipt(1), returned.inbox / "改好了.xlsx", all_good)
    with path.open("rb") as plain, io.BytesIO() as closed:
        OOXMLFile(plain).encrypt("shui-2026", closed)
        path.write_bytes(closed.getvalue())
    assert returned.receive()["rejected"] == 0


def test_an_archive_of_a_receipt_and_other_tables_is_refused_with_advice(returned: Water) -> None:
    packed(
        corrected(returned.receipt(1), returned.inbox / "改好了.xlsx", all_good),
        returned.inbox / "台账.csv",
    )
    done = returned.receive()
    assert done["status"] == "refused"
    assert "不要和其他表格压在一个压缩包里" in done["message"]


def test_the_same_receipt_twice_changes_nothing(returned: Water) -> None:
    path = corrected(returned.receipt(1), returned.inbox / "回执.xlsx", all_good)
    returned.receive()
    assert returned.receive()["status"] == "unchanged"
    shutil.copy(path, returned.inbox / "回执 - 副本.xlsx")
    assert returned.receive()["status"] == "unchanged"
    path.unlink()
    (returned.inbox / "回执 - 副本.xlsx").unlink()
    assert returned.receive() | {"status": "unchanged", "version": 2} == returned.receive()
    assert "rejected" not in outcomes(returned).values()


def test_sorting_deleting_and_moving_columns_do_no_harm(returned: Water) -> None:
    def mend(sheet: Any) -> None:
        sheet.delete_rows(2)  # line 5 is left out
        sheet.cell(2, QUALITY, "达标")
        sheet.move_range(f"A1:A{sheet.max_row}", cols=20)

    corrected(returned.receipt(1), returned.inbox / "回执.xlsx", mend)
    done = returned.receive()
    assert (done["rows"], done["rejected"]) == (20, 1)
    assert outcomes(returned)[5] == "rejected"
    assert outcomes(returned)[9] == "matched"


def test_a_row_that_is_still_wrong_is_rejected_again_with_a_receipt_that_works(
    returned: Water,
) -> None:
    def half(sheet: Any) -> None:
        sheet.cell(2, QUALITY, "达标")
        sheet.cell(3, QUALITY, "#N/A")

    corrected(returned.receipt(1), returned.inbox / "回执.xlsx", half)
    assert returned.receive()["rejected"] == 1
    sheet = load_workbook(returned.receipt(2))["退回数据"]
    assert [cell.value for cell in sheet[1]][-3:] == ["备注", "退回原因", "回执编号"]
    assert [cell.value for cell in sheet[2]][QUALITY - 1] == "#N/A"
    assert "第 9 行" in str(sheet.cell(2, 9).value)
    corrected(returned.receipt(2), returned.inbox / "又改.xlsx", all_good)
    done = returned.receive()
    assert (done["version"], done["rows"], done["rejected"]) == (3, 20, 0)


def test_two_people_correct_copies_of_one_receipt(returned: Water) -> None:
    corrected(
        returned.receipt(1),
        returned.inbox / "甲.xlsx",
        lambda sheet: sheet.cell(2, QUALITY, "达标"),
    )
    returned.receive()
    corrected(
        returned.receipt(1),
        returned.inbox / "乙.xlsx",
        lambda sheet: sheet.cell(3, QUALITY, "达标"),
    )
    assert returned.receive()["rejected"] == 0


def test_a_copied_line_and_one_without_a_key_are_new_rows(returned: Water) -> None:
    def mend(sheet: Any) -> None:
        all_good(sheet)
        key = sheet.max_column
        for line, household in ((4, "何建国"), (5, "许秀英")):
            for column in range(1, key + 1):
                sheet.cell(line, column, sheet.cell(2, column).value)
            sheet.cell(line, 3, household)
        sheet.cell(5, key).value = None

    corrected(returned.receipt(1), returned.inbox / "回执.xlsx", mend)
    done = returned.receive()
    assert (done["rows"], done["rejected"], done["unmatched"]) == (22, 0, 2)
    added = returned.lines().tail(2)
    assert added[["file", "sheet", "row"]].to_numpy().tolist() == [
        ["更正1_回执.xlsx", "退回数据", 4],
        ["更正1_回执.xlsx", "退回数据", 5],
    ]


def test_the_receipt_of_a_refused_submission_can_be_corrected_too(water: Water) -> None:
    water.put(rows(r5="#N/A", r6="#N/A", r7="#N/A"))
    assert water.receive()["status"] == "refused"
    corrected(water.receipt(1), water.inbox / "回执.xlsx", all_good)
    done = water.receive()
    assert (done["status"], done["version"], done["rows"], done["rejected"]) == ("loaded", 2, 20, 0)


def test_a_unit_above_the_headings_stands_in_them_on_the_receipt() -> None:
    sheet = {"titles": ["姓名", "金额", "自付(元)"], "columns": {"name": 0, "amount": 1, "self": 2}}
    assert headings(sheet | {"factors": {"amount": 10_000.0, "self": 10_000.0}}) == (
        "姓名",
        "金额（万元）",
        "自付(元)",
    )


def test_new_files_replace_what_was_corrected_and_old_receipts_do_not_come_back(
    returned: Water,
) -> None:
    old = corrected(returned.receipt(1), returned.inbox / "回执.xlsx", all_good)
    returned.receive()
    returned.put(rows(r12="#N/A"))
    done = returned.receive()
    assert (done["version"], done["rejected"], done["passed_over"]) == (3, 1, ["回执.xlsx"])
    assert returned.receive()["status"] == "unchanged"
    (returned.inbox / "台账.csv").unlink()
    done = returned.receive()
    assert done["status"] == "refused"
    assert "最近一次的回执" in done["message"]
    assert outcomes(returned)[12] == "rejected"
    old.unlink()
    corrected(returned.receipt(3), returned.inbox / "新回执.xlsx", all_good)
    assert returned.receive()["rejected"] == 0


def test_a_receipt_of_somebody_else_is_turned_down(returned: Water) -> None:
    foreign = corrected(returned.receipt(1), returned.home / "别的.xlsx", all_good)
    book = load_workbook(foreign)
    for cell in list(book["退回数据"].columns)[-1][1:]:
        cell.value = "0" * 16 + str(cell.value)[16:]
    (returned.inbox / "台账.csv").unlink()
    book.save(returned.inbox / "别的.xlsx")
    assert returned.receive()["status"] == "refused"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_receipt_may_come_back_as_text(returned: Water, encoding: str) -> None:
    sheet = load_workbook(returned.receipt(1))["退回数据"]
    all_good(sheet)
    text = "\n".join(",".join(str(cell.value or "") for cell in row) for row in sheet.iter_rows())
    (returned.inbox / "回执.csv").write_text(text, encoding=encoding)
    assert returned.receive()["rejected"] == 0


def test_a_receipt_without_rejected_rows_is_no_export(water: Water) -> None:
    water.put(rows())
    water.receive()
    shutil.copy(water.receipt(1), water.inbox / "回执.xlsx")
    assert water.receive()["status"] == "unchanged"
    (water.inbox / "台账.csv").unlink()
    assert water.receive()["status"] == "unchanged"
    assert water.lines()["row"].size == 20


def test_rows_copied_out_of_a_receipt_do_not_pass_for_the_month(returned: Water) -> None:
    def without_keys(sheet: Any) -> None:
        all_good(sheet)
        sheet.delete_cols(sheet.max_column)
        sheet.title = "更正"
        del sheet.parent["回执"]

    corrected(returned.receipt(1), returned.inbox / "更正.xlsx", without_keys)
    (returned.inbox / "台账.csv").unlink()
    done = returned.receive()
    assert done["status"] == "refused"
    assert "更正.xlsx" in done["message"]
    assert len(returned.lines()) == 20
