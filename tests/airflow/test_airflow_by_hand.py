"""`airflow dags test`: a DAG's run by hand, without a scheduler."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

from leftovers import ordinary_texts, people_of, who_is_named
from scheduled import CommandLine

from shouwang.core.month import Month
from shouwang.county.settings import read_county

STEPS = ("wait_for_files", "take_in", "validate", "match", "load", "settle")
MONTH = "2025-08"
"""Long over: what lies in the inbox is taken, nothing is waited for."""


def test_a_department_s_run_by_hand_gives_what_the_command_line_gives(
    airflow_environment, tmp_path, project, made_county
):
    """It knows no partitions: the month is said with -c. OpenLineage, switched on, is told of
    columns and nobody."""
    county = made_county(
        tmp_path / "county", households=60, months=(Month.parse(MONTH),), seed=5, dirt=False
    )
    lines = {name: CommandLine(tmp_path / name) for name in ("by-hand", "by-airflow")}
    for line in lines.values():
        shutil.copytree(county.inbox / MONTH / "water", line.home / "inbox" / MONTH / "water")
    load = f"registry load {county.registry} --as-of {MONTH}"
    _, expected = lines["by-hand"].after(MONTH, "init", load, f"receive {MONTH} --department water")

    lines["by-airflow"].run("init", load)
    events = tmp_path / "events.jsonl"
    lineage = {
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "file", "log_file_path": str(events), "append": True}
        ),
        "AIRFLOW__OPENLINEAGE__EXTRACTORS": "shouwang_lineage.StepLineage",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "shouwang",
    }
    environment = {**airflow_environment, "SHOUWANG_HOME": str(lines["by-airflow"].home), **lineage}
    for words in (
        ["db", "migrate"],
        ["dags", "test", "exchange_water", "-c", json.dumps({"month": MONTH})],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    _, found = lines["by-airflow"].after(MONTH)
    assert found == expected
    assert expected["matches"].count(b"\n") > 20
    (run,) = lines["by-airflow"].asked("runs")
    assert (run["dag"], run["month"], run["state"], run["failed"]) == (
        "exchange_water",
        MONTH,
        "success",
        [],
    )

    told = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    done = {event["job"]["name"]: event for event in told if event["eventType"] == "COMPLETE"}
    assert done.keys() == {"exchange_water", *(f"exchange_water.{step}" for step in STEPS)}
    load = done["exchange_water.load"]
    assert load["job"]["namespace"] == "shouwang"
    contract = read_county(project / "include" / "county").contracts["water"]
    columns = [{"name": name, "type": column.type} for name, column in contract.columns.items()]
    for datasets, place in ((load["inputs"], "inbox"), (load["outputs"], "ledger")):
        (dataset,) = datasets
        assert (dataset["namespace"], dataset["name"]) == (
            "shouwang://532900",
            f"{place}/water/supplies",
        )
        assert [
            {k: field[k] for k in ("name", "type")}
            for field in dataset["facets"]["schema"]["fields"]
        ] == columns
    people = people_of(county.folder, ordinary_texts(project))
    assert who_is_named([("events", events.read_text(encoding="utf-8"))], people) == {}
