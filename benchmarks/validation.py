"""Seconds that Great Expectations needs for a month, its import included, in one process.

python -m benchmarks.validation [HOUSEHOLDS]      (default 40,000)
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MONTH = "2026-09"


def main() -> None:
    """Make the county, read its five exports, then validate them."""
    from demo.county import make_county
    from shouwang.core.month import Month
    from shouwang.recognition.reading import read_files
    from shouwang.submissions import handover
    from shouwang.workspace.workspace import load_workspace

    households = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    with tempfile.TemporaryDirectory() as name:
        county = make_county(
            Path(name), households=households, months=(Month.parse(MONTH),), seed=1
        )
        os.environ |= {"SHOUWANG_HOME": f"{name}/home", "SHOUWANG_INBOX": str(county.inbox)}
        workspace, readings = load_workspace(), []
        for department in handover.departments(MONTH):
            contract = workspace.county.contracts[department["department"]]
            files = sorted(workspace.inbox_of(MONTH, contract.department).iterdir())
            readings.append((contract, read_files(files, contract).table))
        figures: dict[str, Any] = {"rows": sum(len(table) for _, table in readings)}
        begun = time.monotonic()
        from shouwang.quality.check import check
        from shouwang.quality.suites import load_suite, suite_path

        load_suite(suite_path(workspace.expectations, readings[0][0].slug))
        figures["import"] = round(time.monotonic() - begun, 2)
        for contract, table in readings:
            started = time.monotonic()
            rejected = check(table, contract, workspace.expectations, Month.parse(MONTH)).counts()[
                "rejected"
            ]
            figures[contract.slug] = {
                "seconds": round(time.monotonic() - started, 2),
                "rejected": rejected,
            }
        figures["seconds"] = round(time.monotonic() - begun, 2)
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
