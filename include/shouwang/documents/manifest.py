"""The hidden sheet (名单标识) by which a form is known again when it comes back renamed, sorted or
shortened."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from openpyxl import Workbook

from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.documents.text import comparable

SHEET = "名单标识"
_MARK = "守望名单标识"
_FORMAT = "1"
_HEAD = ("线索编号", "校验码")


@dataclass(frozen=True)
class Manifest:
    """Which list a workbook is: ``checks`` holds the check code of every clue number on it."""

    county: str
    township: str
    month: Month
    version: int
    kind: str
    prepared_on: dt.date
    checks: Mapping[str, str]


def beside(clue_no: str, village: str, head: str) -> str:
    """A clue number with the village and the head of household that stand beside it, made
    comparable."""
    return "|".join(map(comparable, (clue_no, village, head)))


def check_code(keyed: Callable[[str], str], stands: str) -> str:
    """Four characters, under the county's key (``keyed``), of what `beside` says.

    A list that was sorted by some of its columns only shows the right numbers beside the wrong
    families: this is how it is noticed.
    """
    return keyed(hashlib.sha256(f"check {stands}".encode()).hexdigest())[:4].upper()


def write_manifest(workbook: Workbook, manifest: Manifest) -> None:
    """Add the hidden sheet."""
    sheet = workbook.create_sheet(SHEET)
    sheet.sheet_state = "hidden"
    sheet.protection.sheet = True
    facts = (
        (_MARK, _FORMAT),
        ("县", manifest.county),
        ("乡镇", manifest.township),
        ("批次", str(manifest.month)),
        ("版本", str(manifest.version)),
        ("种类", manifest.kind),
        ("编制日期", manifest.prepared_on.isoformat()),
        _HEAD,
        *manifest.checks.items(),
    )
    for number, pair in enumerate(facts, start=1):
        for column, text in enumerate(pair, start=1):
            cell = sheet.cell(number, column)
            cell.value = text
            cell.data_type = "s"


def find_manifest(sheets: Iterable[Sequence[Sequence[object]]]) -> Manifest | None:
    """The manifest among a workbook's sheets (rows of cell values); none if it is gone or was
    tampered with."""
    for rows in sheets:
        if rows and rows[0] and comparable(rows[0][0]) == _MARK:
            return _parse(
                [(str(row[0]).strip(), str(row[1]).strip()) for row in rows if len(row) > 1]
            )
    return None


def _parse(pairs: Sequence[tuple[str, str]]) -> Manifest | None:
    if _HEAD not in pairs:
        return None
    start = pairs.index(_HEAD)
    facts = dict(pairs[:start])
    try:
        return Manifest(
            county=facts["县"],
            township=facts["乡镇"],
            month=Month.parse(facts["批次"]),
            version=int(float(facts["版本"])),
            kind=facts["种类"],
            prepared_on=dt.date.fromisoformat(facts["编制日期"]),
            checks={comparable(number): check for number, check in pairs[start + 1 :] if number},
        )
    except (KeyError, ValueError, UsageError):
        return None
