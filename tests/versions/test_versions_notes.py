"""What a department's receipt tells beside the rows, and a refusal that is judged anew."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest
from openpyxl import load_workbook
from water_department import Water, rows

from shouwang.core.errors import FileRefused, MachineFault
from shouwang.core.month import Month
from shouwang.store import submissions
from shouwang.submissions import handover, receiving
from shouwang.workspace.workspace import load_workspace


def receipt_text(water: Water, version: int = 1) -> str:
    """Every cell of a receipt."""
    book = load_workbook(water.receipt(version))
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    return "\n".join(str(value) for value in cells if value)


def test_a_receipt_names_the_files_that_were_not_read_and_the_lines_that_are_no_rows(
    water: Water,
) -> None:
    water.put([*rows()[:8], ["上河村", *[""] * 7], *rows()[8:], ["合计", *[""] * 7]])
    (water.inbox / "说明.txt").write_text("请查收", encoding="utf-8")
    (water.inbox / "Desktop.ini").write_text("[ViewState]\n", encoding="utf-8")
    assert water.receive()["rows"] == 20
    assert "没有读取的文件和工作表" in receipt_text(water)
    assert "说明.txt（没有认得的表头）" in receipt_text(water)
    assert "不作为数据的行" in receipt_text(water)
    assert "台账.csv第 10 行（小标题或说明行，共 1 行）" in receipt_text(water)
    assert "第 23 行" in receipt_text(water)


def test_a_receipt_of_a_table_alone_speaks_of_nothing_else(water: Water) -> None:
    water.put(rows())
    water.receive()
    assert "没有读取" not in receipt_text(water)
    assert "不作为数据" not in receipt_text(water)


def test_a_refusal_that_was_our_mistake_is_judged_anew_when_asked_and_its_report_is_made_anew(
    water: Water, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise FileRefused("no_header", "文件“台账.csv”里没有找到表头。")

    water.put(rows())
    with monkeypatch.context() as patch:
        patch.setattr(receiving, "read_files", mistaken)
        assert water.receive()["status"] == "refused"
    (refusal,) = water.receipt(1).parent.iterdir()
    assert "整份退回" in "".join(str(c.value) for row in load_workbook(refusal).active for c in row)
    assert water.receive()["status"] == "refused", "the same bytes are remembered"
    done = handover.receive("2026-09", "water", again=True)
    assert (done["status"], done["version"], done["accepted"]) == ("loaded", 1, 20)
    assert "已接收，为本月第 1 版，入库 20 行" in receipt_text(water)
    assert water.receive()["status"] == "unchanged"


@pytest.mark.parametrize("fault", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ENOSPC])
def test_a_fault_of_ours_while_our_copy_is_read_leaves_no_refusal_and_no_receipt(
    water: Water, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(fault, os.strerror(fault))

    water.put(rows())
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", fails)
        with pytest.raises(MachineFault, match=os.strerror(fault)):
            water.receive()
    assert not list((water.home / "outbox").rglob("*.xlsx"))
    with load_workspace().database.read() as connection:
        assert submissions.versions(connection, Month.parse("2026-09"), "water") == []
    assert water.receive()["status"] == "loaded"
