"""A submission on record → the department's receipt, with its rejected rows as it wrote them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from shouwang.core import clock
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.documents.receipt import (
    Counts,
    FileCounts,
    HeaderGuess,
    ReceiptPaper,
    RejectedRow,
    SheetHeader,
    write_receipt,
)
from shouwang.recognition.words import plain
from shouwang.submissions.receiving import unknown_values
from shouwang.transfer.handout import headed
from shouwang.workspace.workspace import Workspace


def write_receipt_of(
    path: Path,
    workspace: Workspace,
    contract: Contract,
    known: dict[str, Any],
    checked: pd.DataFrame | None,
    cells: pd.DataFrame | None,
) -> None:
    """Write the receipt of a submission: ``checked`` are its judged rows, ``cells`` their text; None
    if unreadable."""
    sheets = (known["report"] or {}).get("sheets", [])
    judged = (
        pd.DataFrame(columns=["file", "sheet", "row", "verdict", "bad_columns", "reason"])
        if checked is None
        else checked
    )
    unused = list(dict.fromkeys(title for s in sheets for title in s["ignored_columns"]))
    known_unused = {plain(title) for title in contract.ignored}
    paper = ReceiptPaper(
        **headed(workspace, contract.title),
        received_on=clock.in_zone(known["received_at"], workspace.zone).date(),
        department=contract.title,
        dataset=contract.dataset_title,
        month=Month.parse(known["month"]),
        version=known["version"],
        counts=_counts(judged),
        files=tuple(
            FileCounts(
                s["file"],
                s["sheet"],
                _counts(judged[(judged["file"] == s["file"]) & (judged["sheet"] == s["sheet"])]),
            )
            for s in sheets
        ),
        header_guesses=tuple(
            HeaderGuess(s["file"], s["sheet"], written, contract.columns[meant].wordings[0])
            for s in sheets
            for written, meant in s["guesses"].items()
        ),
        ignored=tuple(title for title in unused if plain(title) not in known_unused),
        declared=tuple(title for title in unused if plain(title) in known_unused),
        refused=known["refusal"],
        headers=tuple(SheetHeader(s["file"], s["sheet"], headings(s)) for s in sheets),
        submission=known["submission_id"],
        corrected=0 if checked is None else int(checked["correction"].notna().sum()),
        warnings=_warnings(known["report"] or {}, contract),
        not_read=tuple(
            f"{_place(file, sheet)}（{why}）"
            for file, sheet, why in (known["report"] or {}).get("sheets_ignored", ())
        ),
        no_data=tuple(filter(None, map(_no_data, sheets))),
    )
    write_receipt(path, paper, _rejected(judged, cells, sheets))


def _warnings(report: dict[str, Any], contract: Contract) -> tuple[str, ...]:
    """What a submission's report warns of; values that are not known as the department wrote them."""
    counted, quoted = (unknown_values(report, contract, quoted) for quoted in (False, True))
    return (*quoted, *(warning for warning in report.get("warnings", ()) if warning not in counted))


NAMED_LINES = 12
"""As many lines that are no data are named by their number; of more it says how many there are."""


def _place(file: str, sheet: str) -> str:
    return f"{file}“{sheet}”" if sheet else file


def _no_data(sheet: dict[str, Any]) -> str:
    """Which lines of a sheet are no rows, by kind; empty where there are none."""
    kinds: dict[str, list[int]] = {}
    for line, kind in sheet["passed_over"]:
        kinds.setdefault(kind, []).append(line)
    parts = [
        f"第 {'、'.join(map(str, lines[:NAMED_LINES]))} 行{'等' if len(lines) > NAMED_LINES else ''}"
        f"（{kind}，共 {len(lines)} 行）"
        for kind, lines in kinds.items()
    ]
    return f"{_place(sheet['file'], sheet['sheet'])}{'、'.join(parts)}" if parts else ""


def headings(sheet: dict[str, Any]) -> tuple[str, ...]:
    """A sheet's headings; a unit that stood above them is put into those that it held for."""
    titles = list(sheet["titles"])
    for name, factor in sheet.get("factors", {}).items():
        place = sheet["columns"][name]
        if not re.search(r"[(（\[【].*元.*[)）\]】]", titles[place]):
            titles[place] += {10_000.0: "（万元）", 1_000.0: "（千元）"}.get(factor, "")
    return tuple(titles)


def _counts(judged: pd.DataFrame) -> Counts:
    counted = judged["verdict"].value_counts()
    return Counts(
        len(judged),
        *(int(counted.get(name, 0)) for name in ("accepted", "rejected", "duplicate", "void")),
    )


def _rejected(
    judged: pd.DataFrame, cells: pd.DataFrame | None, sheets: list[dict[str, Any]]
) -> list[RejectedRow]:
    layouts = {(s["file"], s["sheet"]): (s["columns"], len(s["titles"])) for s in sheets}
    rows = judged.loc[
        judged["verdict"] == "rejected", ["file", "sheet", "row", "bad_columns", "reason"]
    ]
    if cells is None or rows.empty:
        return []
    found = []
    written = cells.loc[rows.index].to_numpy().tolist()
    for (file, sheet, row, bad, reason), texts in zip(
        rows.to_numpy().tolist(), written, strict=True
    ):
        columns, width = layouts[file, sheet]
        coloured = tuple(sorted({columns[name] for name in str(bad).split() if name in columns}))
        while len(texts) > width and not texts[-1]:
            texts.pop()
        found.append(RejectedRow(file, sheet, int(row), tuple(texts), coloured, reason))
    return found
