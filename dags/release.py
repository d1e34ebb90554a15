"""The release of a screened month (审核发布): a person's approval, one workbook a township, the
summary."""

from __future__ import annotations

from typing import Any

from airflow.sdk import PartitionedAssetTimetable, TriggerRule, dag, get_current_context, task_group
from airflow.sdk.exceptions import AirflowSkipException

from shouwang_approval import Question, ReleaseApproval, release_note, why_not_asked, withdraw_older
from shouwang_dags import MONTH, CountyDags, each_county, step
from shouwang_notices import Notice, link_to, tell

DOC = """
### Release 审核发布

**What.** Asks a person of the county office to approve a month's lists, then writes one workbook a township, sends each by
its township's channel, and writes the county's summary. Nothing leaves the workspace before somebody has approved it.

**When.** By itself as soon as a month is screened, and again whenever it is screened anew; then only what changed goes out
(补充名单). With nothing to send nobody is asked. A month that waits for its answer holds up no other month.

**To approve.** *Required actions* on this run: what would go out to whom, what has gone out before, what came since, which
department is missing. Single townships can be held back, and stay so until somebody takes them out of the form: trigger this
DAG with the month (`2026-09`) as partition key to be asked for them. *Reject* sends nothing and fails the run; say why. The
same lists are not asked for again by themselves: trigger this DAG for the month. An approval holds for what was shown: a
township whose list has changed since is asked for again. When the month changes before somebody has answered, the question
is withdrawn, and a new run asks. Who said what is in the audit trail. Nobody's silence releases anything: after
`calendar.approval_hours` (two days) who is told of notices is reminded every morning.

**If it fails.** The last line of the task's log says what is wrong and what to do. Townships are released and sent one
by one: clear the one that failed; the others are not sent again.
"""


def declare(here: CountyDags) -> None:
    """The DAG of one county."""

    @dag(
        dag_id=here.dag_id("release"),
        dag_display_name=here.title("release · 审核发布"),
        schedule=PartitionedAssetTimetable(assets=here.month_screened),
        catchup=False,
        max_active_runs=200,  # runs wait for people; one month waits for no other
        default_args=here.defaults,
        access_control=here.access,
        tags=here.tags("release"),
        user_defined_macros={"release_note": release_note},
        doc_md=DOC,
    )
    def release_dag() -> None:
        @step
        def plan(month: str) -> Question:
            from shouwang.casework import monthly
            from shouwang.release import planning

            context, planned = get_current_context(), planning.release_plan(month)
            why_not = why_not_asked(context, planned)
            if not why_not:
                planning.record_question(planned, context["run_id"])
            withdraw_older(context, planned)
            if why_not:
                if (
                    planned["question"]
                    and planned["asked"][planned["question"]] != planned["content"]
                ):
                    planning.withdraw_question(month)
                raise AirflowSkipException(f"{month}: {why_not}")
            return Question(plan=planned, figures=monthly.figures(month))

        @step(map_index_template="{{ township }}")
        def release(month: str, approved: dict[str, str], by: str) -> dict[str, Any]:
            from shouwang.release import releasing

            get_current_context()["township"] = approved["township"]
            done = releasing.release_township(month, approved["township"], by, approved["content"])
            if done["status"] == "changed":
                raise AirflowSkipException(
                    f"{month} {approved['township']}: the list has changed since it was approved."
                )
            return done

        @step(map_index_template="{{ township }}")
        def send(month: str, approved: dict[str, str]) -> dict[str, Any]:
            from shouwang.release import releasing

            get_current_context()["township"] = approved["township"]
            return releasing.send_township(month, approved["township"])

        @step(trigger_rule=TriggerRule.NONE_FAILED)
        def summarise(month: str) -> dict[str, Any]:
            from shouwang.release import releasing

            return releasing.summarise(month)

        @step(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, outlets=[here.month_screened])
        def ask_again(month: str) -> list[str]:
            from shouwang.release import planning

            planned = planning.release_plan(month)
            held = {hold["township"] for hold in planned["held"]}
            changed = [
                each["township"] for each in planned["lists"] if each["township"] not in held
            ]
            if not changed:
                raise AirflowSkipException(
                    f"{month}: everything that was approved is what went out."
                )
            tell(
                Notice(
                    cause=f"changed {month} {planned['content']}",
                    what=f"{month} {'、'.join(changed)} 的名单在审核后有变化，没有下发",
                    to_do="会重新请求审核，请再次批准。",
                    link=link_to(here.dag_id("release")),
                    bad=False,
                )
            )
            return changed

        planned = plan(MONTH)
        approve = ReleaseApproval(
            task_id="approve",
            month=MONTH,
            subject=f"{MONTH} 预警名单：请审核后发布",
            body="{{ release_note(ti.xcom_pull(task_ids='plan')) }}",
        )
        by = "{{ ti.xcom_pull(task_ids='approve', key='by') }}"
        summary, again = summarise(MONTH), ask_again(MONTH)

        @task_group(prefix_group_id=False)
        def hand_out(month: str, approved: dict[str, str], by: str) -> None:
            released = release(month, approved, by)
            released >> [send(month, approved), summary, again]

        approve >> again
        planned >> approve >> hand_out.partial(month=MONTH, by=by).expand(approved=approve.output)

    release_dag()


each_county(declare)
