"""The papers of a month (通报与反馈): the bulletin, the registry's checks, what became of each
department's rows."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag
from airflow.sdk.exceptions import AirflowSkipException

from shouwang_dags import MONTH, CountyDags, each_county, step

DOC = """
### Papers of a month 通报与结果反馈

**What.** Writes the bulletin (通报; of two months every second month), the list of what does not fit together in the
registry (数据清洗) for the county and each township, and for each department what became of its rows (结果反馈).

**When.** On the day that the county sets for it (`calendar.papers_day`), when most townships have answered; trigger it
for a data month (`2026-09`) to have the papers again with what has come since.

**If it fails.** The last line of the task's log says what is wrong and what to do; clear the task.
"""


def declare(here: CountyDags) -> None:
    """The DAG of one county."""

    @dag(
        dag_id=here.dag_id("papers"),
        dag_display_name=here.title("papers · 通报与结果反馈"),
        schedule=here.papers_day(),
        catchup=False,
        max_active_runs=1,
        default_args=here.defaults,
        access_control=here.access,
        tags=here.tags("papers"),
        doc_md=DOC,
    )
    def papers() -> None:
        @step
        def bulletin(month: str) -> dict[str, Any]:
            from shouwang.statistics import publishing

            return publishing.write_bulletin(month, 1 if int(month[-2:]) % 2 else 2)

        @step
        def check_registry(month: str) -> dict[str, Any]:
            from shouwang.statistics import publishing

            return publishing.check_registry(month, "shouwang")

        @step(map_index_template="{{ title }}")
        def results(month: str, department: str, title: str) -> dict[str, Any]:
            from airflow.sdk import get_current_context

            from shouwang.statistics import publishing

            get_current_context()["title"] = title
            done = publishing.write_results(month, department)
            if done["status"] != "written":
                raise AirflowSkipException(f"{month}: {department} has delivered nothing.")
            return done

        bulletin(MONTH)
        check_registry(MONTH)
        each = [
            {"department": contract.department, "title": contract.title}
            for contract in here.contracts
        ]
        results.partial(month=MONTH).expand_kwargs(each)

    papers()


each_county(declare)
