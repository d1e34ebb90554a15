"""A county whose water office hands over a file that asks: two headings that may be one column, and
a strange value."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pandas as pd

from demo.county import DemoCounty
from shouwang.store import submissions
from shouwang.submissions import asking
from shouwang.workspace.workspace import load_workspace

MONTH, WHO = "2026-09", "water"
OPEN = "取水耗费"
"""May be minutes or metres: neither its words nor its cells say."""
STRANGE = "凑合"
"""No wording of the water's quality."""
HEADINGS = (
    "户主姓名",
    "乡镇",
    "行政村",
    "供水方式",
    "人均日用水量",
    "水质是否达标",
    OPEN,
    "停水天数",
)
LONG_AGO = 1_700_000_000


def ledger(county: DemoCounty, heading: str = OPEN, value: str = "达标") -> bytes:
    """The office's table of forty households."""
    people = pd.read_excel(county.registry, dtype=str, engine="calamine").drop_duplicates("户编号")[
        :40
    ]
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([heading if title == OPEN else title for title in HEADINGS])
    for number, (name, township, village) in enumerate(
        people[["姓名", "乡镇", "行政村"]].to_numpy().tolist()
    ):
        quality = value if number < 5 else "达标"
        lines.writerow(
            [name, township, village, "集中供水", 60 + number, quality, 5 + number % 30, 0]
        )
    return text.getvalue().encode()


def settlements(county: DemoCounty, unsaid: int = 100, unit: float = 1.0) -> bytes:
    """Forty settlements of the insurer; in ten of them something is paid that no column says; the
    amounts in a unit that nothing names."""
    people = pd.read_excel(county.registry, dtype=str, engine="calamine")[:40]
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(
        ["结算流水号", "姓名", "身份证号", "就诊类别", "结算日期", "总费用", "统筹支付", "个人自付"]
    )
    for number, (name, identity) in enumerate(people[["姓名", "证件号码"]].to_numpy().tolist()):
        total = 300 + (unsaid if number < 10 else 0)
        lines.writerow(
            [f"J{number:04d}", name, identity, "普通门诊", "2026-09-15"]
            + [amount / unit for amount in (total, 200, 100)]
        )
    return text.getvalue().encode()


def hand_over(inbox: Path, content: bytes, month: str = MONTH, department: str = WHO) -> Path:
    """Put a file into a department's folder, since long ago."""
    path = inbox / month / department / "台账.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def in_force(department: str = WHO) -> dict[str, int] | None:
    """The counts of a department's version in force."""
    with load_workspace().database.read() as connection:
        known = submissions.in_force(connection, MONTH).get(department)
    return known and known["counts"]


def only_question(**wanted: str) -> int:
    """The number of the one question that waits."""
    (one,) = [
        q for q in asking.questions() if all(q[key] == value for key, value in wanted.items())
    ]
    number: int = one["id"]
    return number
