"""A county whose configuration is wrong (配置有误): one DAG in the place of its own, which says
what to mend.

The other counties' DAGs are read as ever. There is none of these while every county's configuration
is sound.
"""

from __future__ import annotations

import re

from airflow.sdk import CronTriggerTimetable, dag, task

from shouwang.core.errors import ConfigError
from shouwang.workspace.counties import name_in
from wiring import ALWAYS, explain_failure, unsound

DOC = """
### {key}: configuration is wrong 配置有误

**What.** The county's other DAGs are away until its configuration can be read:

    {wrong}

**When.** Fails every morning at eight, so that whoever is told of failures is told of this one.

**If it fails.** Mend what it names; this DAG goes and the county's own come back by themselves.
"""


def declare(key: str, wrong: str) -> None:
    """The DAG of one county that cannot be read."""

    @dag(
        dag_id=name_in(re.sub(r"[^\w.-]", "_", key), "unsound"),
        dag_display_name=f"{key} · 配置有误",
        schedule=CronTriggerTimetable("0 8 * * *", timezone="Asia/Shanghai"),
        catchup=False,
        max_active_runs=1,
        default_args={
            **ALWAYS,
            "on_failure_callback": lambda context: explain_failure(context, key),
        },
        tags=["shouwang", key, "unsound"],
        doc_md=DOC.format(key=key, wrong=wrong.replace("\n", "\n    ")),
    )
    def unsound_dag() -> None:
        @task
        def read_configuration() -> None:
            raise ConfigError(wrong)

        read_configuration()

    unsound_dag()


for each, reason in unsound().items():
    declare(each, reason)
