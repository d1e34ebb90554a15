"""Seconds to write, seal and hand out the lists of 25 townships: a month of a county of 40,000
households.

    python -m benchmarks.papers [HOUSEHOLDS] [--home FOLDER]      (default 40,000)

Timed is one process from its start to its end, as Airflow would start it: imports, reading the
clues, a workbook and a notice a township, sealing, records. Beside it pandas, which writes the same
frames plain (no style, no drop-down, no print set-up) and seals them the same way: the least that
anybody would do. ``--home`` keeps the month and uses it again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MONTH, TOWNSHIPS, LIMIT = "2026-09", 25, 15.0
OURS = """
from shouwang.casework import monthly
from shouwang.release import planning, releasing
from shouwang.submissions import handover
for planned in planning.release_plan("2026-09")["lists"]:
    releasing.release_township("2026-09", planned["township"], "bench", planned["content"])
"""
PLAIN = """
import datetime as dt, sys
from pathlib import Path
import pandas as pd
from shouwang.documents.sealing import sealed
from shouwang.workspace.workspace import load_workspace
from shouwang.core.month import Month
from shouwang.release.lists import outgoing
workspace = load_workspace()
with workspace.database.read() as connection:
    out = outgoing(connection, Month.parse("2026-09"), dt.date(2026, 10, 19))
for one in out:
    path = Path(sys.argv[1]) / f"{one.township}.xlsx"
    with pd.ExcelWriter(path) as book:
        one.clues.to_excel(book, sheet_name="list")
        one.details.to_excel(book, sheet_name="details")
    path.write_bytes(sealed(path.read_bytes(), "password"))
"""


def prepare(home: Path, households: int) -> None:
    """Screen a month of a made-up county whose largest townships are halved until there are
    `TOWNSHIPS`."""
    import sqlalchemy as sa

    from demo.county import make_county
    from shouwang.casework import monthly
    from shouwang.core.month import Month
    from shouwang.store.tables import warning
    from shouwang.submissions import handover
    from shouwang.workspace.workspace import load_workspace

    with tempfile.TemporaryDirectory() as name:
        county = make_county(
            Path(name), households=households, months=(Month.parse(MONTH),), seed=1
        )
        os.environ["SHOUWANG_INBOX"] = str(county.inbox)
        handover.init()
        handover.load_registry(str(county.registry), MONTH)
        for department in handover.departments(MONTH):
            handover.receive(MONTH, department["department"])
    monthly.screen(MONTH)
    of = warning.c.township
    with load_workspace().database.write() as connection:
        count = sa.select(of, sa.func.count(warning.c.village.distinct())).group_by(of)
        large = sorted(connection.execute(count), key=lambda row: -int(row[1]))
        for name, _ in large[: TOWNSHIPS - len(large)]:
            villages = connection.scalars(
                sa.select(warning.c.village).distinct().where(of == name)
            ).all()
            half = sorted(villages)[::2]
            here = warning.update().where(of == name, warning.c.village.in_(half))
            connection.execute(here.values(township=f"{name}东"))


def measure(what: str, code: str, home: Path, *words: str) -> float:
    """Run code in a process of its own on a copy of the month; its seconds by the clock."""
    with tempfile.TemporaryDirectory() as name:
        own = Path(name) / "home"
        shutil.copytree(home, own)
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(
            [sys.executable, "-c", code, name, *words],
            env=os.environ | {"SHOUWANG_HOME": str(own)},
            check=True,
        )
        seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{what:60s} {seconds:6.1f} s by the clock {used:6.1f} s of processor", flush=True)
    return seconds


def main() -> None:
    """Prepare the month, measure both, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("households", type=int, nargs="?", default=40_000)
    parser.add_argument("--home", type=Path)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = said.home or Path(name)
        os.environ |= {"SHOUWANG_HOME": str(home), "SHOUWANG_TODAY": "2026-10-12"}
        if not (home / "shouwang.db").exists():
            home.mkdir(parents=True, exist_ok=True)
            prepare(home, said.households)
        from shouwang.release import planning

        plan = planning.release_plan(MONTH)["lists"]
        load = os.getloadavg()[0]
        print(
            f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load:.1f}, {len(plan)} townships"
        )
        plain = measure("pandas: two plain sheets a township, sealed", PLAIN, home)
        ours = measure("released: list, evidence, guide, notice, sealed, on record", OURS, home)
        print(
            json.dumps(
                {
                    "plain": round(plain, 2),
                    "ours": round(ours, 2),
                    "limit": LIMIT,
                    "holds": ours < LIMIT,
                }
            )
        )


if __name__ == "__main__":
    main()
