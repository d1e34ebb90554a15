"""How a month's rows were matched: by department and method."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from shouwang.core.identity import mask_number
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.matching.methods import METHODS
from shouwang.store.records import identity_records


def match_report(
    connection: Connection, contracts: Iterable[Contract], month: Month
) -> list[dict[str, Any]]:
    """A line a department and method: rows, outcome, confidence, the sentence, and the first of
    them, masked."""
    lines = []
    for contract in contracts:
        rows = identity_records(connection, contract, str(month))
        counts = rows.groupby("method").size()
        first = {
            str(row["method"]): row for row in rows.drop_duplicates("method").to_dict("records")
        }
        for method in (METHODS[code] for code in METHODS if code in first):
            row = first[method.code]
            lines.append(
                {
                    "department": contract.department,
                    "title": contract.title,
                    "method": method.code,
                    "outcome": method.outcome,
                    "rows": int(counts[method.code]),
                    "confidence": method.confidence,
                    "sentence": method.sentence,
                    "example": {
                        "file": row["file"],
                        "row": int(row["row"]),
                        "masked": _masked(row.get("name"), row.get("id_number")),
                    },
                }
            )
    return lines


def _masked(name: object, number: object) -> str:
    shown = [name[:1] + "＊" * (len(name) - 1)] if isinstance(name, str) else []
    return " ".join([*shown, mask_number(number)] if isinstance(number, str) else shown)
