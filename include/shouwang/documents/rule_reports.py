"""The workbook of what a changed rule file would have said (试算)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from shouwang.documents.filling import fill
from shouwang.documents.paper import Paper


@dataclass(frozen=True, kw_only=True)
class TrialPaper(Paper):
    """Under which heading; it names nobody."""

    heading: str


def write_trial(
    path: Path,
    paper: TrialPaper,
    report: Mapping[str, Any],
    warnings: pd.DataFrame,
    titles: Mapping[str, str],
) -> None:
    """Write the report of `shouwang rules try` and the households on one list and not on the
    other."""
    silent = "；".join(report["silent"])
    months = [
        one["households"]
        | {
            "month": one["month"],
            "confirmed": one["confirmed"]["now"],
            "missed": len(one["confirmed"]["missed"]),
        }
        for one in report["months"]
    ]
    changed = warnings[warnings["now"].isna() != warnings["then"].isna()]
    change = changed["now"].isna().map({True: "新增", False: "减少"})
    values = {
        "heading": paper.heading,
        "note": f"{months[0]['month']} 至 {months[-1]['month']}，按户计。"
        + (f"未比较：{silent}" if silent else ""),
        "months": pd.DataFrame(months),
        "households": changed.assign(change=change),
    }
    for name in ("by_rule", "by_level", "by_township"):
        rows = [
            (f"{key} {titles.get(key, '')}".strip(), *pair.values(), pair["then"] - pair["now"])
            for key, pair in report["total"][name].items()
        ]
        values[name] = pd.DataFrame(rows, columns=["key", "now", "then", "difference"])
    fill("trial.xlsx", paper, path, values)
