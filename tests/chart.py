"""What the templates of Airflow's official chart run in our image, as far as our values leave it.

The chart cannot be fetched where these tests run. This is what chart 1.22.0 renders with
docker/helm/values.yaml; whoever takes another version holds the list against `helm template`.
"""

from __future__ import annotations

import shlex
from typing import Any

JOB_CHECK = (
    "sh -c 'CONNECTION_CHECK_MAX_COUNT=0 AIRFLOW__LOGGING__LOGGING_LEVEL=ERROR exec /entrypoint "
    "airflow jobs check --job-type {} --local'"
)
BY_DEFAULT = {
    "scheduler": "bash -c 'exec airflow scheduler'",
    "api-server": "bash -c 'exec airflow api-server'",
    "dag-processor": "bash -c 'exec airflow dag-processor'",
    "triggerer": "bash -c 'exec airflow triggerer'",
    "before each of them": "airflow db check-migrations --migration-wait-timeout=60",
    "tables": "bash -c 'exec airflow db migrate'",
    "probes of the scheduler": JOB_CHECK.format("SchedulerJob"),
    "probe of the dag-processor": JOB_CHECK.format("DagProcessorJob"),
    "probe of the triggerer": JOB_CHECK.format("TriggererJob"),
    "groomers of logs": "bash /clean-logs",
    "pods that failed": "bash -c 'exec airflow kubernetes cleanup-pods --namespace=shouwang'",
    "a task": "python -m airflow.sdk.execution_time.execute_workload --json-string {}",
}
BARE = ("groomers of logs", "pods that failed")
"""These pods are not given the values' ``env`` and ``secret``: the entrypoint must run without."""


def called(values: dict[str, Any]) -> dict[str, list[str]]:
    """Each command's words by what it is for, the values' own among them."""
    ours = {"old records": list(values["databaseCleanup"]["args"])}
    return {what: shlex.split(command) for what, command in BY_DEFAULT.items()} | ours


def inner(words: list[str]) -> list[str]:
    """The command that a shell is given to run; other words as they are."""
    if words[1:2] != ["-c"]:
        return words
    return shlex.split(words[2].partition("exec ")[2])
