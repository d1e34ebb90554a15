"""Seconds to read and clean a month's files and the registry, beside what python-calamine needs for
the raw cells.

    python -m benchmarks.reading [HOUSEHOLDS]      (default 40,000)

Both read the same workbooks of the same made-up county (what it has as text or page is written as
xlsx first, for calamine reads none), turn by turn in this process, and the best of the turns
counts. Ours opens each file in a process of its own, finds the tables, maps the headers, cleans
every cell and keeps file, sheet and row; calamine only gives the cells.

Recognition is told beside it, by processor seconds, on the same files and on those of a county of a
fiftieth: with the headings as they are, and with no heading listed, so that words, cells, sums and
registry tell every column; the bound is a tenth of the rest of reading.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import xlsxwriter
from python_calamine import CalamineWorkbook

from benchmarks.__main__ import MAKE, MONTH
from shouwang.county.contract import Contract
from shouwang.intake.markup import looks_like_markup
from shouwang.intake.opening import open_content
from shouwang.recognition import reading
from shouwang.recognition.cells import Registered
from shouwang.recognition.reading import read_files
from shouwang.recognition.recognise import locate
from shouwang.workspace.workspace import load_workspace

TURNS = 3
SMALL = 50
COUNTY = load_workspace({}).county
CONTRACTS = {"registry": COUNTY.registry, **COUNTY.contracts}
Month = dict[str, list[Path]]


def as_workbook(path: Path) -> Path:
    """A text file or page written as xlsx, cell by cell; a workbook as it is."""
    content = path.read_bytes()
    if path.suffix not in (".csv", ".tsv") and not looks_like_markup(content):
        return path
    target = path.with_name(f"{path.stem}.xlsx")
    with xlsxwriter.Workbook(str(target), {"constant_memory": True}) as book:
        for sheet in open_content(path.name, content, ()).sheets:
            page = book.add_worksheet(sheet.name or None)
            for number, row in zip(sheet.numbers, sheet.head(len(sheet.numbers)), strict=True):
                for place, cell in enumerate(row):
                    (page.write_number if isinstance(cell, float) else page.write_string)(
                        number - 1, place, cell
                    )
    path.unlink()
    return target


def ours(month: Month) -> int:
    """Rows read and cleaned."""
    return sum(
        len(read_files(files, CONTRACTS[department]).table) for department, files in month.items()
    )


def unlisted(contract: Contract) -> Contract:
    """A contract that lists no heading."""
    columns = {
        name: column.model_copy(update={"wordings": (f"◇{name}",)})
        for name, column in contract.columns.items()
    }
    return contract.model_copy(update={"columns": columns})


def recognition(month: Month, contracts: dict[str, Contract]) -> dict[str, float]:
    """Processor seconds of reading a month's files, and of recognition in it; the best of turns."""
    people = read_files(month["registry"], CONTRACTS["registry"]).table
    registered = Registered.of(people)
    best = {"reading": float("inf"), "recognition": float("inf")}
    spent = 0.0

    def timed(*words: Any) -> Any:
        nonlocal spent
        begun = time.process_time()
        try:
            return locate(*words)
        finally:
            spent += time.process_time() - begun

    with mock.patch.object(reading, "locate", timed):
        for _ in range(TURNS):
            gc.collect()
            begun, spent = sum(os.times()[:4]), 0.0
            for department, files in month.items():
                known = None if department == "registry" else registered
                read_files(files, contracts[department], (), lambda known=known: known)
            figures = {"reading": sum(os.times()[:4]) - begun - spent, "recognition": spent}
            best = {what: min(best[what], seconds) for what, seconds in figures.items()}
    return best


def raw(month: Month) -> int:
    """Rows as calamine gives them."""
    rows = 0
    for path in (path for files in month.values() for path in files):
        book = CalamineWorkbook.from_path(path)
        rows += sum(
            len(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in book.sheet_names
        )
    return rows


def made(folder: Path, households: str) -> Month:
    """The files of a made-up county's month, as workbooks, and its registry's."""
    subprocess.run([sys.executable, "-c", MAKE, str(folder), households, MONTH], check=True)
    folders = {"registry": folder / "registry"}
    folders |= {each.name: each for each in sorted((folder / "inbox" / MONTH).iterdir())}
    return {
        what: [as_workbook(path) for path in sorted(each.iterdir())]
        for what, each in folders.items()
    }


def main() -> None:
    """Make the county, let both read in turns, print the table and the ratio."""
    households = sys.argv[1] if len(sys.argv) > 1 else "40000"
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors", flush=True)
    best: dict[tuple[str, str], float] = {}
    with tempfile.TemporaryDirectory() as name:
        month = made(Path(name, "county"), households)
        for _ in range(TURNS):
            for who, read in {"calamine, raw": raw, "shouwang": ours}.items():
                gc.collect()
                begun, worked = time.perf_counter(), sum(os.times()[:4])
                rows = read(month)
                figures = {
                    "seconds": time.perf_counter() - begun,
                    "processor": sum(os.times()[:4]) - worked,
                }
                for what, seconds in figures.items():
                    best[who, what] = min(seconds, best.get((who, what), seconds))
                print(
                    f"{who:15s} {rows:9,} rows {json.dumps({k: round(v, 2) for k, v in figures.items()})}",
                    flush=True,
                )
        small = made(Path(name, "small"), str(int(households) // SMALL))
        none_listed = {what: unlisted(contract) for what, contract in CONTRACTS.items()}
        for size, files in (("whole", month), ("small", small)):
            for kind, contracts in (("listed", CONTRACTS), ("none listed", none_listed)):
                cost = recognition(files, contracts)
                told = {what: round(seconds, 3) for what, seconds in cost.items()}
                share = round(cost["recognition"] / cost["reading"], 3)
                print(
                    json.dumps({"county": size, "headings": kind, **told, "share": share}),
                    flush=True,
                )
    for what in ("seconds", "processor"):
        ours_best, raw_best = best["shouwang", what], best["calamine, raw", what]
        print(
            json.dumps(
                {
                    what: {
                        "ours": round(ours_best, 2),
                        "raw": round(raw_best, 2),
                        "ours_over_raw": round(ours_best / raw_best, 2),
                    }
                }
            )
        )


if __name__ == "__main__":
    main()
