"""Seconds and peak memory of each step of a month, beside a plain pandas + openpyxl script on the
same files.

    python -m benchmarks [HOUSEHOLDS]      (default 40,000; make bench BENCH=4000)

Every step runs in a process of its own, so that its peak memory is its own; `shouwang run` is
measured whole as well. The plain script reads the same registry and exports with openpyxl and looks
numbers up; it does nothing else.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MONTH = "2026-09"
MAKE = """
import sys; from pathlib import Path
from demo.county import make_county; from shouwang.core.month import Month
county = make_county(Path(sys.argv[1]), households=int(sys.argv[2]), months=(Month.parse(sys.argv[3]),), seed=1)
print(f"{int(sys.argv[2]):,} households, {county.people:,} people, {sum(county.rows.values()):,} rows in the month")
"""
PLAIN = """
import csv, sys
from pathlib import Path
from xml.etree import ElementTree
import openpyxl, pandas as pd
def rows(path):
    if path.suffix in (".csv", ".tsv"):
        data = path.read_bytes()
        for encoding in ("utf-16",) if data[:2] == b"\\xff\\xfe" else ("utf-8-sig", "gb18030"):
            try:
                lines = data.decode(encoding).splitlines()
                return list(csv.reader(lines, delimiter="\\t" if path.suffix == ".tsv" else ","))
            except UnicodeDecodeError:
                pass
    if path.suffix == ".xls" and b"<html" in path.read_bytes()[:10]:
        return pd.read_html(path, header=None)[0].astype(str).to_numpy().tolist()
    if path.suffix == ".xls" and path.read_bytes()[:1] == b"<":
        cells = "{urn:schemas-microsoft-com:office:spreadsheet}"
        return [["".join(cell.itertext()) for cell in row] for row in ElementTree.parse(path).iter(cells + "Row")]
    if path.suffix == ".ods":
        return pd.read_excel(path, header=None, dtype=str, engine="calamine").fillna("").to_numpy().tolist()
    if path.suffix == ".xls":
        return pd.read_excel(path, header=None, dtype=str).fillna("").to_numpy().tolist()
    return [list(row) for row in openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)]
registry = rows(next(Path(sys.argv[1], "registry").iterdir()))
people = pd.DataFrame(registry[1:], columns=registry[0])
household = dict(zip(people["证件号码"], people["户编号"]))
found = total = 0
for path in sorted(Path(sys.argv[1], "inbox", sys.argv[2]).rglob("*.*")):
    for row in rows(path):
        total += 1
        found += any(str(cell).strip() in household for cell in row)
print(f"{total} rows, {found} looked up")
"""
SHOUWANG = "from shouwang.cli.app import main; main()"
STEP = """
import json, sys; from pathlib import Path; from shouwang.submissions import handover as steps
note, step, *words = sys.argv[1:]
said = getattr(steps, step)(*words) if words else getattr(steps, step)(json.loads(Path(note).read_text()))
Path(note).write_text(json.dumps(said, default=str))
"""


def measure(
    what: str, code: str, environment: dict[str, str], *words: str, say: bool = False
) -> tuple[float, float]:
    """Run Python code in a process of its own, print and give its seconds and peak MiB."""
    begun = time.monotonic()
    out = None if say else subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], env=environment, stdout=out, stderr=out
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"“{what}” failed; run it again by hand to see why.")
    seconds, memory = time.monotonic() - begun, usage.ru_maxrss / 1024
    print(f"{what:50s} {seconds:7.1f} s {memory:8.0f} MiB", flush=True)
    return seconds, memory


def main() -> None:
    """Make the county, run the month step by step and whole, print the table."""
    households = sys.argv[1] if len(sys.argv) > 1 else "40000"
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        county, note = folder / "county", str(folder / "reference.json")

        def workspace(which: str) -> dict[str, str]:
            return os.environ | {
                "SHOUWANG_HOME": str(folder / which),
                "SHOUWANG_INBOX": str(county / "inbox"),
            }

        measure(
            "make the county", MAKE, workspace("none"), str(county), households, MONTH, say=True
        )
        registry = str(next((county / "registry").iterdir()))
        steps = workspace("steps")
        measure("init", SHOUWANG, steps, "init")
        measure("registry load", SHOUWANG, steps, "registry", "load", registry, "--as-of", MONTH)
        for department in sorted(path.name for path in (county / "inbox" / MONTH).iterdir()):
            measure(f"{department}: take_in", STEP, steps, note, "take_in", MONTH, department)
            for step in ("validate", "match", "load"):
                measure(f"{department}: {step}", STEP, steps, note, step)
        measure("screen", SHOUWANG, steps, "screen", MONTH)
        measure("release", SHOUWANG, steps, "release", MONTH, "--by", "bench")
        whole = workspace("whole")
        measure("init, once more", SHOUWANG, whole, "init")
        loaded = measure(
            "registry load, once more",
            SHOUWANG,
            whole,
            "registry",
            "load",
            registry,
            "--as-of",
            MONTH,
        )
        run = measure("run: the five departments and the screening", SHOUWANG, whole, "run", MONTH)
        plain = measure(
            "plain pandas + openpyxl, registry and exports", PLAIN, whole, str(county), MONTH
        )
        figures = {
            "run": run[0],
            "run_mebibytes": run[1],
            "registry_and_run": loaded[0] + run[0],
            "plain": plain[0],
            "plain_over_ours": plain[0] / (loaded[0] + run[0]),
        }
        print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
