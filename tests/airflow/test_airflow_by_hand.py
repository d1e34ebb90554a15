"""`airflow dags test`: a DAG's run by hand, without a scheduler."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

from scheduled import CommandLine

from shouwang.demo.county import make_county
from shouwang.month import Month

MONTH = "2025-08"
"""Long over: what lies in the inbox is taken, nothing is waited for."""


def test_a_department_s_run_by_hand_gives_what_the_command_line_gives(airflow_environment, tmp_path):
    """It knows no partitions: the month is said with -c."""
    county = make_county(tmp_path / "county", households=150, months=(Month.parse(MONTH),), seed=5, dirt=False)
    lines = {name: CommandLine(tmp_path / name) for name in ("by-hand", "by-airflow")}
    for line in lines.values():
        shutil.copytree(county.inbox / MONTH / "water", line.home / "inbox" / MONTH / "water")
    load = f"registry load {county.registry} --as-of {MONTH}"
    _, expected = lines["by-hand"].after(MONTH, "init", load, f"receive {MONTH} --department water")

    lines["by-airflow"].run("init", load)
    environment = {**airflow_environment, "SHOUWANG_HOME": str(lines["by-airflow"].home)}
    for words in (["db", "migrate"], ["dags", "test", "exchange_water", "-c", json.dumps({"month": MONTH})]):
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    _, found = lines["by-airflow"].after(MONTH)
    assert found == expected
    assert expected["matches"].count(b"\n") > 20
