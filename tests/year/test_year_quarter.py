"""A quarter through Airflow's scheduler with an unanswered release in its first month:
`quarter.txt` tells it."""

from __future__ import annotations

import os
from pathlib import Path

from test_year_scheduled import differences

TABLE = Path(__file__).parent / "quarter.txt"


def test_every_run_event_notice_and_list_of_the_quarter_is_the_one_that_the_table_asks_for(
    quarter: Path,
) -> None:
    seen = (quarter / "lived.txt").read_text(encoding="utf-8")
    if os.environ.get("SHOUWANG_UPDATE_GOLDEN"):
        TABLE.write_text(seen, encoding="utf-8")
    told = differences(TABLE.read_text(encoding="utf-8").splitlines(), seen.splitlines())
    assert not told, "\n".join(["the quarter was another than the table's:", *told])
