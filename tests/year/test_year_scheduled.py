"""A year of a small county through Airflow's scheduler, on a clock that is moved: `year.txt` tells
it.

Every line of the table that begins with a moment says what people did then; the lines below it are
all that followed: runs, events, what the ledger took in, notices, papers in the outbox. Compare it
with section 2 of the handbook. After a change that is meant, ``SHOUWANG_UPDATE_GOLDEN=1`` writes
the table anew: read what `git diff` says of it.
"""

from __future__ import annotations

import difflib
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from shouwang.board import runs as ended_runs
from shouwang.workspace.workspace import load_workspace


def differences(expected: list[str], seen: list[str]) -> list[str]:
    """The lines that differ, each with its number in the table and the moment to which it
    belongs."""
    told, moment = [], ""
    for kind, a, b, c, d in difflib.SequenceMatcher(
        None, expected, seen, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            moment = next((line for line in reversed(expected[:b]) if line[:2] == "20"), moment)
            continue
        told.append(f"line {a + 1}, {moment}")
        told += [f"  expected: {line.strip()}" for line in expected[a:b]] + [
            f"  seen:     {line.strip()}" for line in seen[c:d]
        ]
    return told


def test_every_run_event_notice_and_list_of_the_year_is_the_one_that_the_table_asks_for(
    lived: Path,
) -> None:
    compare(lived, "year.txt")


def test_a_quarter_with_an_unanswered_release_in_its_first_month_is_the_one_of_its_table(
    live: Callable[[str, int], Path],
) -> None:
    compare(live("quarter.txt", 3), "quarter.txt")


def compare(lived: Path, name: str) -> None:
    table = Path(__file__).with_name(name)
    seen = (lived / "lived.txt").read_text(encoding="utf-8")
    if os.environ.get("SHOUWANG_UPDATE_GOLDEN"):
        table.write_text(seen, encoding="utf-8")
    told = differences(table.read_text(encoding="utf-8").splitlines(), seen.splitlines())
    assert not told, "\n".join([f"what was lived is not what {name} tells:", *told])


def test_clearing_and_backfilling_months_that_are_over_leaves_ledger_and_exports_as_they_are(
    lived: Path,
) -> None:
    before, after = (
        {path.name: path.read_bytes() for path in (lived / name).iterdir()}
        for name in ("before", "after")
    )
    assert len(before) > 12 * 5
    assert all(before.values())
    assert [name for name in before | after if before.get(name) != after.get(name)] == []


def test_a_line_that_differs_is_named_with_its_moment() -> None:
    table = [
        "2026-02-05 Thu 08:31  nothing",
        "    runs     followup",
        "2026-02-06 Fri 08:31  nothing",
    ]
    assert differences(table, [table[0], "    runs     papers", table[2]]) == [
        "line 2, 2026-02-05 Thu 08:31  nothing",
        "  expected: runs     followup",
        "  seen:     runs     papers",
    ]
    assert differences(table, table) == []


def test_that_the_holidays_of_a_year_are_not_published_yet_stands_in_the_log(lived: Path) -> None:
    assert "The public holidays of 2027 are not known" in (lived.parent / "log").read_text(
        encoding="utf-8"
    )


def test_every_end_of_a_run_is_on_our_own_record_once(lived: Path) -> None:
    """Those that were cleared have ended twice; what ended after the last morning is noted."""
    query = (
        "SELECT dag_id, COALESCE(partition_key, ''), clear_number FROM dag_run"
        " WHERE state IN ('success', 'failed')"
    )
    with closing(sqlite3.connect(lived / "airflow" / "airflow.db")) as airflow:
        runs = airflow.execute(query).fetchall()
    query = "SELECT subject, COALESCE(month, '') FROM audit_event WHERE kind = 'ran'"
    with closing(sqlite3.connect(lived / "home" / "shouwang.db")) as ledger:
        recorded = ledger.execute(query).fetchall()
    noted = ended_runs.noted(load_workspace({"SHOUWANG_HOME": str(lived / "home")}))
    assert any(cleared for _, _, cleared in runs)
    ends = Counter((dag, month) for dag, month, cleared in runs for _ in range(1 + cleared))
    assert Counter([*recorded, *((run.dag, run.month or "") for run in noted.values())]) == ends
