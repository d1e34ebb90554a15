"""Beside Airflow's own metadata: each run that ended goes on our record (运行记录), the county's figures out as metrics.

Airflow calls these hooks in its scheduler, which must not wait for a database of ours, nor have threads when it forks
its workers. So a forked child does it, and ends by itself where it cannot: no run ever fails or waits for it.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import signal
import sys
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.listeners import hookimpl

from shouwang.counties import serving
from shouwang.errors import ShouwangError
from shouwang_notices import month_of

if TYPE_CHECKING:
    from airflow.models import DagRun  # what Airflow hands its listeners; its SDK has no name for it

log = logging.getLogger(__name__)

PATIENCE = 300
"""Seconds after which a child that still waits for the county's database gives up."""


FORKED = (
    "great_expectations",
    "shouwang.papers",
    "shouwang.steps",
    "shouwang.townships.releasing",
    "shouwang.delivery.township",
)
"""What most tasks need and takes longest to import: up to four seconds each."""


@hookimpl
def on_starting(component: Any) -> None:
    """Import once, in the scheduler, what the tasks of a LocalExecutor need: they are forks of its forks."""
    if sys.argv[1:2] == ["scheduler"] and "LocalExecutor" in conf.get("core", "executor"):
        for name in FORKED:
            importlib.import_module(name)


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:
    """A run has ended well."""
    keep(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    """A run has failed."""
    keep(dag_run)


def keep(dag_run: DagRun) -> None:
    """Have a run put on record; Airflow logs what goes wrong here and goes on."""
    from sqlalchemy.orm import object_session  # each task imports this module, and needs none of it

    county, _, name = dag_run.dag_id.rpartition(".")
    open_already = {"session": session} if (session := object_session(dag_run)) else {}  # `airflow dags test` has none
    tasks = dag_run.get_task_instances(state=["failed"], **open_already)
    failed = sorted(
        f"{task.task_id}[{task.rendered_map_index}]" if task.map_index >= 0 else task.task_id for task in tasks
    )
    said = {
        "dag": name,
        "month": month_of(dag_run.partition_key, dag_run.conf)[:7] or None,
        "kind": str(dag_run.run_type),
        "state": str(dag_run.state),
        "started": dag_run.start_date,
        "ended": dag_run.end_date,
        "failed": tuple(failed),
    }
    multiprocessing.get_context("fork").Process(target=_keep, args=(county, said)).start()


def _keep(county: str, said: dict[str, Any]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)  # the scheduler's would try to end a scheduler
    signal.alarm(PATIENCE)
    with serving(county):
        record(said)
        measure()


def record(said: dict[str, Any]) -> None:
    """Put a run on the county's record."""
    from shouwang import steps
    from shouwang.reporting.runs import Run

    try:
        steps.record_run(Run(**said))
    except Exception as error:  # whatever is wrong with the county's database is told by its tasks
        why = str(error) if isinstance(error, ShouwangError) else type(error).__name__
        log.warning("The end of %s is not on our record: %s", said["dag"], why)


def measure() -> None:
    """Send the county's figures where Airflow's own metrics go, if they go anywhere."""
    if not any(conf.getboolean("metrics", f"{where}_on") for where in ("statsd", "otel")):
        return
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    from shouwang import steps

    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
    try:
        for gauge in steps.gauges():
            stats.gauge(f"shouwang.{gauge.name}", gauge.value, tags=gauge.tags)
        if conf.getboolean("metrics", "otel_on"):
            from opentelemetry.metrics import get_meter_provider

            get_meter_provider().force_flush()  # this process ends before it would do so by itself
    except Exception as error:
        log.warning("The county's figures were not sent (%s).", type(error).__name__)
