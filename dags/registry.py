"""The household registry (农户信息表), loaded by hand whenever the county exports a new
snapshot."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, PartitionedAtRuntime, dag

from shouwang_dags import MONTH, CountyDags, each_county, step

DOC = """
### The household registry 农户信息表

**What.** Makes or migrates the database, then loads one snapshot of the registry as of a data month. Earlier snapshots
stay: a past month can be run again as it was.

**When.** By hand: *Trigger*, with the month from which it holds (`2026-09`) as partition key and the file as parameter.

**If it fails.** The last line of the task's log says which sheet, column or row is wrong. Correct the file and clear
the task; loading the same file twice changes nothing.
"""


def declare(here: CountyDags) -> None:
    """The DAG of one county."""

    @dag(
        dag_id=here.dag_id("registry"),
        dag_display_name=here.title("registry"),
        schedule=PartitionedAtRuntime(),
        catchup=False,
        max_active_runs=1,
        default_args=here.defaults,
        access_control=here.access,
        tags=here.tags("registry"),
        params={
            "file": Param(
                type="string",
                minLength=1,
                description="The workbook, as a path that the worker can read.",
            )
        },
        doc_md=DOC,
    )
    def registry() -> None:
        @step
        def prepare_database() -> dict[str, Any]:
            from shouwang.submissions import handover

            return handover.init()

        @step(outlets=[here.registry])
        def load_registry(file: str, as_of: str) -> dict[str, Any]:
            from shouwang.submissions import handover

            return handover.load_registry(file, as_of)

        prepare_database() >> load_registry("{{ params.file }}", MONTH)

    registry()


each_county(declare)
