"""What the DAG files share: counties, their departments and hand-over, how a task is tried again,
what a failure says.

Parsed again and again by Airflow: it reads the counties' YAML and imports nothing heavy; tasks
import the rooms when they run.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from airflow.configuration import conf
from airflow.sdk import (
    Asset,
    Context,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    dag,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from shouwang.core.errors import Busy, ConfigError, MachineFault, ShouwangError, Unreachable
from shouwang.county.contract import Contract
from shouwang.county.settings import County, read_county
from shouwang.workspace.counties import check_key, county_folders, name_in, serve
from shouwang_notices import Notice, base_url, link_to, month_of, tell
from shouwang_plugin import BOARD, HandoverTimetable

log = logging.getLogger(__name__)

MONTH = "{{ dag_run.partition_key or dag_run.conf['month'] }}"
"""The data month (批次) of a run, as a template: the key of everything. `airflow dags test` knows
no partitions: -c says it."""

step = partial(task, multiple_outputs=False)
"""``@task`` for a step of the pipeline. Airflow would keep each key of its result once more by
itself, at a call each."""

FAB = "FabAuthManager" in conf.get("core", "auth_manager")
"""Whether Airflow knows roles and what each may do with single DAGs."""

ALWAYS: dict[str, Any] = {
    "owner": "shouwang",
    "retries": 3,
    "retry_delay": dt.timedelta(seconds=20),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": dt.timedelta(minutes=10),
    "retry_policy": ExceptionRetryPolicy(
        [
            RetryRule(Unreachable, RetryAction.RETRY, reason="Another machine may be back soon."),
            RetryRule(
                MachineFault,
                RetryAction.RETRY,
                reason="Disk, memory or files of this machine may be free again.",
            ),
            RetryRule(
                Busy,
                RetryAction.RETRY,
                reason="Another process that does the same may be done soon.",
            ),
            RetryRule(
                ShouwangError,
                RetryAction.FAIL,
                reason="A person has to act; trying again would not help.",
            ),
        ]
    ),
    "execution_timeout": dt.timedelta(hours=1),
}
"""What passes by itself (a locked database, a full disk, a worker that died) is tried again; our
own errors are not."""


class ReleaseRejected(ShouwangError):
    """A person has refused a release: no fault, but nothing that may look as if all went well."""


def explain_failure(
    context: Context, key: str = "", names: Mapping[str, str] = MappingProxyType({})
) -> None:
    """One line in the task's log: which submission, what happened, what to do.

    ``names`` are what DAGs are called. Only our own errors are quoted: they are written to be read
    and carry no personal data; others give their kind.
    """
    serve(key)  # a failure may be told by another process than the task's
    instance, run = context["ti"], context.get("dag_run")
    error = context.get("exception")
    if isinstance(error, ReleaseRejected):
        return  # told of where it was said
    happened = (
        str(error)
        if isinstance(error, ShouwangError)
        else f"{type(error).__name__} (see the lines above)"
    )
    remedy = (
        "Put right what the message names, then clear this task"
        if isinstance(error, ShouwangError)
        else "If it was a passing fault (database, disk, network), clear this task"
    )
    month = (
        month_of(getattr(run, "partition_key", None), getattr(run, "conf", None)) or "no data month"
    )
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


@dataclass(frozen=True)
class CountyDags:
    """What the DAGs of one county share. Where a deployment holds many, ``key`` tells them apart;
    else it is empty."""

    key: str
    county: County

    def dag_id(self, name: str) -> str:
        """``screening``, or ``qingyuan.screening``."""
        return name_in(self.key, name)

    def tags(self, *more: str) -> list[str]:
        """What the DAG list can be filtered by: the county, too, where there are many."""
        return ["shouwang", *filter(None, [self.key]), *more]

    def title(self, title: str) -> str:
        """A DAG's name as people read it."""
        return f"{self.county.settings.name} · {title}" if self.key else title

    @property
    def defaults(self) -> dict[str, Any]:
        """Arguments of every task. Its worker serves this county from the first line on."""
        names = {
            self.dag_id(f"exchange_{c.department}"): f"{c.title} ({c.department}/{c.dataset})"
            for c in self.contracts
        }
        pool = {"pool": self.key} if self.key and os.environ.get("SHOUWANG_POOL_SLOTS") else {}
        return {
            **ALWAYS,
            **pool,
            "on_execute_callback": lambda _: serve(self.key),
            "on_failure_callback": lambda context: explain_failure(context, self.key, names),
        }

    @property
    def access(self) -> dict[str, dict[str, set[str]]] | None:
        """Who sees the county's DAGs, and who answers their questions: its roles, where there are
        many counties.

        The roles are made by ``docker/counties.sh``.
        """
        if not (self.key and FAB):
            return None
        sees = {"DAGs": {"can_read"}, "DAG Runs": {"can_read"}}
        return {
            self.key: {"DAGs": {"can_read", "can_edit"}, "DAG Runs": {"can_read", "can_create"}},
            f"{self.key}_viewer": sees,
        }

    @property
    def month_settled(self) -> Asset:
        """Every department that is due delivered a month or was declared late; again whenever a
        correction arrives."""
        return self._asset(
            "month_settled",
            "month/settled",
            "数据月份已收齐，或缺报部门等待期已过；迟报、更正后再次发出。Settled: the month can be screened.",
        )

    @property
    def month_screened(self) -> Asset:
        """A month's warnings and cases are those of what has come; what of them is to go out is to
        be asked for."""
        return self._asset(
            "month_screened",
            "month/screened",
            "数据月份已比对，有待下发的名单将请求审核。Screened: a release can be asked for.",
        )

    @property
    def registry(self) -> Asset:
        """A snapshot of the household registry (农户信息表) was loaded."""
        return self._asset(
            "registry",
            "registry",
            "农户信息表已载入，自该月起有效。Loaded: the registry holds from this month.",
        )

    def _asset(self, name: str, path: str, said: str) -> Asset:
        """An asset with what Airflow shows of it: what an event means, whose it is, what its
        partitions are."""
        return Asset(
            self.dag_id(name),
            uri=f"x-shouwang://{self.key + '/' if self.key else ''}{path}",
            group="shouwang",
            extra={
                "description": said,
                "owner": self.county.settings.office,
                "partition": "data month (批次), YYYY-MM",
            },
        )

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """The departments' contracts, in the order of their names."""
        return tuple(self.county.contracts[name] for name in sorted(self.county.contracts))

    @property
    def titles(self) -> dict[str, str]:
        """What the departments are called."""
        return {contract.department: contract.title for contract in self.contracts}

    def handover(self, months: tuple[int, ...] = ()) -> HandoverTimetable:
        """The county's hand-over day (报送日) for the data months with these numbers; none means
        all."""
        return self._day_of_month(self.county.settings.calendar.handover_day, months)

    def papers_day(self) -> HandoverTimetable:
        """The day on which a month's papers are written."""
        return self._day_of_month(self.county.settings.calendar.papers_day)

    def _day_of_month(self, day: int, months: tuple[int, ...] = ()) -> HandoverTimetable:
        settings = self.county.settings
        days_off = {str(date): off for date, off in settings.calendar.holidays.items()}
        every = set(months) >= set(range(1, 13))
        return HandoverTimetable(
            day=day, months=() if every else months, timezone=settings.timezone, days_off=days_off
        )

    def check(self) -> None:
        """Raise what is wrong with days, months or the time zone, before any DAG is declared."""
        for contract in self.contracts:
            self.handover(contract.cadence.months)
        self.papers_day()

    def unless_refused(self, reference: dict[str, Any]) -> dict[str, Any]:
        """The reference of a submission that goes on; one refused, held, or in force already, skips
        the steps left."""
        if reference["status"] != "held":  # told when it began to wait
            self.tell_of_a_submission(reference)
        if reference["status"] in ("refused", "unchanged", "held"):
            raise AirflowSkipException(
                f"{reference['status']}: {reference.get('message') or 'nothing left to do'}"
            )
        return reference

    def tell_of_a_submission(self, reference: dict[str, Any]) -> dict[str, Any]:
        """Tell once that a submission was refused whole or asks a clerk, or what is out of the usual
        in it; the reference."""
        whose = f"{reference['month']} {self.titles.get(reference['department'], '')}（{reference['department']}）的报送"
        link = link_to(self.dag_id(f"exchange_{reference['department']}"))
        if reference["status"] == "refused":
            tell(
                Notice(
                    cause=f"refused {reference.get('submission_id')} {reference.get('message')}",
                    what=f"{whose}被整份退回",
                    where=str(reference.get("message") or ""),
                    to_do="数据回执已放入该部门的发件箱，请部门改正后重新报送；此前的版本仍然有效。",
                    link=link,
                )
            )
        if asked := reference.get("questions"):
            held = reference["status"] == "held"
            tell(
                Notice(
                    cause=f"asked {reference.get('submission_id')} {asked}",
                    what=f"{whose}{'待确认，暂未读入' if held else '有不认得的写法'}：{len(asked)} 个问题",
                    to_do="请在看板“待确认”页面答复，部门不必重报；答案会记住，以后照此读入。"
                    + (
                        "等待期满仍未答复的，按缺报处理。"
                        if held
                        else "有关各行已收下，这一列暂按不详处理。"
                    ),
                    link=f"{base_url()}{BOARD}{f'/counties/{self.key}' if self.key else ''}/questions",
                    bad=held,
                )
            )
        if warnings := reference.get("warnings"):
            tell(
                Notice(
                    cause=f"drift {reference['submission_id']}",
                    what=f"{whose}有需要留意之处",
                    where="；".join(warnings),
                    to_do="数据已照常使用；请与该部门核实，如有遗漏请其补报。发布前的说明和回执里也会提示。",
                    link=link,
                )
            )
        return reference

    def tell_of_the_missing(self, month: str, state: dict[str, Any]) -> None:
        """Tell once that a month is screened without some departments."""
        held = state.get("held", ())
        missing = [
            self.titles.get(name, name)
            + ("（已报送，待确认的问题无人答复）" if name in held else "")
            for name in state["missing"]
        ]
        if missing:
            tell(
                Notice(
                    cause=f"missing {month} {missing}",
                    what=f"{month} 开始筛查，缺：{'、'.join(missing)}",
                    to_do="名单将注明缺哪些部门；补报随时可收，届时只补发有变化的户。请催报。",
                    link=link_to(self.dag_id("screening")),
                )
            )


def read_counties() -> Iterator[tuple[str, CountyDags | str]]:
    """Each county of a deployment with many, by key: what its DAGs share, or what is wrong with its
    configuration, whatever that is."""
    for key, folder in county_folders().items():
        try:
            dags = CountyDags(check_key(key, folder), read_county(folder))
            dags.check()
        except ShouwangError as error:
            yield key, str(error)
        except Exception as error:
            log.exception("The configuration of %s cannot be read.", key)
            yield key, f"{folder}: {type(error).__name__}: {error}"
        else:
            yield key, dags


def each_county(declare: Callable[[CountyDags], object]) -> None:
    """Declare the DAGs of every county. One whose configuration is wrong takes nobody else's away:
    the DAG ``<key>.unsound`` says what to mend."""
    if not county_folders():
        default = Path(__file__).resolve().parents[1] / "include" / "county"
        declare(CountyDags("", read_county(Path(os.environ.get("SHOUWANG_COUNTY") or default))))
    for key, dags in read_counties():
        if isinstance(dags, str):
            continue  # told by unsound.py
        try:
            declare(dags)
        except Exception as error:
            log.exception("The DAGs of %s cannot be declared.", key)
            name = f"unsound_{Path(declare.__code__.co_filename).stem}"
            declare_unsound(key, f"{type(error).__name__}: {error}", name)


UNSOUND = """
### {key}: configuration is wrong 配置有误

**What.** The county's other DAGs are away until its configuration can be read:

    {wrong}

**When.** Fails every morning at eight, so that whoever is told of failures is told of this one.

**If it fails.** Mend what it names; this DAG goes and the county's own come back by themselves.
"""


def declare_unsound(key: str, wrong: str, name: str = "unsound") -> None:
    """A DAG in the place of those of a county that cannot be read; it says what to mend."""

    @dag(
        dag_id=name_in(re.sub(r"[^\w.-]", "_", key), name),
        dag_display_name=f"{key} · 配置有误",
        schedule=CronTriggerTimetable("0 8 * * *", timezone="Asia/Shanghai"),
        catchup=False,
        max_active_runs=1,
        default_args={
            **ALWAYS,
            "on_failure_callback": lambda context: explain_failure(context, key),
        },
        tags=["shouwang", key, "unsound"],
        doc_md=UNSOUND.format(key=key, wrong=wrong.replace("\n", "\n    ")),
    )
    def unsound_dag() -> None:
        @task
        def read_configuration() -> None:
            raise ConfigError(wrong)

        read_configuration()

    unsound_dag()
