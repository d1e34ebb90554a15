"""A verdict for every row of a reading, and the file gate (handbook section 5)."""

from __future__ import annotations

import datetime as dt
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shouwang.core.errors import FileRefused, RowsLost
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.intake.files import batches_of
from shouwang.quality.suites import REFUSE_FILE, WARN, suite_path, validate

log = logging.getLogger(__name__)
ACCEPTED, REJECTED, DUPLICATE, VOID = "accepted", "rejected", "duplicate", "void"
DATE = "日期，例如 2026-01-05"
KINDS = {"date": DATE, "yuan": "金额（数字）", "number": "数字", "integer": "整数"}
FIRST_PLAUSIBLE_DAY = dt.datetime(2015, 1, 1)


@dataclass(frozen=True)
class Verdicts:
    """What became of each row of a reading, same index.

    ``verdict`` is ``accepted``, ``rejected``, ``duplicate`` or ``void`` (taken back by a flag,
    or brought again by a later batch);
    ``reason`` is the Chinese sentence for a row that is not accepted, else null; ``bad_columns``
    the canonical columns to colour, separated by spaces. ``refusals`` and ``warnings`` are the
    suite's sentences on the file as a whole, ``page`` its Data Docs.
    """

    verdict: pd.Series
    reason: pd.Series
    bad_columns: pd.Series
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    page: str = ""

    def counts(self) -> dict[str, int]:
        """Rows accepted, rejected, duplicate and void."""
        counted = self.verdict.value_counts()
        return {name: int(counted.get(name, 0)) for name in (ACCEPTED, REJECTED, DUPLICATE, VOID)}


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
    """Judge every row: what the suite rejects, then repeats of a row that stands, and rows that
    contradict another.

    A coded value that leads to no code is a question (``unknown``), no reason to reject.
    """
    start = time.monotonic()
    reasons = np.full(len(table), "", dtype=object)
    columns = np.full(len(table), "", dtype=object)
    _unreadable(table, contract, reasons, columns)
    _none_of(table, contract, reasons, columns)
    unknown = [frozenset(str(names).split()) for names in _texts(table, "unknown")]
    validation = validate(table, suite_path(expectations, contract.slug), suite_parameters(month))
    for failure in validation.failures:
        if failure.id == "unreadable" or not len(failure.rows):
            continue
        # One reason a cell is enough.
        coloured = (set(names.split()) for names in columns[failure.rows])
        rows = failure.rows[[names.isdisjoint(failure.columns) for names in coloured]]
        if failure.columns:
            rows = rows[[not unknown[row].issuperset(failure.columns) for row in rows]]
        reasons[rows] += failure.reason + "；"
        columns[rows] += " ".join(failure.columns) + " "
    rejected = reasons != ""
    verdict = pd.Series(np.where(rejected, REJECTED, ACCEPTED), index=table.index, dtype="str")
    void = _void(table, contract)
    verdict[void] = VOID
    reasons[void], columns[void] = "", ""
    batch = batches_of(table["file"]) if contract.adds and contract.key else 1
    table = table.assign(batch=batch)
    repeats, first_rows = _repeats(table[verdict == ACCEPTED])
    verdict.loc[repeats.index[repeats]] = DUPLICATE
    conflicts = _conflicts(table[verdict == ACCEPTED], contract)
    verdict.loc[conflicts.index] = REJECTED
    replaced = _replaced(table[verdict.isin([ACCEPTED, VOID])], contract)
    verdict.loc[replaced.index] = VOID
    reason = pd.Series(reasons, index=table.index, dtype="str")
    reason = reason.str.removesuffix("；").replace("", None)
    reason.loc[first_rows.index] = "与" + first_rows + "完全相同"
    reason.loc[conflicts.index] = conflicts
    reason.loc[replaced.index] = replaced
    columns[table.index.get_indexer(conflicts.index)] = " ".join(contract.key)
    verdicts = Verdicts(
        verdict,
        reason.astype("str"),
        pd.Series(columns, index=table.index, dtype="str").str.strip(),
        tuple(f.reason for f in validation.failures if f.effect == REFUSE_FILE),
        tuple(f.reason for f in validation.failures if f.effect == WARN),
        validation.page,
    )
    counts = verdicts.counts()
    if sum(counts.values()) != len(table):
        raise RowsLost(f"{contract.slug} {month}: {len(table)} rows were read but {counts} judged.")
    log.info("judged %s of %s: %s, %.1f s", contract.slug, month, counts, time.monotonic() - start)
    return verdicts


def _texts(table: pd.DataFrame, column: str) -> pd.Series[str]:
    return table.get(column, pd.Series(None, index=table.index, dtype="str")).fillna("")


def _unreadable(table: pd.DataFrame, contract: Contract, reasons: Any, columns: Any) -> None:
    marked = table["unreadable"].dropna()
    for names in marked.unique():
        words = []
        for name in names.split(" "):
            column = contract.columns[name]
            wanted = "应是" + KINDS.get(column.type, "文字")
            if column.type == "code":
                wanted = "只能填：" + "、".join(column.values)
            empty = "" if column.required else "，没有就留空"
            words.append(f"“{column.wordings[0]}”看不懂，{wanted}{empty}")
        rows = table.index.get_indexer(marked.index[marked == names])
        reasons[rows] += "；".join(words) + "；"
        columns[rows] += names + " "


def _repeats(standing: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which rows repeat an earlier one in every cell that we read, and for those where the first
    stands."""
    every = [c for c in standing.columns if c not in NOT_CELLS]
    repeats = standing.duplicated(every)
    alike = standing[standing.duplicated(every, keep=False)]
    same = _places(alike).groupby([alike[c] for c in every], dropna=False, sort=False)
    return repeats, same.transform("first")[repeats[alike.index]]


NOT_CELLS = frozenset({"file", "sheet", "row", "unreadable", "unknown", "id_state", "correction"})
"""What of a reading no department wrote."""


def _places(table: pd.DataFrame) -> pd.Series:
    """Where each row stands, in words; the file is named where there are several."""
    place = "第 " + table["row"].astype("str") + " 行"
    several = len(table[["file", "sheet"]].drop_duplicates()) > 1
    where = (table["file"] + " " + table["sheet"]).str.strip()
    return ("“" + where + "”" + place if several else place).astype("str")


def _conflicts(standing: pd.DataFrame, contract: Contract) -> pd.Series:
    """Rows that bear the same key and say something else, each with the reason that names the
    others."""
    keys = [*contract.key, "batch"]
    of_keys = standing[standing[keys].notna().all(axis=1)] if contract.key else standing.iloc[:0]
    of_keys = of_keys[of_keys.duplicated(keys, keep=False)]
    if of_keys.empty:
        return pd.Series([], dtype="str", index=of_keys.index)
    named = _key_in_words(contract)
    others = _places(of_keys).groupby([of_keys[name] for name in keys], sort=False)
    rows = others.transform(lambda places: "、".join(places[:5]))
    return ("“" + named + "”相同而内容不同（" + rows + "），请核对后只保留正确的一行").astype("str")


def _replaced(standing: pd.DataFrame, contract: Contract) -> pd.Series:
    """Rows that a later batch of the month brings again, each with the sentence that says so."""
    keys = list(contract.key)
    if not keys or standing["batch"].nunique() < 2:
        return pd.Series([], dtype="str", index=standing.index[:0])
    of_keys = standing[standing[keys].notna().all(axis=1)]
    last = of_keys.groupby(keys)["batch"].transform("max")
    old = of_keys[of_keys["batch"] < last]
    told = (
        "第 "
        + last[old.index].astype("str")
        + f" 批报送了同一“{_key_in_words(contract)}”的行，以后者为准"
    )
    return told.astype("str")


def _key_in_words(contract: Contract) -> str:
    return "、".join(contract.columns[name].wordings[0] for name in contract.key)


def _void(table: pd.DataFrame, contract: Contract) -> Any:
    """Rows that a flag of their own takes back (退费标志 是)."""
    void = np.zeros(len(table), dtype=bool)
    for name, code in contract.void.items():
        void |= (table[name] == code).fillna(False).to_numpy(dtype=bool)
    return void


def _none_of(table: pd.DataFrame, contract: Contract, reasons: Any, columns: Any) -> None:
    """Rows in which none of the columns is filled of which one is enough."""
    unreadable = table["unreadable"].fillna("").str.split().map(set)
    for group in contract.any_of:
        silent = table[[*group]].isna().all(axis=1) & unreadable.map(set(group).isdisjoint)
        named = "、".join(contract.columns[name].wordings[0] for name in group)
        rows = np.flatnonzero(silent)
        reasons[rows] += f"“{named}”至少要填一项；"
        columns[rows] += " ".join(group) + " "


OTHER_BASE = 0.10
"""From this share of rows on whose sums fail, the columns are of another base: a question, not
mistakes of rows."""


def other_base(table: pd.DataFrame, contract: Contract) -> int:
    """How many rows do not add up, where they are so many that it is no mistake of theirs; else
    0."""
    if not contract.balances or "unbalanced" not in table or contract.sums_as_they_are:
        return 0
    wrong = int(((table["unbalanced"].abs() > 1.0) & ~_void(table, contract)).sum())
    return wrong if wrong >= 3 and wrong > OTHER_BASE * len(table) else 0


def gate(verdicts: Verdicts, contract: Contract, limit: float, files: str) -> None:
    """Refuse a file whole when the suite says so, when too many of its rows are rejected, or none
    is left."""
    if verdicts.refusals:
        raise FileRefused(
            "suite", f"文件“{files}”整份退回：{'；'.join(verdicts.refusals)}。请核对后重新上传。"
        )
    counts = verdicts.counts()
    rows = sum(counts.values())
    if rows and counts[REJECTED] / rows > limit:
        raise FileRefused(
            "too_many_rejected",
            f"文件“{files}”共 {rows} 行，其中 {counts[REJECTED]} 行有错（超过 {limit:.0%}），"
            "整份退回。请按回执逐行改正后重新上传。",
        )
    if not counts[ACCEPTED]:
        title = contract.dataset_title
        raise FileRefused(
            "no_rows", f"文件“{files}”里没有一行可用的《{title}》数据，请核对后重新上传。"
        )
