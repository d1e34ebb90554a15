"""One DAG a department: its files of a data month, from the inbox into the ledger (部门筛查预警).

The departments are the contracts under ``include/county/departments``; a new one needs no Python.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Label, TriggerRule, dag, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from shouwang.county.contract import Contract
from shouwang_dags import MONTH, CountyDags, each_county, step
from shouwang_waiting import AwaitFiles, UntilAnswered

DOC = """
### {title} · {dataset_title} (`{department}`)

**What.** Waits for the files in `<inbox>/<month>/{department}/`, takes them in, validates every row, matches the rows
with the registry, and writes them into the ledger with a receipt (数据回执) for the department. When every department
that is due has delivered or was declared late, the month is *settled*, and the DAG `screening` starts by itself.

**When.** {when}. It waits, without holding a worker, until the county's waiting time (`calendar.waiting_until_day`) is
over, then declares the submission late. A late file, a corrected one, or a corrected receipt alone is accepted at any
time: put it into the folder, and tomorrow's `followup` takes it in; or *Trigger* with the data month (`2026-09`) as
partition key. A department whose file was refused has the same waiting time before the month goes on without it.

**If it asks.** A file in which a required column cannot be told is *held* (待确认): the task waits, again without a
worker, and reads the file on within a minute of the answer on the board; nobody uploads anything again. If nobody has
answered when the waiting time is over, the department counts as missing; a later answer starts a run of its own.

**If it fails.** The last line of the task's log says what is wrong and what to do. A *refused* file is no failure: the
steps after it are skipped, the receipt in the outbox tells the department why, and the older version stays in force.
Any task may be cleared; a step that runs twice changes nothing.
"""


def exchange(here: CountyDags, contract: Contract) -> None:
    """Declare the DAG of one contract."""
    timetable = here.handover(contract.cadence.months)

    @dag(
        dag_id=here.dag_id(f"exchange_{contract.department}"),
        dag_display_name=here.title(f"{contract.title} · {contract.dataset_title}"),
        schedule=None if contract.on_arrival else timetable,
        catchup=False,
        max_active_runs=4,
        default_args=here.defaults,
        access_control=here.access,
        tags=here.tags("exchange", contract.department),
        doc_md=DOC.format(
            title=contract.title,
            dataset_title=contract.dataset_title,
            department=contract.department,
            when="When files come: `followup` looks for them every day"
            if contract.on_arrival
            else timetable.description[0].upper() + timetable.description[1:],
        ),
    )
    def department_dag() -> None:
        @step
        def match(reference: dict[str, Any]) -> dict[str, Any]:
            from shouwang.submissions import handover

            return handover.match(here.unless_refused(reference))

        @step
        def load(reference: dict[str, Any]) -> dict[str, Any]:
            from shouwang.submissions import handover

            return here.tell_of_a_submission(handover.load(here.unless_refused(reference)))

        @step(trigger_rule=TriggerRule.ALL_SKIPPED)
        def declare_late(month: str, department: str) -> dict[str, Any]:
            from shouwang.submissions import handover

            return handover.declare_late(month, department)

        @step(trigger_rule=TriggerRule.NONE_FAILED, outlets=[here.month_settled])
        def settle(month: str) -> dict[str, Any]:
            from shouwang.casework import monthly

            state = monthly.settle(month, get_current_context()["run_id"])
            if not state["settled"]:
                raise AirflowSkipException(
                    f"{month} is not settled yet; not here: {', '.join(state['missing'])}."
                )
            if not state["news"]:
                raise AirflowSkipException(f"{month} is settled as it was told of before.")
            here.tell_of_the_missing(month, state)
            return state

        wait = AwaitFiles(task_id="wait_for_files", month=MONTH, department=contract.department)
        whose = {"here": here, "month": MONTH, "department": contract.department}
        taken = UntilAnswered(task_id="take_in", **whose)
        validated = UntilAnswered(task_id="validate", judge="take_in", **whose)
        loaded = load(match(validated.output))
        late = declare_late(MONTH, contract.department)
        wait >> Label("files are here") >> taken >> validated
        wait >> Label("waiting time is over") >> late
        [loaded, late] >> settle(MONTH)

    department_dag()


def declare(here: CountyDags) -> None:
    """The DAGs of one county."""
    for contract in here.contracts:
        exchange(here, contract)


each_county(declare)
