"""A county's month beside a real Airflow: what tests do to it, wait for, and compare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from demo.scheduler import Api, tail

PATIENCE = 600
"""Seconds. Waiting ends as soon as it has its answer, and at once when a task fails; a busy machine
may take long."""

OVER = ("success", "failed")
EXPORTS = ("matches", "rejects", "signals", "warnings", "cases")

COMMANDS = """
import json, sys
from shouwang.cli.app import app
print("RESULT" + json.dumps([app(words, standalone_mode=False) or 0 for words in json.loads(sys.argv[1])]))
"""


@dataclass(frozen=True)
class CommandLine:
    """The command line in a workspace of its own; several commands share a process, as its start takes
    longest."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, *commands: str) -> list[int]:
        """The exit statuses of ``shouwang …``, one a command."""
        statuses: list[int] = json.loads(self._said(*commands)[1])
        return statuses

    def asked(self, command: str) -> Any:
        """What ``shouwang … --json`` says."""
        return json.loads(self._said(f"{command} --json")[0])

    def _said(self, *commands: str) -> list[str]:
        """What the commands print, and their statuses."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AIRFLOW", "SHOUWANG"))
        }
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, json.dumps([command.split() for command in commands])],
            env={**kept, "SHOUWANG_HOME": str(self.home), **self.settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}:\n{done.stdout}{done.stderr}"
        return done.stdout.rsplit("RESULT", 1)

    def after(self, month: str, *commands: str) -> tuple[list[int], dict[str, bytes]]:
        """The exit statuses of commands, and after them every table that other programs may have,
        to the byte."""
        out = {kind: self.home.parent / f"{self.home.name}-{kind}.csv" for kind in EXPORTS}
        export = [f"export {kind} --month {month} --out {path}" for kind, path in out.items()]
        statuses = self.run(*commands, *export)
        return statuses[: len(commands)], {kind: path.read_bytes() for kind, path in out.items()}


@dataclass
class Watched:
    """A running Airflow, and waiting for what it does."""

    api: Api
    meant_to_fail: set[str] = field(default_factory=set)

    def wait(self, what: str, found: Callable[[], Any]) -> Any:
        """What ``found`` gives as soon as it gives something."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if result := found():
                return result
            self._nothing_failed(what)
            time.sleep(0.3)
        pytest.fail(
            f"in {PATIENCE} s there was no {what}; the end of the log:\n{tail(self.api.airflow.log, 60)}"
        )

    def _nothing_failed(self, what: str) -> None:
        query = {"state": "failed", "limit": 50}
        for task in self.api.ask("GET", "/dags/~/dagRuns/~/taskInstances", params=query)[
            "task_instances"
        ]:
            if task["dag_run_id"] not in self.meant_to_fail:
                log = tail(self.api.task_log(task), 30)
                pytest.fail(
                    f"{task['dag_id']}.{task['task_id']} failed while waiting for {what}:\n{log}"
                )

    def runs(self, dag_id: str, month: str) -> list[dict[str, Any]]:
        """The runs of a DAG for a month, oldest first."""
        return [run for run in reversed(self.api.runs(dag_id)) if run["partition_key"] == month]

    def story(self, dag_id: str, run_id: str) -> dict[str, str]:
        """The state of each task of a run; mapped ones under their names."""
        return {
            f"{task['task_id']}[{task['rendered_map_index']}]"
            if task["map_index"] >= 0
            else task["task_id"]: task["state"]
            for task in self.api.tasks(dag_id, run_id)
        }

    def finish(self, *runs: tuple[str, str]) -> list[dict[str, str]]:
        """Wait until runs (DAG and run id) are over; their stories."""
        for dag_id, run_id in runs:
            path = f"/dags/{dag_id}/dagRuns/{run_id}"
            self.wait(
                f"end of {dag_id}", lambda path=path: self.api.ask("GET", path)["state"] in OVER
            )
        return [self.story(*run) for run in runs]

    def exchange(self, month: str, *departments: str) -> list[dict[str, str]]:
        """Run departments' DAGs side by side; their stories."""
        runs = [
            (f"exchange_{name}", self.api.trigger(f"exchange_{name}", month))
            for name in departments
        ]
        return self.finish(*runs)

    def question(self, month: str, dag_id: str = "release") -> tuple[str, str]:
        """The open question about a month's release: its run's id, and what the clerk is shown."""

        def asked() -> tuple[str, dict[str, Any]] | None:
            for run in self.runs(dag_id, month):
                shown = run["state"] not in OVER and self.api.question(
                    dag_id, run["dag_run_id"], "approve"
                )
                if shown:
                    return run["dag_run_id"], shown
            return None

        run_id, shown = self.wait(f"question about {month}", asked)
        return run_id, f"{shown['subject']}\n{shown['body']}"

    def answer(self, run_id: str, choice: str, **said: Any) -> dict[str, str]:
        """Answer the question of a release; the story of the run when it is over."""
        self.api.answer("release", run_id, "approve", choice, said)
        return self.finish(("release", run_id))[0]
