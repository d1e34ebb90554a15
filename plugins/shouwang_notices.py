"""What people are told (通知): mail, DingTalk or WeCom by Apprise, one message for one cause a day, nobody's data in it.

Nothing is sent until the connection ``shouwang_notices`` exists (type Apprise; see docs/operations.md): then the task's
log is the only place. Sending never fails a task.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airflow.configuration import conf

from shouwang.counties import served, serving

log = logging.getLogger(__name__)

CONNECTION = "shouwang_notices"


@dataclass(frozen=True)
class Notice:
    """One message. The same ``cause`` is told once a day, whichever tasks notice it."""

    cause: str
    what: str
    to_do: str
    where: str = ""
    link: str = ""
    bad: bool = True

    @property
    def text(self) -> str:
        """What happened, where, what to do, and where to look."""
        parts = {"": self.what, "位置": self.where, "处理": self.to_do, "查看": self.link}
        return "\n".join(f"{name}：{said}" if name else said for name, said in parts.items() if said)


def link_to(dag_id: str, run_id: str = "", task_id: str = "") -> str:
    """The page of Airflow that shows a DAG, a run or a task."""
    path = f"/dags/{dag_id}" + (f"/runs/{run_id}" if run_id else "") + (f"/tasks/{task_id}" if task_id else "")
    return conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/") + path


def month_of(partition_key: object, conf: Mapping[str, Any] | None) -> str:
    """The data month of a run; `airflow dags test`, which knows no partitions, has it in its configuration."""
    return str(partition_key or (conf or {}).get("month") or "")


def tell(notice: Notice) -> bool:
    """Log a notice and send it, unless its cause was told of today; whether it is news."""
    if served():
        notice = replace(notice, cause=f"{served()} {notice.cause}", what=f"{served()}：{notice.what}")
    if not _first_today(notice.cause):
        log.info("Told of before today: %s", notice.what)
        return False
    (log.warning if notice.bad else log.info)("%s", notice.text)
    from airflow.providers.apprise.hooks.apprise import AppriseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError
    from apprise import NotifyType

    title = "守望：" + notice.what.splitlines()[0][:60]
    try:
        hook = AppriseHook(CONNECTION)
        hook.get_connection(CONNECTION)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return True  # nobody asked to be told
    try:
        hook.notify(notice.text, title=title, notify_type=NotifyType.WARNING if notice.bad else NotifyType.INFO)
    except Exception as error:  # whatever a mail server or a chat robot does, the month goes on
        log.warning("The notice could not be sent (%s); look at the connection %s.", type(error).__name__, CONNECTION)
    return True


def _first_today(cause: str) -> bool:
    """Whether nobody has told of this cause today: a file is made for it, which only one task can."""
    home = Path(os.environ.get("SHOUWANG_HOME") or "var").expanduser() / "notices"
    home.mkdir(parents=True, exist_ok=True)
    today = dt.datetime.now(dt.UTC).date()
    for old in home.glob("*"):
        if not old.name.startswith(today.isoformat()):
            old.unlink(missing_ok=True)
    try:
        (home / f"{today}-{hashlib.sha256(cause.encode()).hexdigest()[:16]}").open("x").close()
    except FileExistsError:
        return False
    return True


async def remind_release(context: Mapping[str, Any], **_: Any) -> None:
    """The deadline of a screening: nobody has answered whether its lists may go out."""
    run = context.get("dag_run") or {}
    month, run_id = (
        month_of(run.get("partition_key"), run.get("conf")),
        str(run.get("run_id") or run.get("dag_run_id") or ""),
    )
    dag_id = str(run.get("dag_id") or "screening")
    notice = Notice(
        cause=f"remind {run_id}",
        what=f"{month} 预警名单仍未审核，没有下发" if month else "有预警名单仍未审核，没有下发",
        to_do="请批准或驳回；没有人批准，名单不会下发。",
        link=link_to(dag_id, run_id, "approve"),
    )
    with serving(dag_id.rpartition(".")[0]):
        await asyncio.to_thread(tell, notice)
