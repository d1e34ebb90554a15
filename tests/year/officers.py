"""Township officers as they are: most lists come back filled in and on time, some late, some wrong,
some never.

What an officer finds at a household follows from the clue number and the list's month alone, so
that the same clue is answered alike in every telling of the year.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from dataclasses import dataclass
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
NEVER, WRONG = 0.06, 0.05
"""Shares of rows that are left blank for good, and of rows filled in so that they cannot be
taken."""
CONFIRMED = ("01", "02", "03")
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


@dataclass(frozen=True)
class Answer:
    """What an officer writes beside a clue; ``good`` when the rules for filling in are kept."""

    clue_no: str
    conclusion: str
    good: bool


def finding(clue_no: str, month: Month) -> Answer | None:
    """What is found at a clue of a month's list; none if nobody ever goes."""
    luck = random.Random(hashlib.sha256(f"{clue_no}|{month}".encode()).hexdigest())
    draw = luck.random()
    if draw < NEVER:
        return None
    chosen = luck.choices([*FINDINGS, "05"], [*FINDINGS.values(), 1 - sum(FINDINGS.values())])[0]
    return Answer(clue_no, chosen, draw >= NEVER + WRONG)


def late(township: str, month: Month) -> bool:
    """Whether a township's list of a month comes back a month late."""
    return random.Random(f"{township}|{month}").random() < 0.25


def silent(township: str, month: Month) -> bool:
    """Whether a township never sends the list of a month back."""
    return random.Random(f"never|{township}|{month}").random() < 0.1


def dutiful(clue_no: str, month: Month) -> str:
    """The conclusion of an officer who goes to every household."""
    luck = random.Random(hashlib.sha256(f"{clue_no}|{month}".encode()).hexdigest())
    return luck.choices([*FINDINGS, "05"], [*FINDINGS.values(), 1 - sum(FINDINGS.values())])[0]


def fill_in(
    source: IO[bytes], target: Path, month: Month, on: dt.date, wrong: int | None = None
) -> list[Answer]:
    """Fill a township's list in as it would come back; what was answered, in the list's order.

    ``wrong``: every row is answered, so many of the first so that they cannot be taken; none leaves
    it to luck.
    """
    workbook = openpyxl.load_workbook(source)
    sheet = workbook["预警名单"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "线索编号")
    place = {str(cell.value): cell.column for cell in head}
    answers = []
    for row in range(head[0].row + 1, sheet.max_row + 1):
        clue_no = sheet.cell(row, place["线索编号"]).value
        if not isinstance(clue_no, str) or clue_no[4:5] != "-":
            continue
        answer = finding(clue_no, month)
        if wrong is not None:
            answer = Answer(clue_no, dutiful(clue_no, month), good=len(answers) >= wrong)
        if answer is None:
            continue
        answers.append(answer)
        written = {
            "核查结论": TEXTS[answer.conclusion],
            "原因说明": REASONS[answer.conclusion],
            "核查日期": on,
            "核查人": "赵干部",
            "拟帮扶措施": "健康帮扶" if answer.conclusion in ("01", "02") else "",
        }
        if not answer.good:
            written["核查结论" if len(answers) % 2 else "核查日期"] = "看过了"
        for column, value in written.items():
            sheet.cell(row, place[column]).value = value or None
    target.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(target)
    return answers
