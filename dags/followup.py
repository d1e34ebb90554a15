"""Every day after the lists went out (跟踪督办): what comes back, what is due, what is overdue,
what is kept too long."""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from shouwang_dags import CountyDags, each_county, step
from shouwang_morning import CHORES, do_all

DOC = """
### Follow-up 反馈收取与督办

**What.** `morning` does, one after the other, all that a day may ask for: collects the workbooks that townships sent
back and answers each row; sends again what could not be sent; reminds of what is due today, of releases that nobody has
answered and of townships that are held back; writes the supervision list (督办单) of what is overdue, for the county and
each township; replaces passwords that are a year old and names whoever has one that nobody has told them yet; puts on
our own record which runs have ended; deletes what has been kept too long. `catch_up` takes in what departments put late, or corrected, into the inbox of the last
twelve months, and tries again what of the morning has failed; `reopen` opens each month again that has something new by that, or by a late answer, and starts a month
whose waiting time ended with a department refused. Where there is nothing to do, `morning` is the only task that runs.

**When.** Every morning at half past eight. Running it twice changes nothing; run it by hand after a township has called.

**If it fails.** The last line of the task's log says what is wrong and what to do; what fails holds up nothing else of
the morning, and tomorrow's run takes up what today's left.
"""


def declare(here: CountyDags) -> None:
    """The DAG of one county."""

    @dag(
        dag_id=here.dag_id("followup"),
        dag_display_name=here.title("followup · 反馈收取与督办"),
        schedule=CronTriggerTimetable("30 8 * * *", timezone=here.county.settings.timezone),
        catchup=False,
        max_active_runs=1,
        default_args=here.defaults,
        access_control=here.access,
        tags=here.tags("followup"),
        doc_md=DOC,
    )
    def followup() -> None:
        settled = here.month_settled

        @step
        def morning() -> list[dict[str, str]]:
            from airflow.sdk.execution_time.comms import SkipDownstreamTasks
            from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

            from shouwang.release import planning
            from shouwang.submissions import handover

            failed, late = do_all(here), handover.come_late()
            if not late and not planning.to_screen():
                SUPERVISOR_COMMS.send(
                    SkipDownstreamTasks(tasks=["reopen"])
                )  # no worker for nothing
            return [*late, *({"chore": name} for name in failed)]

        @step(map_index_template="{{ what }}")
        def catch_up(month: str = "", department: str = "", chore: str = "") -> Any:
            from shouwang.submissions import handover

            get_current_context()["what"] = chore or f"{month} {here.titles[department]}"
            if chore:
                return CHORES[chore](here)
            return here.tell_of_a_submission(handover.receive(month, department))

        @step(outlets=[settled], trigger_rule=TriggerRule.ALL_DONE)
        def reopen(outlet_events: Any = None) -> list[str]:
            from shouwang.casework import monthly
            from shouwang.release import planning

            context = get_current_context()
            caught_up = context["ti"].xcom_pull(
                task_ids=["catch_up"]
            )  # a list, also if there was one only
            received = [
                each for each in caught_up if isinstance(each, dict) and "department" in each
            ]
            months = planning.to_screen([reference["month"] for reference in received])
            if not months:
                raise AirflowSkipException("No month has anything new.")
            outlet_events[settled].add_partitions(months)
            for month in months:
                here.tell_of_the_missing(month, monthly.settle(month, context["run_id"]))
            return months

        catch_up.expand_kwargs(morning()) >> reopen()

    followup()


each_county(declare)
