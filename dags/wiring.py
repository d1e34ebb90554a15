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
from airflow.sdk import Asset, BaseOperator, Context, ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowSkipException

from shouwang.errors import ShouwangError, Unreachable
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


def handover(months: tuple[int, ...] = ()) -> HandoverTimetable:
    """The county's hand-over day (报送日) for the data months with these numbers; none means all."""
    path = COUNTY / "county.yaml"
    county = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    calendar = county.get("calendar") or {}
    return HandoverTimetable(
        day=calendar.get("handover_day", 5),
        months=months,
        timezone=county.get("timezone", "Asia/Shanghai"),
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
    if reference["status"] in ("refused", "unchanged"):
        raise AirflowSkipException(f"{reference['status']}: {reference.get('message') or 'nothing left to do'}")
    return reference


LEVELS = ("红", "黄", "蓝")


def release_note(counts: dict[str, Any], townships: list[str]) -> str:
    """What a clerk reads before approving a release: counts by township and level, and who is missing (Markdown)."""
    by_level = "，".join(f"{level} {counts['levels'].get(level, 0)}" for level in LEVELS)
    lines = [
        f"**{counts['month']}** 共 {sum(counts['levels'].values())} 户（{by_level}）；"
        f"新增 {counts['new']} 户，补充 {counts['supplement']} 户，重复不再下发 {counts['repeated']} 户。",
        "",
    ]
    for state, wording in (("missing", "未报送部门"), ("refused", "数据被退回部门")):
        if counts.get(state):
            lines += [f"**{wording}：** {'、'.join(counts[state])}。名单将注明。", ""]
    if counts.get("warnings"):
        lines += ["**请留意：**", *(f"- {warning}" for warning in counts["warnings"]), ""]
    lines += ["| 乡镇 | 红 | 黄 | 蓝 |", "|---|--:|--:|--:|"]
    for township in townships:
        levels = counts["townships"].get(township, {})
        lines.append(f"| {township} | " + " | ".join(str(levels.get(level, 0)) for level in LEVELS) + " |")
    return "\n".join([*lines, "", "批准后立即向以上乡镇下发名单；驳回则不下发。"])


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
