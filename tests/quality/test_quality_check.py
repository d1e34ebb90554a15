"""A repeat says the same in every cell; the same key with other contents is a conflict, of which
neither row stands."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.quality.check import Verdicts, check

CONTRACT = Contract.model_validate(
    {
        "department": "medical",
        "title": "医保局",
        "dataset": "bills",
        "dataset_title": "结算明细",
        "key": ["bill"],
        "columns": {
            "bill": {"type": "text", "wordings": ["结算单号"]},
            "name": {"type": "name", "wordings": ["姓名"]},
            "paid": {"type": "yuan", "wordings": ["个人自付"]},
        },
    }
)


def judged(folder: Path, *bills: tuple[str | None, str, float]) -> Verdicts:
    """The verdicts on some rows of number, name and amount, which stand from row 2 on."""
    suite = {"name": CONTRACT.slug, "expectations": []}
    (folder / f"{CONTRACT.slug}.json").write_text(json.dumps(suite), encoding="utf-8")
    table = pd.DataFrame(bills, columns=["bill", "name", "paid"])
    table = table.astype({"bill": "str", "name": "str"}).assign(file="九月.xlsx", sheet="")
    table["row"] = range(2, len(table) + 2)
    table["unreadable"] = pd.Series(None, index=table.index, dtype="str")
    return check(table, CONTRACT, folder, Month(2026, 9))


def test_the_same_key_with_another_amount_is_told_as_a_conflict(tmp_path: Path) -> None:
    verdicts = judged(tmp_path, ("A1", "张三", 3000), ("A2", "李四", 20), ("A1", "张三", 9000))
    assert verdicts.verdict.tolist() == ["rejected", "accepted", "rejected"]
    assert verdicts.reason[0] == verdicts.reason[2]
    assert "“结算单号”相同而内容不同（第 2 行、第 4 行）" in verdicts.reason[0]
    assert verdicts.bad_columns.tolist() == ["bill", "", "bill"]


def test_a_repeat_in_every_cell_is_a_duplicate(tmp_path: Path) -> None:
    verdicts = judged(tmp_path, ("A1", "张三", 3000), ("A1", "张三", 3000), (None, "李四", 5))
    assert verdicts.verdict.tolist() == ["accepted", "duplicate", "accepted"]
    assert verdicts.reason[1] == "与第 2 行完全相同"


def test_rows_without_a_key_contradict_nobody(tmp_path: Path) -> None:
    verdicts = judged(tmp_path, (None, "张三", 3000), (None, "张三", 9000))
    assert verdicts.counts()["accepted"] == 2
