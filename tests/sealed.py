"""What is sealed: a township's workbook opened with the passwords of a workspace, files searched for
what must not lie open."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from python_calamine import CalamineWorkbook

from demo.county import DemoCounty
from shouwang.documents.sealing import open_sealed
from shouwang.transfer import passwords
from shouwang.workspace.workspace import load_workspace


def opened(path: Path, home: Path) -> io.BytesIO:
    """What a township sees that types its password: a workbook for openpyxl or calamine."""
    return open_sealed(
        path, *passwords.every(load_workspace({"SHOUWANG_HOME": str(home)}), path.name)
    )


NUMBER = re.compile(rb"(?<![0-9])(?:[0-9]{17}[0-9Xx]|1[3-9][0-9]{9})(?![0-9])")


def everybodys_numbers(county: DemoCounty) -> frozenset[bytes]:
    """The identity numbers and phones of everybody in a made-up county, as the registry and the
    departments write them."""
    cells = CalamineWorkbook.from_path(str(county.registry)).get_sheet_by_index(0).to_python()
    written = {str(cell) for row in cells for cell in row}
    with (county.truth / "identities.csv").open(encoding="utf-8-sig", newline="") as file:
        written |= {row[name] for row in csv.DictReader(file) for name in ("id", "phone")}
    return frozenset(
        text.encode() for text in written if NUMBER.fullmatch(text.encode(errors="replace"))
    )


def lying_open(content: bytes, numbers: frozenset[bytes]) -> set[bytes]:
    """Which of them stand in a file's bytes, in whatever encoding (of UTF-16 every other byte is a
    zero)."""
    return {
        found for form in (content, content.replace(b"\0", b"")) for found in NUMBER.findall(form)
    } & numbers
