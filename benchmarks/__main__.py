"""Seconds and peak memory of each step of a month, beside a plain pandas + openpyxl script on the same files.

    python -m benchmarks [HOUSEHOLDS]      (default 40,000; make bench BENCH=4000)

Every step runs in a process of its own, so that its peak memory is its own; the whole run is measured in one process,
as `shouwang run` does it. The plain script reads the same registry and exports with openpyxl and looks numbers up.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MONTH = "2026-09"
PLAIN = """
import csv, sys
from pathlib import Path
import openpyxl, pandas as pd
def rows(path):
    if path.suffix == ".csv":
        data = path.read_bytes()
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return list(csv.reader(data.decode(encoding).splitlines()))
            except UnicodeDecodeError:
                pass
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
STEP = "from shouwang import steps; steps."


def measure(code: str, environment: dict[str, str], *words: str) -> tuple[float, float]:
    """Seconds and peak MiB of a Python process."""
    before = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", code, *words], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"A step failed: {code[:80]}")
    return time.monotonic() - before, usage.ru_maxrss / 1024


def main() -> None:
    """Make the county, run the month, print the table."""
    from shouwang.demo.county import make_county
    from shouwang.month import Month

    households = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun = time.monotonic()
        county = make_county(folder / "county", households=households, months=(Month.parse(MONTH),), seed=1)
        lines = [
            ("make the county", time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        ]

        def house(which: str) -> dict[str, str]:
            return os.environ | {"SHOUWANG_HOME": str(folder / which), "SHOUWANG_INBOX": str(county.inbox)}

        for which in ("steps", "whole"):
            lines.append((f"init ({which})", *measure(f"{STEP}init()", house(which))))
            load = f"{STEP}load_registry({str(county.registry)!r}, {MONTH!r})"
            lines.append((f"load the registry ({which})", *measure(load, house(which))))
        departments = sorted(path.name for path in (county.inbox / MONTH).iterdir())
        for department in departments:
            reference = folder / "reference.json"
            first = f"{STEP}take_in({MONTH!r}, {department!r})"
            for step in ("take_in", "validate", "match", "load"):
                call = first.split("steps.", 1)[1] if step == "take_in" else f"{step}(json.loads(path.read_text()))"
                code = (
                    f"import json; from pathlib import Path; path = Path({str(reference)!r}); "
                    f"from shouwang import steps; path.write_text(json.dumps(steps.{call}))"
                )
                lines.append((f"{department}: {step}", *measure(code, house("steps"))))
        lines.append(("screen", *measure(f"{STEP}screen({MONTH!r})", house("steps"))))
        lines.append(("release", *measure(f"{STEP}release({MONTH!r}, 'bench')", house("steps"))))
        whole = measure(
            "import sys; sys.argv[1:] = ['run', '" + MONTH + "']; from shouwang.cli import main; main()", house("whole")
        )
        plain = measure(PLAIN, house("whole"), str(county.folder), MONTH)
        lines += [("the whole run, one process", *whole), ("plain pandas + openpyxl, looking numbers up", *plain)]
        print(f"{households:,} households, {sum(county.rows.values()):,} rows, {county.people:,} people")
        for what, seconds, mebibytes in lines:
            print(f"{what:45s} {seconds:7.1f} s {mebibytes:8.0f} MiB")
        print(json.dumps({"whole_seconds": round(whole[0], 1), "plain_seconds": round(plain[0], 1)}))


if __name__ == "__main__":
    main()
