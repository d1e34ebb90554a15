"""A made-up quarter as frames: what a bulletin counts, small enough to be counted by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import load_workbook

from shouwang.core.month import Month
from shouwang.documents.bulletin import Bulletin, CountTable, Figure, Section
from shouwang.statistics.bulletin import DepartmentLine
from shouwang.statistics.facts import Facts
from shouwang.workspace.workspace import Workspace

TODAY = dt.date(2026, 10, 28)
TITLES = {"medical_insurance": "医保局", "housing": "住建局", "water": "水利局"}
SIZES = {"H1": 4, "H2": 3, "H3": 5, "H4": 1, "H5": 2, "H6": 6}
_WARNED = (
    ("2026-07", "H1", "大河镇", "黄", "突发严重困难户", "因病", "新增"),
    ("2026-07", "H2", "石桥乡", "蓝", None, "住房", "新增"),
    ("2026-08", "H1", "大河镇", "红", "突发严重困难户", "因病、住房", "补充"),
    ("2026-08", "H3", "大河镇", "蓝", "边缘易致贫户", "饮水", "新增"),
    ("2026-09", "H1", "大河镇", "黄", "突发严重困难户", "因病", "重复"),
    ("2026-09", "H3", "大河镇", "红", "边缘易致贫户", "饮水、因病", "补充"),
    ("2026-09", "H4", "石桥乡", "蓝", "突发严重困难户", "住房", "新增"),
    ("2026-09", "H5", "石桥乡", "黄", "脱贫不稳定户", "因病", "新增"),
    ("2026-09", "H2", "石桥乡", "蓝", None, "住房", "重复"),
)
_SENT = (
    ("2026-07", "H1", "大河镇", "05", "没有风险", None),
    ("2026-07", "H2", "石桥乡", "12", "子女为公职人员", None),
    ("2026-08", "H1", "大河镇", "01", "属实", "健康帮扶、综合保障"),
    ("2026-08", "H3", "大河镇", "02", "", "修了水窖"),
    ("2026-09", "H3", "大河镇", "03", "返贫风险回升", "饮水安全保障、健康帮扶"),
    ("2026-09", "H4", "石桥乡", None, None, None),
    ("2026-09", "H5", "石桥乡", "04", "子女支持", None),
)
_MOVES = (
    ("2026-07", "H2", "清退", "子女为公职人员"),
    ("2026-08", "H1", "新识别", None),
    ("2026-09", "H3", "风险消除回退", None),
    ("2026-03", "H6", "风险消除", None),
)
_REGISTERED = (("H3", "大河镇", "边缘易致贫户", False), ("H6", "石桥乡", "脱贫不稳定户", True))


def facts() -> Facts:
    """January to September 2026 of six households in two townships, and a third township with
    nothing."""
    released = {f"2026-0{n}": pd.Timestamp(2026, n + 1, 12) for n in (7, 8, 9)}
    sent = pd.DataFrame(
        _SENT, columns=["month", "household_id", "township", "conclusion", "reason", "measure"]
    )
    return Facts(
        span=tuple(Month.span(Month(2026, 1), Month(2026, 9))),
        warned=pd.DataFrame(
            _WARNED,
            columns=["month", "household_id", "township", "level", "category", "risks", "outcome"],
            dtype="str",
        ),
        by_department=pd.DataFrame(
            [
                ("2026-09", "H1", "medical_insurance"),
                ("2026-09", "H3", "water"),
                ("2026-09", "H3", "medical_insurance"),
                ("2026-09", "H4", "housing"),
                ("2026-09", "H5", "medical_insurance"),
                ("2026-09", "H2", "housing"),
            ],
            columns=["month", "household_id", "department"],
            dtype="str",
        ),
        sent=sent.assign(
            clue_no=sent["month"].str.slice(2, 7) + sent["household_id"],
            released_on=sent["month"].map(released),
            due=sent["month"].map(released) + pd.Timedelta(days=7),
            confirmed=sent["conclusion"].isin(["01", "02", "03"]),
        ).astype({"conclusion": "str", "reason": "str", "measure": "str"}),
        moves=pd.DataFrame(
            _MOVES, columns=["month", "household_id", "movement", "reason"], dtype="str"
        ),
        registered=pd.DataFrame(
            _REGISTERED, columns=["household_id", "township", "monitored", "removed"]
        ),
        sizes=pd.Series(SIZES),
        townships=("大河镇", "石桥乡", "双龙镇"),
    )


def departments() -> list[DepartmentLine]:
    """One department on time, one late, one missing."""
    return [
        DepartmentLine("医保局", 1, 0, 0, 1250, 25, 40, 1),
        DepartmentLine("住建局", 1, 0, 1, 900, 9, 0, 0),
        DepartmentLine("水利局", 1, 1, 0, 0, 0, 0, 0),
    ]


def bulletin(**changes: Any) -> Bulletin:
    """A bulletin of one section, one table and no chart."""
    parts: dict[str, Any] = {
        "title": "关于2026年9月的通报",
        "office": "清源县农业农村局",
        "addressed": "各乡镇：",
        "prepared_on": TODAY,
        "issue": "月度通报　2026年第9期",
        "sections": (Section("一、总体情况", ("第一段。", "第二段。")),),
        "tables": (
            CountTable(
                "各乡镇",
                ("乡镇", "户"),
                [["大河镇", 1234], ["合计", 1234]],
                total=True,
                note="一户计一次。",
            ),
        ),
        "figures": (),
    }
    return Bulletin(**{**parts, **changes})


def figure(chart: str) -> Figure:
    """A figure around a chart."""
    return Figure("各类风险", chart, "按风险类型。")


@dataclass(frozen=True)
class Told:
    """The county's workspace after its months, and everybody in its registry."""

    workspace: Workspace
    people: pd.DataFrame


def cells(path: Path) -> str:
    """A workbook as text: each cell that says something or may be filled in, with its place, style,
    lock and value."""
    lines = []
    for sheet in load_workbook(path):
        lines.append(f"# {sheet.title}")
        for cell in (
            c
            for row in sheet.iter_rows()
            for c in row
            if c.value is not None or not c.protection.locked
        ):
            said: Any = str(cell.value).replace("\n", "⏎")
            lines.append(
                f"{cell.coordinate} [{cell.style}, {'locked' if cell.protection.locked else 'open'}] {said}"
            )
    return "\n".join(lines) + "\n"
