"""Beside Airflow's own metadata: the end of each run is noted for our own record (运行记录), and
what tasks import comes early.

Airflow calls these hooks in its scheduler, and in its API server when somebody marks a run: neither
may wait for a database of ours. So an end is only noted, as a file of the workspace;
`record_ended_runs`, in a task, puts it on record.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.listeners import hookimpl

from shouwang.core.errors import ShouwangError
from shouwang.workspace.counties import serving
from shouwang_notices import month_of

if TYPE_CHECKING:
    from airflow.models import (
        DagRun,
    )  # what Airflow hands its listeners; its SDK has no name for it

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:
    """Import once, in the scheduler, what the tasks of a LocalExecutor need: they are forks of its
    forks."""
    if sys.argv[1:2] == ["scheduler"] and "LocalExecutor" in conf.get("core", "executor"):
        importlib.import_module("shouwang_preload")


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:
    """A run has ended well."""
    note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    """A run has failed."""
    note(dag_run)


def note(dag_run: DagRun) -> None:
    """Note the end of a run; what cannot be noted is logged, and no run fails for it."""
    from sqlalchemy.orm import object_session  # each task imports this module, and needs none of it

    from shouwang.board import runs
    from shouwang.workspace.workspace import load_workspace

    county, _, name = dag_run.dag_id.rpartition(".")
    open_already = (
        {"session": session} if (session := object_session(dag_run)) else {}
    )  # `airflow dags test` has none
    tasks = dag_run.get_task_instances(state=["failed"], **open_already)
    failed = sorted(
        f"{task.task_id}[{task.rendered_map_index}]" if task.map_index >= 0 else task.task_id
        for task in tasks
    )
    if not (dag_run.start_date and dag_run.end_date):  # marked before it began
        return
    run = runs.Run(
        dag=name,
        month=month_of(dag_run.partition_key, dag_run.conf)[:7] or None,
        kind=str(dag_run.run_type),
        state=str(dag_run.state),
        started=dag_run.start_date,
        ended=dag_run.end_date,
        failed=tuple(failed),
    )
    try:
        with serving(county):
            runs.note(
                load_workspace(),
                f"{dag_run.dag_id} {dag_run.run_id} {dag_run.clear_number} {run.state}",
                run,
            )
    except (OSError, ShouwangError) as error:
        why = str(error) if isinstance(error, ShouwangError) else type(error).__name__
        log.warning("The end of %s is not noted, and will not be on our record: %s", name, why)


def record_ended_runs() -> int:
    """In a task: put the runs that have ended on the county's record, and send its figures; how
    many runs."""
    from shouwang.board import runs
    from shouwang.workspace.workspace import load_workspace

    count = runs.record_noted(load_workspace())
    measure()
    return count


def measure() -> None:
    """Send the county's figures where Airflow's own metrics go, if they go anywhere."""
    if not any(conf.getboolean("metrics", f"{where}_on") for where in ("statsd", "otel")):
        return
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    from shouwang.board.gauges import gauges
    from shouwang.workspace.workspace import load_workspace

    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
    try:
        for gauge in gauges(load_workspace()):
            stats.gauge(f"shouwang.{gauge.name}", gauge.value, tags=gauge.tags)
        if conf.getboolean("metrics", "otel_on"):
            from opentelemetry.metrics import get_meter_provider

            get_meter_provider().force_flush()  # the task ends before it would do so by itself
    except Exception as error:
        log.warning("The county's figures were not sent (%s).", type(error).__name__)
