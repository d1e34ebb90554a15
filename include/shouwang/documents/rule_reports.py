"""The workbook of what a changed rule file would have said (试算)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from shouwang.documents.looks import Value
from shouwang.documents.paper import Column
from shouwang.documents.report import ReportPaper, ReportTable, write_report

_NAMES = {"by_rule": "按规则", "by_level": "按等级", "by_township": "按乡镇"}
_COUNTED = (
    Column("现行规则", "now", 12, "整数"),
    Column("试算规则", "then", 12, "整数"),
    Column("增减", "difference", 12, "整数"),
)
_MONTHS = (
    Column("数据月份", "month", 12, "文本居中"),
    Column("现行户数", "now", 12, "整数"),
    Column("试算户数", "then", 12, "整数"),
    Column("新增", "gained", 10, "整数"),
    Column("减少", "lost", 10, "整数"),
    Column("已核实属实", "confirmed", 12, "整数"),
    Column("其中会漏掉", "missed", 12, "整数"),
)
_HOMES = (
    Column("数据月份", "month", 12, "文本居中"),
    Column("变化", "change", 10, "文本居中"),
    Column("乡镇", "township", 14, "文本居中"),
    Column("行政村", "village", 14, "文本居中"),
    Column("户编号", "household_id", 22, "文本居中"),
    Column("现行等级", "now", 10, "文本居中"),
    Column("试算等级", "then", 10, "文本居中"),
    Column("现行规则", "rules_now", 22, "文本"),
    Column("试算规则", "rules_then", 22, "文本"),
    Column("已核实属实的线索", "clue_no", 20, "文本居中"),
)


def write_trial(
    path: Path,
    paper: ReportPaper,
    report: Mapping[str, Any],
    warnings: pd.DataFrame,
    titles: Mapping[str, str],
) -> None:
    """Write the report of `shouwang rules try` and the households on one list and not on the
    other."""
    silent = "；".join(report["silent"])
    note = f"{report['months'][0]['month']} 至 {report['months'][-1]['month']}，按户计。" + (
        silent and f"未比较：{silent}"
    )
    months = [
        {
            "month": one["month"],
            **one["households"],
            "confirmed": one["confirmed"]["now"],
            "missed": len(one["confirmed"]["missed"]),
        }
        for one in report["months"]
    ]
    tables = [ReportTable("按月", note, _MONTHS, months)]
    for key, name in _NAMES.items():
        rows = [
            {
                "key": f"{k} {titles.get(k, '')}".strip(),
                **pair,
                "difference": pair["then"] - pair["now"],
            }
            for k, pair in report["total"][key].items()
        ]
        tables.append(
            ReportTable(name, note, (Column(name[1:], "key", 40, "文本"), *_COUNTED), rows)
        )
    changed = warnings[warnings["now"].isna() != warnings["then"].isna()]
    changed = changed.assign(change=changed["now"].isna().map({True: "新增", False: "减少"}))
    homes: list[Mapping[str, Value]] = [
        {str(k): None if pd.isna(v) else v for k, v in row.items()}
        for row in changed.to_dict("records")
    ]
    tables.append(ReportTable("增减农户", "只在其中一份名单上的农户。", _HOMES, homes))
    write_report(path, paper, tables)
