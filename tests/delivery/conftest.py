"""Fixtures of the delivery tests: golden papers as text, and a headless LibreOffice."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook

GOLDEN = Path(__file__).parent / "golden"


def as_text(path: Path) -> str:
    """A workbook as plain text: each sheet, and each cell with its place, style, lock and value."""
    lines = []
    for sheet in load_workbook(path, rich_text=True):
        merged = " ".join(sorted(map(str, sheet.merged_cells.ranges)))
        widths = " ".join(f"{letter}={column.width}" for letter, column in sorted(sheet.column_dimensions.items()))
        lines.append(f"# {sheet.title}, {sheet.sheet_state}, merged {merged}, widths {widths}")
        for row in sheet.iter_rows():
            height = sheet.row_dimensions[row[0].row].height
            lines.append(f"-- row {row[0].row}, {height} pt")
            for cell in row:
                if cell.value is not None:
                    lock = "locked" if cell.protection.locked else "open"
                    quote = ", quoted" if cell.quotePrefix else ""
                    value = str(cell.value).replace("\n", "⏎")
                    lines.append(f"{cell.coordinate} [{cell.style}, {lock}{quote}] {cell.data_type} {value}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def matches_golden() -> Callable[[Path, str], None]:
    """Compare a workbook with ``golden/<name>.txt``; SHOUWANG_UPDATE_GOLDEN=1 writes it anew."""

    def compare(path: Path, name: str) -> None:
        golden = GOLDEN / f"{name}.txt"
        if os.environ.get("SHOUWANG_UPDATE_GOLDEN"):
            golden.write_text(as_text(path), encoding="utf-8")
        assert as_text(path) == golden.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Path]:
    """Open a file in LibreOffice and save it as another kind beside it, in a folder of its own."""
    program = shutil.which("soffice")
    assert program, "LibreOffice is part of the tests; .ci/run installs it"
    profile = tmp_path_factory.mktemp("profile")

    def convert(path: Path, kind: str) -> Path:
        out = path.parent / "saved"
        command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", kind]
        subprocess.run([*command, "--outdir", str(out), str(path)], check=True, capture_output=True, timeout=120)
        return out / f"{path.stem}.{kind}"

    return convert
