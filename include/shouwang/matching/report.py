"""How a month's rows were matched: by department and method, and against a truth where there is
one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from shouwang.core.errors import UsageError
from shouwang.core.identity import mask_number
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.matching.methods import METHODS
from shouwang.store.records import identity_records
from shouwang.store.submissions import lines_of

PLACE = ["month", "department", "file", "sheet", "row"]
TRUTH = [*PLACE, "expect", "household"]


def match_report(
    connection: Connection, contracts: Iterable[Contract], month: Month
) -> list[dict[str, Any]]:
    """A line a department and method: rows, outcome, confidence, the sentence, and the first of
    them, masked."""
    found = []
    for contract in contracts:
        rows = identity_records(connection, contract, str(month))
        counted = rows.groupby("method").size()
        first = {row["method"]: row for row in rows.drop_duplicates("method").to_dict("records")}
        for code in [code for code in METHODS if code in counted.index]:
            method, one = METHODS[code], first[code]
            found.append(
                {
                    "department": contract.department,
                    "title": contract.title,
                    "method": code,
                    "outcome": method.outcome,
                    "rows": int(counted[code]),
                    "confidence": method.confidence,
                    "sentence": method.sentence,
                    "example": {
                        "file": one["file"],
                        "row": int(one["row"]),
                        "masked": _masked(one),
                    },
                }
            )
    return found


def _masked(row: dict[Any, Any]) -> str:
    name, number = (row.get(column) for column in ("name", "id_number"))
    shown = [name[:1] + "＊" * (len(name) - 1)] if isinstance(name, str) else []
    return " ".join([*shown, mask_number(number)] if isinstance(number, str) else shown)


def against_truth(connection: Connection, month: Month, path: Path) -> dict[str, Any]:
    """Precision by method, recall by department, and every error by its place; `UsageError` if
    ``path`` is no truth.

    The truth is a CSV of `TRUTH` (``expect`` match, either, review, none, reject or duplicate);
    more columns may follow.
    """
    try:
        truth = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as CSV ({type(error).__name__}).") from None
    if missing := [column for column in TRUTH if column not in truth]:
        raise UsageError(f"{path} is no truth file: it lacks the columns {', '.join(missing)}.")
    lines = lines_of(connection, month).astype({"row": "str"})
    both = truth[truth["month"] == str(month)].merge(
        lines, on=PLACE, how="left", suffixes=("_true", "")
    )
    matched = both["outcome"] == "matched"
    right = matched & (both["household_id"] == both["household"]) & (both["household"] != "")
    wanted = both["expect"] == "match"
    wrong = both[(matched & ~right) | (wanted & ~right)]
    by_method = pd.DataFrame({"method": both["method"], "matched": matched, "right": right})[
        matched
    ].groupby("method")
    by_department = pd.DataFrame({"department": both["department"], "right": right})[
        wanted
    ].groupby("department")
    precision = by_method["right"].mean()
    return {
        "rows": len(both),
        "lost": int(both["outcome"].isna().sum()),
        "wrong": int((matched & ~right).sum()),
        "blind": int((matched & (both["expect"] == "review")).sum()),
        "precision": {
            m: {"matched": len(rows), "share": round(float(precision[m]), 5)}
            for m, rows in by_method
        },
        "recall": {
            str(d): round(float(share), 5) for d, share in by_department["right"].mean().items()
        },
        "errors": [_explained(row) for row in wrong.head(200).to_dict("records")],
    }


def _explained(row: dict[Any, Any]) -> dict[str, Any]:
    method = METHODS.get(row["method"]) if isinstance(row["method"], str) else None
    return {
        "department": row["department"],
        "file": row["file"],
        "sheet": row["sheet"],
        "row": int(row["row"]),
        "expected": f"{row['expect']} {row['household']}".strip(),
        "outcome": row["outcome"],
        "household_id": row["household_id"] if isinstance(row["household_id"], str) else None,
        "method": method.code if method else None,
        "why": method.sentence if method else None,
        "damage": row.get("defect"),
    }
