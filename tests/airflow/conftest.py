from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]

READ_DAGS = """
import json, sys, time
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
import airflow.providers.standard.operators.hitl  # Airflow's own cost, not ours

started = time.perf_counter()
bag = DagBag(sys.argv[1])
seconds = time.perf_counter() - started
print("RESULT" + json.dumps({
    "errors": bag.import_errors,
    "seconds": seconds,
    "imported": sorted({name.partition(".")[0] for name in sys.modules}),
    "files": {d.dag_id: d.relative_fileloc for d in bag.dags.values()},
    "dags": {d.dag_id: DagSerialization.to_dict(d)["dag"] for d in bag.dags.values()},
    "assets": {o.name: o.extra for d in bag.dags.values() for t in d.tasks for o in t.outlets},
    "tasks": {
        d.dag_id: {
            t.task_id: {
                "down": sorted(t.downstream_task_ids),
                "retries": t.retries,
                "rule": t.trigger_rule.value,
                "owner": t.owner,
                "backoff": t.retry_exponential_backoff,
                "timeout": t.execution_timeout and t.execution_timeout.total_seconds(),
                "outlets": [o.name for o in t.outlets],
                "mapped": t.is_mapped or next(t.iter_mapped_task_groups(), None) is not None,
            }
            for t in d.tasks
        }
        for d in bag.dags.values()
    },
}, default=str))
"""


@pytest.fixture(scope="module")
def one_airflow() -> Iterator[None]:
    """On a small machine two of them would be in each other's way; another user's waits, too."""
    with Path(__file__).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def airflow_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a process that reads our DAGs is told; Airflow's home is a scratch folder."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AIRFLOW", "SHOUWANG"))
    }
    path = [PROJECT / "dags", PROJECT / "plugins", PROJECT / "include"]
    return {
        **kept,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture(scope="session")
def read_dags(airflow_environment: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """Read the DAG files in a process of its own, with these environment variables besides."""

    def read(**env: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-c", READ_DAGS, str(PROJECT / "dags")],
            env={**airflow_environment, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.rsplit("RESULT", 1)[1])

    return read


@pytest.fixture(scope="session")
def dags(read_dags: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The DAG files as Airflow reads them."""
    return read_dags()


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plugin's module, imported as Airflow does: by its bare name."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("plugin")))
    monkeypatch.syspath_prepend(str(PROJECT / "plugins"))
    import shouwang_plugin

    return shouwang_plugin
