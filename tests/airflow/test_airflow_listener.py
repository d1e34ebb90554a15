"""What the listener does beside a run that has ended: our record, metrics, and nothing where it cannot."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from statistics_server import Metrics

from shouwang import steps
from shouwang.reporting.runs import Run

END = """
import datetime as dt, json, multiprocessing, os, sys
from types import SimpleNamespace
import sqlalchemy.orm
import shouwang_listener

sqlalchemy.orm.object_session = lambda run: None
at = dt.datetime(2026, 10, 11, 1, 0, tzinfo=dt.timezone.utc)
failed = SimpleNamespace(task_id="send", map_index=2, rendered_map_index="大河镇")
run = SimpleNamespace(
    dag_id="screening", partition_key="2026-09", conf={}, run_type="asset_triggered", state="failed", start_date=at,
    end_date=at + dt.timedelta(minutes=2), get_task_instances=lambda state: [failed],
)
before, (_, wanted) = dict(os.environ), sys.argv
shouwang_listener.on_starting(None)
assert "great_expectations" not in sys.modules
sys.argv[1] = "scheduler"
shouwang_listener.on_starting(None)
assert "great_expectations" in sys.modules
for settings in json.loads(wanted):
    os.environ.update(settings)
    shouwang_listener.on_dag_run_failed(run, "")
    for child in multiprocessing.active_children():
        child.join()
        print("went on", child.exitcode)
    os.environ.clear()
    os.environ.update(before)
"""


@dataclass
class Told:
    """What came of three runs that ended: heard by StatsD, by OpenTelemetry's collector, and with the database away."""

    statsd: list[str]
    collected: set[tuple[object, ...]]
    said: str
    recorded: list[Run]


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
def told(airflow_environment, tmp_path) -> Told:
    home = tmp_path
    there = {"SHOUWANG_HOME": str(home), "SHOUWANG_KEYS": os.environ["SHOUWANG_KEYS"]}
    Collector.bodies = []
    with (
        pytest.MonkeyPatch.context() as patch,
        Metrics() as metrics,
        HTTPServer(("127.0.0.1", 0), Collector) as server,
    ):
        patch.setenv("SHOUWANG_HOME", str(home))
        steps.init()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        telemetry = {
            "AIRFLOW__METRICS__OTEL_ON": "True",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"http://127.0.0.1:{server.server_port}/v1/metrics",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }
        away = {"SHOUWANG_DATABASE_URL": "sqlite:////nowhere/at/all.db"}
        done = subprocess.run(
            [sys.executable, "-c", END, json.dumps([metrics.settings, telemetry, away])],
            env=airflow_environment | there, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.count("went on 0\n") == 3, done.stdout + done.stderr
        lines = metrics.wait_for("airflow.shouwang.overdue")
        server.shutdown()
        return Told(lines, collected(Collector.bodies), done.stdout + done.stderr, steps.runs())


def test_a_run_that_ended_is_recorded_and_measured_and_a_county_that_is_away_holds_nothing_up(told):
    assert len(told.recorded) == 2
    for run in told.recorded:
        assert (run.dag, run.month, run.kind, run.state) == ("screening", "2026-09", "asset_triggered", "failed")
        assert (run.failed, run.seconds) == (("send[大河镇]",), 120)
    assert "airflow.shouwang.lists,county=532900,state=sent:0|g" in told.statsd
    assert ("airflow.shouwang.lists", ("county", "532900"), ("state", "sent")) in told.collected
    away = "The end of screening is not on our record: The database /nowhere/at/all.db cannot be opened"
    assert away in told.said


def test_every_module_that_tasks_inherit_is_one_that_there_is(plugin):
    assert all(importlib.util.find_spec(name) for name in plugin.shouwang_listener.FORKED)
