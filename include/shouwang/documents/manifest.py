"""The hidden sheet (名单标识) by which a form is known again when it comes back renamed, sorted or
shortened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from openpyxl import Workbook

from shouwang.core.digests import digest
from shouwang.core.month import Month
from shouwang.documents.text import comparable

SHEET = "名单标识"
MARK = "守望名单标识"
_FORMAT = "1"
HEAD = ("线索编号", "校验码")


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
    return keyed(digest(f"check {stands}"))[:4].upper()


def write_manifest(workbook: Workbook, manifest: Manifest) -> None:
    """Add the hidden sheet."""
    sheet = workbook.create_sheet(SHEET)
    sheet.sheet_state = "hidden"
    sheet.protection.sheet = True
    facts = (
        (MARK, _FORMAT),
        ("县", manifest.county),
        ("乡镇", manifest.township),
        ("批次", str(manifest.month)),
        ("版本", str(manifest.version)),
        ("种类", manifest.kind),
        ("编制日期", manifest.prepared_on.isoformat()),
        HEAD,
        *manifest.checks.items(),
    )
    for number, pair in enumerate(facts, start=1):
        for column, text in enumerate(pair, start=1):
            cell = sheet.cell(number, column)
            cell.value = text
            cell.data_type = "s"
