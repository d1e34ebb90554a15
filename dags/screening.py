"""The screening of a settled month (信息比对): clues, a person's approval, one workbook a township, the summary."""

from __future__ import annotations

from typing import Any

from airflow.sdk import PartitionedAssetTimetable, TriggerRule, dag, get_current_context, task_group
from airflow.sdk.exceptions import AirflowSkipException

from approving import ReleaseApproval, release_note
from wiring import MONTH, CountyDags, each_county, step

DOC = """
### Screening and release 信息比对与发布

**What.** Screens a data month by the county's rules, asks a person of the county office to approve the release, then
writes one workbook a township, sends each by its township's channel, and writes the county's summary. Nothing leaves the house before somebody has approved it.

**When.** By itself as soon as a month is settled, and again whenever a corrected or late file settles it anew; then
only what changed goes out (补充名单). With nothing to send nobody is asked.

**To approve.** *Required actions* on this run: counts by township and level, what changed against last month, which
department is missing. Single townships can be held back: trigger this DAG for the month again to be asked for them.
*Reject* sends nothing; say why. The same lists are not asked for again by themselves: clear `approve`, or trigger the
month. Who said what is in the audit trail. Nobody's silence releases anything: after
`calendar.approval_hours` (two days) who is told of notices is reminded.

**If it fails.** The last line of the task's log says what is wrong and what to do. Townships are released and sent one
by one: clear the one that failed; the others are not sent again.
"""


def declare(here: CountyDags) -> None:
    """The DAG of one county."""

    @dag(
        dag_id=here.dag_id("screening"),
        dag_display_name=here.title("screening · 信息比对与发布"),
        schedule=PartitionedAssetTimetable(assets=here.month_settled),
        catchup=False,
        max_active_runs=1,
        default_args=here.defaults,
        access_control=here.access,
        tags=here.tags("screening"),
        user_defined_macros={"release_note": release_note},
        deadline=here.remind_release,
        doc_md=DOC,
    )
    def screening() -> None:
        @step
        def screen(month: str) -> dict[str, Any]:
            from shouwang import steps

            return steps.screen(month)

        @step
        def plan(month: str) -> list[str]:
            from shouwang import steps

            townships = steps.release_plan(month)
            if not townships:
                raise AirflowSkipException(f"{month}: no township has anything new to receive.")
            if get_current_context()["dag_run"].run_type != "manual" and steps.rejected(month):
                raise AirflowSkipException(f"{month}: these lists were rejected; trigger the month to be asked again.")
            return townships

        @step(map_index_template="{{ township }}")
        def release(month: str, township: str, by: str) -> dict[str, Any]:
            from shouwang import steps

            get_current_context()["township"] = township
            return steps.release_township(month, township, by)

        @step(map_index_template="{{ township }}")
        def send(month: str, township: str) -> dict[str, Any]:
            from shouwang import steps

            get_current_context()["township"] = township
            return steps.send_township(month, township)

        @step(trigger_rule=TriggerRule.NONE_FAILED)
        def summarise(month: str) -> dict[str, Any]:
            from shouwang import steps

            return steps.summarise(month)

        screened = screen(MONTH)
        planned = plan(MONTH)
        approve = ReleaseApproval(
            task_id="approve",
            month=MONTH,
            subject=f"{MONTH} 预警名单：请审核后发布",
            body="{{ release_note(ti.xcom_pull(task_ids='screen'), ti.xcom_pull(task_ids='plan')) }}",
        )
        by = "{{ ti.xcom_pull(task_ids='approve', key='by') }}"
        summary = summarise(MONTH)

        @task_group(prefix_group_id=False)
        def hand_out(month: str, township: str, by: str) -> None:
            released = release(month, township, by)
            released >> [send(month, township), summary]

        handed = hand_out.partial(month=MONTH, by=by).expand(township=approve.output)
        screened >> planned >> approve >> handed

    screening()


each_county(declare)
