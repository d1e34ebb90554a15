"""Once a month, what Airflow itself would keep for ever (日常维护): its own records and its tasks'
logs.

For deployments whose secrets are files (docker-compose.yaml): a task may not reach Airflow's
database, but the entrypoint may, which reads them. In a cluster the chart does both
(docker/helm/values.yaml); elsewhere the DAG is not there.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import CronTriggerTimetable, dag

from shouwang_dags import ALWAYS, explain_failure

DAYS = 200
"""How long they are kept: logs have to be for half a year at least (handbook)."""

DOCKER = Path(__file__).resolve().parents[1] / "docker"

DOC = f"""
### Maintenance 日常维护

**What.** Deletes Airflow's own records (runs, task instances, XComs, audit) and task logs that are older than {DAYS} days.
Our own record of what ran, results and the audit trail stay: see docs/security.md.

**When.** On the second of each month at three. Running it twice changes nothing.

**If it fails.** The task's log says why. Put it right and clear the task; a month without it harms nothing.
"""


@dag(
    dag_id="maintenance",
    dag_display_name="maintenance · 日常维护",
    schedule=CronTriggerTimetable("0 3 2 * *", timezone="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={**ALWAYS, "on_failure_callback": explain_failure},
    tags=["shouwang", "maintenance"],
    doc_md=DOC,
)
def maintenance() -> None:
    """Two tasks that do not wait for each other."""
    BashOperator(
        task_id="clean_records",
        bash_command=f'{DOCKER}/entrypoint.sh airflow db clean --yes --skip-archive --clean-before-timestamp "$BEFORE"',
        env={"BEFORE": f"{{{{ macros.ds_add((dag_run.start_date | ds), -{DAYS}) }}}}"},
        append_env=True,
    )
    BashOperator(
        task_id="clean_logs",
        bash_command=f"{DOCKER}/clean-logs.sh once",
        env={"AIRFLOW__LOG_RETENTION_DAYS": str(DAYS)},
        append_env=True,
    )


if (Path(os.environ.get("SECRETS") or "/run/secrets") / "airflow_password").exists():
    maintenance()
