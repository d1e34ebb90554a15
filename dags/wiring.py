"""What the DAG files share: departments and their hand-over, how a task is tried again, what a failure says.

Parsed again and again by Airflow: it reads a few lines of YAML and imports nothing heavy; tasks import
``shouwang.steps`` when they run.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from airflow.sdk import (
    Asset,
    AsyncCallback,
    BaseOperator,
    Context,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
)
from airflow.sdk.exceptions import AirflowSkipException

from shouwang.errors import ShouwangError, Unreachable
from shouwang_notices import Notice, link_to, tell
from shouwang_plugin import HandoverTimetable, SettledFolderTrigger

log = logging.getLogger(__name__)

COUNTY = Path(os.environ.get("SHOUWANG_COUNTY") or Path(__file__).resolve().parents[1] / "include" / "county")

MONTH = "{{ dag_run.partition_key }}"
"""The data month (批次) of a run, as a template: the key of everything."""

MONTH_SETTLED = Asset(
    "month_settled",
    uri="x-shouwang://month/settled",
    group="shouwang",
    extra={"partition": "data month (批次), YYYY-MM"},
)
"""Every department that is due has delivered a month or was declared late; again whenever a correction arrives."""

REGISTRY = Asset("registry", uri="x-shouwang://registry", group="shouwang")
"""A snapshot of the household registry (农户信息表) was loaded."""


REMIND_RELEASE = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=dt.timedelta(days=2),
    callback=AsyncCallback("shouwang_notices.remind_release"),
    name="审核发布超时",
)
"""Who is told of notices is reminded of a release that nobody has answered."""


@dataclass(frozen=True)
class Contract:
    """What the wiring has to know of a department's contract."""

    department: str
    title: str
    dataset: str
    dataset_title: str
    months: tuple[int, ...]


@cache
def contracts() -> tuple[Contract, ...]:
    """The departments' contracts, in the order of their names."""
    found = []
    for path in sorted((COUNTY / "departments").glob("*.yaml")):
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(
            Contract(
                department=written["department"],
                title=written["title"],
                dataset=written["dataset"],
                dataset_title=written.get("dataset_title", written["dataset"]),
                months=tuple((written.get("cadence") or {}).get("months", ())),
            )
        )
    return tuple(found)


@cache
def _county() -> dict[str, Any]:
    path = COUNTY / "county.yaml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}


OFFICE_ZONE: str = _county().get("timezone", "Asia/Shanghai")
"""Where the county's clock stands."""


def handover(months: tuple[int, ...] = ()) -> HandoverTimetable:
    """The county's hand-over day (报送日) for the data months with these numbers; none means all."""
    return _day_of_month("handover_day", 5, months)


def papers_day() -> HandoverTimetable:
    """The day on which a month's papers are written."""
    return _day_of_month("papers_day", 25)


def _day_of_month(setting: str, default: int, months: tuple[int, ...] = ()) -> HandoverTimetable:
    calendar = _county().get("calendar") or {}
    return HandoverTimetable(
        day=calendar.get(setting, default),
        months=months,
        timezone=OFFICE_ZONE,
        days_off={str(day): off for day, off in (calendar.get("holidays") or {}).items()},
    )


def explain_failure(context: Context) -> None:
    """One line in the task's log: which delivery, what happened, what to do.

    Only our own errors are quoted: they are written to be read and carry no personal data; others give their kind.
    """
    instance, run = context["ti"], context.get("dag_run")
    error = context.get("exception")
    happened = str(error) if isinstance(error, ShouwangError) else f"{type(error).__name__} (see the lines above)"
    remedy = (
        "Put right what the message names, then clear this task"
        if isinstance(error, ShouwangError)
        else "If it was a passing fault (database, disk, network), clear this task"
    )
    month = getattr(run, "partition_key", None) or "no data month"
    names = {f"exchange_{c.department}": f"{c.title} ({c.department}/{c.dataset})" for c in contracts()}
    tell(
        Notice(
            cause=happened if isinstance(error, ShouwangError) else type(error).__name__,
            what=f"{month} {names.get(instance.dag_id, instance.dag_id)}：{instance.task_id} 失败",
            where=happened[:500],
            to_do=f"{remedy}.",
            link=link_to(instance.dag_id, str(getattr(run, "run_id", "")), instance.task_id),
        )
    )
    log.error(
        "FAILED %s · %s · step %s after try %d: %s What to do: %s; a step that runs twice changes nothing.",
        month,
        names.get(instance.dag_id, instance.dag_id),
        instance.task_id,
        instance.try_number,
        happened if happened.endswith((".", "。")) else f"{happened}.",
        remedy,
    )


DEFAULTS: dict[str, Any] = {
    "owner": "shouwang",
    "retries": 3,
    "retry_delay": dt.timedelta(seconds=20),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": dt.timedelta(minutes=10),
    "retry_policy": ExceptionRetryPolicy(
        [
            RetryRule(Unreachable, RetryAction.RETRY, reason="Another machine may be back soon."),
            RetryRule(ShouwangError, RetryAction.FAIL, reason="A person has to act; trying again would not help."),
        ]
    ),
    "execution_timeout": dt.timedelta(hours=1),
    "on_failure_callback": explain_failure,
}
"""What passes by itself (a locked database, a full disk, a worker that died) is tried again; our own errors are not."""


def unless_refused(reference: dict[str, Any]) -> dict[str, Any]:
    """The reference of a delivery that goes on; one that was refused, or is in force already, skips the steps left."""
    if reference["status"] == "refused":
        tell(
            Notice(
                cause=f"refused {reference.get('delivery_id')} {reference.get('message')}",
                what=f"{reference['month']} {_titles().get(reference['department'], '')}（{reference['department']}）的报送被整份退回",
                where=str(reference.get("message") or ""),
                to_do="数据回执已放入该部门的发件箱，请部门改正后重新报送；此前的版本仍然有效。",
            )
        )
    if reference["status"] in ("refused", "unchanged"):
        raise AirflowSkipException(f"{reference['status']}: {reference.get('message') or 'nothing left to do'}")
    return reference


def tell_of_the_missing(month: str, state: dict[str, Any]) -> None:
    """Tell once that a month is screened without some departments."""
    missing = [f"{_titles().get(name, name)}" for name in state["missing"]]
    if missing:
        tell(
            Notice(
                cause=f"missing {month} {missing}",
                what=f"{month} 开始筛查，缺：{'、'.join(missing)}",
                to_do="名单将注明缺哪些部门；补报随时可收，届时只补发有变化的户。请催报。",
                link=link_to("screening"),
            )
        )


def _titles() -> dict[str, str]:
    return {contract.department: contract.title for contract in contracts()}


STILL_COPYING = dt.timedelta(minutes=10)
"""How long files that came at the last moment, or after it, may take to stand still."""


class AwaitFiles(BaseOperator):
    """Waits, deferred, for a department's files of the run's month; skipped when the waiting time is over.

    Files count when they have settled (their sizes and times stand still). A run for a month whose waiting time is
    long over takes what lies there, or is skipped at once; files that are still being copied then get `STILL_COPYING`.
    """

    ui_color = "#eef4fb"

    def __init__(self, *, department: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.department = department

    def execute(self, context: Context, event: str = "", last_chance: bool = False) -> None:
        from shouwang import steps
        from shouwang.house import open_house

        month = context["dag_run"].partition_key or ""
        if steps.arrived(month, self.department):
            return
        until = steps.deadline(month)
        house = open_house()
        folder = house.inbox_of(month, self.department)
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
                seconds=60 if house.far_inbox else 5,
                fetch=(month, self.department) if house.far_inbox else None,
            ),
            method_name="execute",
            kwargs={"last_chance": over},
        )
