"""A verdict for every row of a reading, and the file gate (handbook section 5)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shouwang.county.contract import Contract
from shouwang.errors import FileRefused, RowsLost
from shouwang.month import Month
from shouwang.quality.suites import REFUSE_FILE, WARN, suite_path, validate

ACCEPTED, REJECTED, DUPLICATE = "accepted", "rejected", "duplicate"
KINDS = {
    "date": "日期，例如 2026-01-05", "yuan": "金额（数字）", "number": "数字", "integer": "整数",
}  # fmt: skip
FIRST_PLAUSIBLE_DAY = dt.datetime(2015, 1, 1)


@dataclass(frozen=True)
class Verdicts:
    """What became of each row of a reading, same index.

    ``verdict`` is ``accepted``, ``rejected`` or ``duplicate``; ``reason`` is the Chinese sentence for a row that is not
    accepted, else null; ``bad_columns`` the canonical columns to colour, separated by spaces. ``refusals`` and
    ``warnings`` are the suite's sentences on the file as a whole, ``page`` its Data Docs.
    """

    verdict: pd.Series
    reason: pd.Series
    bad_columns: pd.Series
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    page: str = ""

    def counts(self) -> dict[str, int]:
        """Rows accepted, rejected and duplicate."""
        counted = self.verdict.value_counts()
        return {name: int(counted.get(name, 0)) for name in (ACCEPTED, REJECTED, DUPLICATE)}


def suite_parameters(month: Month) -> dict[str, Any]:
    """What a suite may name as ``$PARAMETER``: days that follow from the data month."""
    handover = month + 1
    return {
        "first_plausible_day": FIRST_PLAUSIBLE_DAY,
        "month_start": dt.datetime.combine(month.first, dt.time()),
        "month_end": dt.datetime.combine(month.last, dt.time()),
        "handover_month_end": dt.datetime.combine(handover.last, dt.time(23, 59, 59)),
    }


def check(table: pd.DataFrame, contract: Contract, expectations: Path, month: Month) -> Verdicts:
    """Judge every row: what the suite rejects, then repeats of a row that stands (same key, or every cell the same)."""
    reasons = np.full(len(table), "", dtype=object)
    columns = np.full(len(table), "", dtype=object)
    _unreadable(table, contract, reasons, columns)
    validation = validate(table, suite_path(expectations, contract.slug), suite_parameters(month))
    for failure in validation.failures:
        if failure.id == "unreadable" or not len(failure.rows):
            continue
        told = [set(names.split()) for names in columns[failure.rows]]
        rows = failure.rows[[not names.intersection(failure.columns) for names in told]]  # one reason a cell is enough
        reasons[rows] += failure.reason + "；"
        columns[rows] += " ".join(failure.columns) + " "
    rejected = reasons != ""
    verdict = pd.Series(np.where(rejected, REJECTED, ACCEPTED), index=table.index, dtype="str")
    repeats, first_rows = _repeats(table[~rejected], contract)
    verdict.loc[repeats.index[repeats]] = DUPLICATE
    reason = pd.Series(reasons, index=table.index, dtype="str").str.removesuffix("；").replace("", None)
    reason.loc[first_rows.index] = "与第 " + first_rows.astype("str") + " 行重复"
    verdicts = Verdicts(
        verdict,
        reason.astype("str"),
        pd.Series(columns, index=table.index, dtype="str").str.strip(),
        tuple(f.reason for f in validation.failures if f.effect == REFUSE_FILE),
        tuple(f.reason for f in validation.failures if f.effect == WARN),
        validation.page,
    )
    if sum(verdicts.counts().values()) != len(table):
        raise RowsLost(f"{contract.slug} {month}: {len(table)} rows were read but {verdicts.counts()} judged.")
    return verdicts


def _unreadable(table: pd.DataFrame, contract: Contract, reasons: Any, columns: Any) -> None:
    marked = table["unreadable"].dropna()
    for names in marked.unique():
        words = []
        for name in names.split(" "):
            column = contract.columns[name]
            wanted = (
                "只能填：" + "、".join(column.values)
                if column.type == "code"
                else "应是" + KINDS.get(column.type, "文字")
            )
            words.append(f"“{column.wordings[0]}”看不懂，{wanted}" + ("" if column.required else "，没有就留空"))
        rows = table.index.get_indexer(marked.index[marked == names])
        reasons[rows] += "；".join(words) + "；"
        columns[rows] += names + " "


def _repeats(standing: pd.DataFrame, contract: Contract) -> tuple[pd.Series, pd.Series]:
    """Which rows repeat an earlier one, and for those the row number of the first."""
    every = [c for c in standing.columns if c not in ("file", "sheet", "row", "unreadable", "id_state", "correction")]
    repeats = standing.duplicated(every)
    by = pd.Series(standing.groupby(every, dropna=False, sort=False)["row"].transform("first"), index=standing.index)
    if contract.key:
        same_key = standing.duplicated(list(contract.key)) & standing[list(contract.key)].notna().all(axis=1)
        by = by.mask(same_key & ~repeats, standing.groupby(list(contract.key))["row"].transform("first"))
        repeats = repeats | same_key
    return repeats, by[repeats].astype("int64")


def gate(verdicts: Verdicts, contract: Contract, limit: float, files: str) -> None:
    """Refuse a file whole when the suite says so, when too many of its rows are rejected, or none is left."""
    if verdicts.refusals:
        raise FileRefused("suite", f"文件“{files}”整份退回：{'；'.join(verdicts.refusals)}。请核对后重新上传。")
    counts = verdicts.counts()
    rows = sum(counts.values())
    if rows and counts[REJECTED] / rows > limit:
        raise FileRefused(
            "too_many_rejected",
            f"文件“{files}”共 {rows} 行，其中 {counts[REJECTED]} 行有错（超过 {limit:.0%}），整份退回。"
            "请按回执逐行改正后重新上传。",
        )
    if not counts[ACCEPTED]:
        raise FileRefused(
            "no_rows", f"文件“{files}”里没有一行可用的《{contract.dataset_title}》数据，请核对后重新上传。"
        )
