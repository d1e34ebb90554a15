"""The screening of a settled month (信息比对): signals, warnings, cases. What goes out follows in
`release`."""

from __future__ import annotations

from typing import Any

from airflow.sdk import PartitionedAssetTimetable, dag

from shouwang_dags import MONTH, CountyDags, each_county, step

DOC = """
### Screening 信息比对

**What.** Screens a data month by the county's rules: signals, a level for each household, cases in the ledger. Then the
DAG `release` starts by itself, which asks a person before anything goes out.

**When.** By itself as soon as a month is settled, and again whenever a corrected or late file settles it anew.

**If it fails.** The last line of the task's log says what is wrong and what to do; clear the task.
"""


def declare(here: CountyDags) -> None:
    """The DAG of one county."""

    @dag(
        dag_id=here.dag_id("screening"),
        dag_display_name=here.title("screening · 信息比对"),
        schedule=PartitionedAssetTimetable(assets=here.month_settled),
        catchup=False,
        max_active_runs=1,
        default_args=here.defaults,
        access_control=here.access,
        tags=here.tags("screening"),
        doc_md=DOC,
    )
    def screening() -> None:
        @step(outlets=[here.month_screened])
        def screen(month: str) -> dict[str, Any]:
            from shouwang.casework import monthly

            return monthly.screen(month)

        screen(MONTH)

    screening()


each_county(declare)
