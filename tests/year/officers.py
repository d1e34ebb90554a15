"""Township officers who fill their lists in, all of them, one or two rows so that they cannot be
taken.

What an officer finds at a household follows from the clue number and the list's month alone, so
that the same clue is answered alike in every telling of the year.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from pathlib import Path
from typing import IO

import openpyxl

from shouwang.core.month import Month

FINDINGS = {
    "01": 0.03,
    "02": 0.01,
    "03": 0.004,
    "04": 0.09,
    "06": 0.03,
    "07": 0.01,
    "08": 0.008,
    "09": 0.008,
    "12": 0.006,
    "13": 0.02,
}
"""Shares of the conclusions; the rest is 05, no risk found."""
TEXTS = {
    "01": "01 拟纳入监测",
    "02": "02 已是监测对象，补充措施",
    "03": "03 已消除风险，需回退",
    "04": "04 存在困难但可自行应对，暂不纳入",
    "05": "05 未发现风险",
    "06": "06 转行业部门办理",
    "07": "07 已死亡",
    "08": "08 查无此人或身份信息有误",
    "09": "09 户口迁出",
    "12": "12 不符合条件（负面情况属实）",
    "13": "13 部门数据有误",
}
REASONS = {
    "01": "",
    "02": "",
    "03": "病情复发",
    "04": "子女在外务工可负担，2026-12-20 再访",
    "05": "入户看过，费用已由亲属承担",
    "06": "转医保局办理二次报销",
    "07": "2026-03-05",
    "08": "应为同组另一户",
    "09": "迁往外县",
    "12": "商品房",
    "13": "金额与结算单不符",
}


def conclusion(clue_no: str, month: Month) -> str:
    """What is found at a clue of a month's list."""
    luck = random.Random(hashlib.sha256(f"{clue_no}|{month}".encode()).hexdigest())
    return luck.choices([*FINDINGS, "05"], [*FINDINGS.values(), 1 - sum(FINDINGS.values())])[0]


def fill_in(source: IO[bytes], target: Path, month: Month, on: dt.date, wrong: int = 0) -> int:
    """Fill a township's list in as it comes back, the first ``wrong`` rows so that they cannot be
    taken; so many rows."""
    workbook = openpyxl.load_workbook(source)
    sheet = workbook["预警名单"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "线索编号")
    place = {str(cell.value): cell.column for cell in head}
    answered = 0
    for row in range(head[0].row + 1, sheet.max_row + 1):
        clue_no = sheet.cell(row, place["线索编号"]).value
        if not isinstance(clue_no, str) or clue_no[4:5] != "-":
            continue
        code = conclusion(clue_no, month)
        written = {
            "核查结论": TEXTS[code],
            "原因说明": REASONS[code],
            "核查日期": on,
            "核查人": "赵干部",
            "拟帮扶措施": "健康帮扶" if code in ("01", "02") else "",
        }
        answered += 1
        if answered <= wrong:
            written["核查结论" if answered % 2 else "核查日期"] = "看过了"
        for column, value in written.items():
            sheet.cell(row, place[column]).value = value or None
    target.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(target)
    return answered
