"""Tasks that wait, deferred, without holding a worker: for a department's files, for a clerk's
answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from shouwang.workspace.counties import served
from shouwang_dags import CountyDags
from shouwang_plugin import AnswerTrigger, SettledFolderTrigger

STILL_COPYING = dt.timedelta(minutes=10)
"""How long files that came at the last moment, or after it, may take to stand still."""


class AwaitFiles(BaseOperator):
    """Waits, deferred, for a department's files of the run's month; skipped when the waiting time
    is over.

    Files count when they have settled (their sizes and times stand still). A run for a month whose
    waiting time is long over takes what lies there, or is skipped at once; files that are still
    being copied then get `STILL_COPYING`.
    """

    ui_color = "#eef4fb"
    template_fields = ("month",)

    def __init__(self, *, month: str, department: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.month, self.department = month, department

    def execute(self, context: Context, event: str = "", last_chance: bool = False) -> None:
        from shouwang.submissions import handover
        from shouwang.workspace.workspace import load_workspace

        month = self.month
        if handover.arrived(month, self.department):
            return
        until = handover.deadline(month)
        workspace = load_workspace()
        folder = workspace.inbox_of(month, self.department)
        if over := (now := dt.datetime.now(until.tzinfo)) >= until:
            seen = SettledFolderTrigger(folder=str(folder), until="").look()
            if last_chance or seen in ("", event):
                raise AirflowSkipException(
                    f"Nothing came from {self.department} for {month} by {until:%Y-%m-%d %H:%M}."
                )
            until = now + STILL_COPYING
        self.log.info("Nothing settled in %s yet; waiting until %s.", folder, until.isoformat())
        self.defer(
            trigger=SettledFolderTrigger(
                folder=str(folder),
                until=until.isoformat(),
                known=event,
                seconds=60 if workspace.far_inbox else 5,
                fetch=(month, self.department) if workspace.far_inbox else None,
                county=served(),
            ),
            method_name="execute",
            kwargs={"last_chance": over},
        )


class UntilAnswered(BaseOperator):
    """Takes in a submission, or goes on to judge it, and waits, deferred, while it is held (待确认).

    An answer lets it take in again what lies there. Silence leaves the submission held when the
    waiting time is over; a later answer reads it on by another run. ``judge``: with the rows
    judged, what `handover.validate` does.
    """

    ui_color = "#eef4fb"
    template_fields = ("month",)

    def __init__(
        self, *, here: CountyDags, month: str, department: str, judge: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.here, self.month, self.department, self.judge = here, month, department, judge

    def execute(self, context: Context, event: str | None = None) -> dict[str, Any]:
        from shouwang.submissions import asking, handover

        if self.judge and event is None:
            taken = self.here.unless_refused(context["ti"].xcom_pull(task_ids=self.judge))
        else:
            taken = dict(handover.take_in(self.month, self.department))
        reference = (
            dict(handover.validate(taken)) if self.judge and taken["status"] == "read" else taken
        )
        until = handover.deadline(self.month)
        if reference["status"] == "held" and event != "":
            self.here.tell_of_a_submission(reference)
            if dt.datetime.now(until.tzinfo) < until:
                asked = asking.waiting(self.month, self.department)
                self.log.info(
                    "%s Waiting for the answers until %s.", reference["message"], until.isoformat()
                )
                self.defer(
                    trigger=AnswerTrigger(
                        month=self.month,
                        department=self.department,
                        asked=asked,
                        until=until.isoformat(),
                        county=served(),
                    ),
                    method_name="execute",
                )
        if reference["status"] == "held":
            self.log.info(
                "Nobody has answered in time; %s counts as missing until somebody does.",
                self.department,
            )
        return reference
