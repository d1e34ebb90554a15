"""The scorecard (数据质量评分卡) as a workbook: one sheet a department, one row a month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from shouwang.documents.filling import fill
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target
from shouwang.documents.template import specs

_STATES = {"in force": "已接收", "refused": "整份退回"}


def write_scorecard(path: Target, paper: Paper, card: Sequence[dict[str, Any]]) -> None:
    """Write the lines of `shouwang.statistics.scorecards.score`, a sheet for each department."""
    rows = pd.DataFrame([_printed(line) for line in card])
    columns = [*specs()["scorecard.xlsx"].lists["departments"].tables["rows"]]
    sheets = [
        {"title": title, "rows": lines.reindex(columns=columns)}
        for title, lines in (rows.groupby("title", sort=False) if len(rows) else ())
    ]
    nothing = {"title": "还没有部门报送过数据", "rows": pd.DataFrame(columns=columns)}
    fill("scorecard.xlsx", paper, path, {"departments": sheets or [nothing]})


def _printed(line: dict[str, Any]) -> dict[str, Any]:
    rows, rejected = line["rows"], line["rejected"]
    return line | {
        "state": _STATES[line["status"]],
        "share": f"{rejected / rows:.1%}" if rows and rejected is not None else None,
        "warnings": "\n".join(line["warnings"]) or None,
        "guesses": "\n".join(line["guesses"]) or None,
        "ignored": "、".join(line["ignored"]) or None,
    }
