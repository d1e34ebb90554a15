"""Every day after the lists went out (跟踪督办): what comes back, what is due, what is overdue, what is kept too long."""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from shouwang_notices import Notice, link_to, tell
from wiring import CountyDags, each_county, step

DOC = """
### Follow-up 反馈收取与督办

**What.** Collects the workbooks that townships sent back and answers each row; takes in what departments put late, or
corrected, into the inbox of the last twelve months; opens each month again that has something new by that, or by a late
answer; starts a month whose waiting time ended with a department refused; sends again what could not be sent; reminds of what is due today; writes the
supervision list (督办单) of what is overdue, for the county and each township; deletes what has been kept too long;
passwords that are a year old are replaced, and whoever has one that nobody has told them yet is named; puts on our own record
which runs have ended since yesterday.

**When.** Every morning at half past eight. Running it twice changes nothing; run it by hand after a township has called.

**If it fails.** The last line of the task's log says what is wrong and what to do; the steps do not wait for each
other, and tomorrow's run takes up what today's left.
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
        def collect() -> dict[str, Any]:
            from shouwang import steps

            done = steps.collect_returns()
            if away := done["unreachable"]:
                tell(
                    Notice(
                        cause=f"unreachable {away}", what=f"有 {len(away)} 处报回地址连不上", where="；".join(away),
                        to_do="请检查网络与账号；已报回的表不会丢失，下次再取。", link=link_to(here.dag_id("followup")),
                    )
                )  # fmt: skip
            counts = [
                {k: v for k, v in told.items() if k in ("taken", "known_already", "blank")} for told in done["files"]
            ]
            return {"files": len(counts), "answers": counts, "failed": sorted(done["failed"])}

        @step
        def look() -> list[dict[str, str]]:
            from shouwang import steps

            return steps.come_late()

        @step(map_index_template="{{ what }}")
        def receive(month: str, department: str) -> dict[str, Any]:
            from shouwang import steps

            get_current_context()["what"] = f"{month} {here.titles[department]}"
            return here.tell_of_a_delivery(steps.receive(month, department))

        @step(outlets=[settled], trigger_rule=TriggerRule.ALL_DONE)
        def reopen(outlet_events: Any = None) -> list[str]:
            from shouwang import steps

            received = get_current_context()["ti"].xcom_pull(task_ids=["receive"])  # a list, also if there was one only
            months = steps.to_screen([reference["month"] for reference in received if reference])
            if not months:
                raise AirflowSkipException("No month has anything new.")
            outlet_events[settled].add_partitions(months)
            for month in months:
                here.tell_of_the_missing(month, steps.settled(month))
            return months

        @step
        def send_again() -> dict[str, Any]:
            from shouwang import steps

            done = steps.send()
            if done["failed"]:
                tell(
                    Notice(
                        cause=f"not sent {sorted(done['failed'])}", what=f"{'、'.join(sorted(done['failed']))} 的名单没有送达",
                        where="；".join(done["failed"].values()), to_do="请检查该乡镇的地址与账号；每天自动重发，不会重复下发。",
                        link=link_to(here.dag_id("followup")),
                    )
                )  # fmt: skip
            return {"sent": len(done["sent"]), "failed": sorted(done["failed"])}

        @step
        def remind() -> dict[str, int]:
            from shouwang import steps

            due: dict[str, int] = {}
            for row in steps.list_cases(what="due"):
                due[row["township"]] = due.get(row["township"], 0) + 1
            if due:
                tell(
                    Notice(
                        cause=f"due {sorted(due.items())}", what=f"今天到期的线索 {sum(due.values())} 条",
                        where="，".join(f"{name} {count} 条" for name, count in sorted(due.items())),
                        to_do="请提醒乡镇今天报回核查结果。", link=link_to(here.dag_id("followup")), bad=False,
                    )
                )  # fmt: skip
            return due

        @step
        def supervise() -> dict[str, Any]:
            from shouwang import steps

            overdue: dict[str, int] = {}
            for row in steps.list_cases(what="overdue"):
                overdue[row["township"]] = overdue.get(row["township"], 0) + 1
            if not overdue:
                raise AirflowSkipException("Nothing is overdue.")
            steps.supervise("shouwang")
            tell(
                Notice(
                    cause=f"overdue {sorted(overdue.items())}", what=f"超期未核查的线索 {sum(overdue.values())} 条，已列入督办单",
                    where="，".join(f"{name} {count} 条" for name, count in sorted(overdue.items())),
                    to_do="督办单在县级发件箱，各乡镇的已随同下发。", link=link_to(here.dag_id("followup")),
                )
            )  # fmt: skip
            return overdue

        @step
        def renew_passwords() -> dict[str, list[str]]:
            from shouwang import steps

            done = steps.renew_passwords()
            if untold := done["untold"]:
                tell(
                    Notice(
                        cause=f"untold {untold}", what=f"{'、'.join(untold)} 的新密码还没有告知",
                        where="名单用新密码加密；以前的名单仍用旧密码打开。",
                        to_do="请逐个运行 shouwang secrets show --township 乡镇 --by 姓名，当面或电话告知，不要随名单发送。",
                        link=link_to(here.dag_id("followup")),
                    )
                )  # fmt: skip
            return done

        @step
        def record_runs() -> int:
            from shouwang_listener import record_ended_runs

            return record_ended_runs()

        @step(trigger_rule=TriggerRule.ALL_DONE)
        def expire() -> int:
            from shouwang import steps

            return sum(gone["files"] for gone in steps.expire())

        collected = collect()
        [collected, receive.expand_kwargs(look())] >> reopen()
        collected >> [remind(), supervise()]
        send_again() >> expire()
        renew_passwords()
        record_runs()

    followup()


each_county(declare)
