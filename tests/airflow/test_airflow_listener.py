"""What the listener does when a run has ended, what becomes of it, and what is imported before
tasks are forked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from statistics_server import Metrics

from shouwang.board import runs
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

END = """
import datetime as dt, os, sys, threading
from types import SimpleNamespace
import sqlalchemy.orm
import shouwang_listener

sqlalchemy.orm.object_session = lambda run: None
at = dt.datetime(2026, 10, 11, 1, 0, tzinfo=dt.timezone.utc)
failed = SimpleNamespace(task_id="send", map_index=2, rendered_map_index="大河镇")
run = SimpleNamespace(
    dag_id="screening", run_id="of 2026-09", partition_key="2026-09", conf={}, run_type="asset_triggered", state="failed",
    start_date=at, end_date=at + dt.timedelta(minutes=2), clear_number=0, get_task_instances=lambda state: [failed],
)
threads, forked = threading.active_count(), []
os.register_at_fork(before=lambda: forked.append(1))
wanted = sys.argv.pop()
if wanted == "noted":
    shouwang_listener.on_dag_run_failed(run, "")
    shouwang_listener.on_dag_run_failed(run, "")  # the API server tells of what the scheduler tells of
elif wanted == "cleared":
    run.clear_number, run.state, run.end_date = 1, "success", at + dt.timedelta(minutes=5)
    run.get_task_instances = lambda state: []
    shouwang_listener.on_dag_run_success(run, "")
elif wanted == "recorded":
    print("RECORDED", shouwang_listener.record_ended_runs())
assert not forked and threading.active_count() == threads or wanted == "recorded"
print("WENT ON")
"""
STARTED = """
import sys
import shouwang_listener

for started, there in (("api-server", False), ("scheduler", True)):
    sys.argv[1:] = [started]
    shouwang_listener.on_starting(None)
    assert ("great_expectations" in sys.modules) == there, started
"""
WORKER = """
import sys
from airflow import settings
from airflow.providers.celery.executors.celery_executor import app

settings.prepare_syspath_for_config_and_plugins()
app.loader.import_default_modules()  # as a worker does before it forks
assert {"great_expectations", "shouwang.casework.monthly", "shouwang.statistics.papers"} <= set(sys.modules)
"""


class Collector(BaseHTTPRequestHandler):
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def collected(bodies: list[bytes]) -> set[tuple[object, ...]]:
    """The names and tags of all gauges."""
    return {
        (metric.name, *sorted((tag.key, tag.value.string_value) for tag in point.attributes))
        for body in bodies
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.gauge.data_points
    }


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> dict[str, str]:
    """What processes are told of a workspace."""
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    handover.init()
    return {"SHOUWANG_HOME": str(tmp_path), "SHOUWANG_KEYS": os.environ["SHOUWANG_KEYS"]}


def said(code: str, environment: dict[str, str], *words: str) -> str:
    """What a process prints that does what Airflow does."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_end_of_a_run_is_noted_without_a_fork_and_recorded_once_however_often_it_is_told(
    airflow_environment, workspace
):
    assert "WENT ON" in said(END, airflow_environment | workspace, "noted")
    assert "WENT ON" in said(END, airflow_environment | workspace, "cleared")
    for _ in ("noted", "on record"):
        cleared, first = runs.last_runs("", 30)
        assert (first.dag, first.month, first.kind, first.state) == (
            "screening",
            "2026-09",
            "asset_triggered",
            "failed",
        )
        assert (first.failed, first.seconds) == (("send[大河镇]",), 120)
        assert (cleared.state, cleared.failed, cleared.seconds) == ("success", (), 300)
        runs.record_noted(load_workspace())


def test_a_house_that_is_away_holds_nothing_up(airflow_environment, workspace, tmp_path):
    (tmp_path / "a file").touch()
    told = said(
        END, airflow_environment | workspace | {"SHOUWANG_HOME": str(tmp_path / "a file")}, "noted"
    )
    assert (
        "The end of screening is not noted, and will not be on our record: NotADirectoryError"
        in told
    )
    assert "WENT ON" in told


def test_the_countys_figures_go_where_airflows_metrics_go(airflow_environment, workspace):
    Collector.bodies = []
    with Metrics() as metrics, HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        telemetry = {
            "AIRFLOW__METRICS__OTEL_ON": "True",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"http://127.0.0.1:{server.server_port}/v1/metrics",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }
        said(END, airflow_environment | workspace, "noted")
        assert "RECORDED 1" in said(
            END, airflow_environment | workspace | metrics.settings, "recorded"
        )
        assert "RECORDED 0" in said(END, airflow_environment | workspace | telemetry, "recorded")
        lines = metrics.wait_for("airflow.shouwang.overdue")
        server.shutdown()
    assert "airflow.shouwang.lists,county=532900,state=sent:0|g" in lines
    assert ("airflow.shouwang.lists", ("county", "532900"), ("state", "sent")) in collected(
        Collector.bodies
    )


def test_what_tasks_import_is_imported_once_by_the_scheduler_that_forks_them(airflow_environment):
    said(STARTED, airflow_environment)


def test_what_tasks_import_is_imported_once_by_the_worker_that_forks_them(
    airflow_environment, project
):
    worker = yaml.safe_load((project / "docker-compose.yaml").read_text(encoding="utf-8"))[
        "services"
    ]["worker"]
    name = "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"
    said(WORKER, airflow_environment | {name: worker["environment"][name]})
