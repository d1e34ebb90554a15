"""What people are told (通知): mail, DingTalk or WeCom by Apprise, one message for one cause a day,
nobody's data in it.

Nothing is sent until the connection ``shouwang_notices`` exists (type Apprise; see
docs/operations.md): then the task's log is the only place. Sending never fails a task. A notice is
written down first and its mark emptied once it is sent (a transactional outbox), so that a service
that is away for an hour swallows nothing.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow.configuration import conf

from shouwang.workspace.counties import served

log = logging.getLogger(__name__)

CONNECTION = "shouwang_notices"
KEPT = dt.timedelta(days=7)
"""For so long a notice that could not be sent is tried again."""


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
        return "\n".join(
            f"{name}：{said}" if name else said for name, said in parts.items() if said
        )


def base_url() -> str:
    """Where Airflow is found."""
    return conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")


def link_to(dag_id: str, run_id: str = "", task_id: str = "") -> str:
    """The page of Airflow that shows a DAG, a run or a task."""
    path = (
        f"/dags/{dag_id}"
        + (f"/runs/{run_id}" if run_id else "")
        + (f"/tasks/{task_id}" if task_id else "")
    )
    return base_url() + path


def month_of(partition_key: object, conf: Mapping[str, Any] | None) -> str:
    """The data month of a run; `airflow dags test`, which knows no partitions, has it in its
    configuration."""
    return str(partition_key or (conf or {}).get("month") or "")


def tell(notice: Notice) -> bool:
    """Log a notice and send it, unless its cause was told of today; whether it is news.

    What could not be sent is kept, and sent with the next notice that can be.
    """
    if served():
        notice = replace(
            notice, cause=f"{served()} {notice.cause}", what=f"{served()}：{notice.what}"
        )
    marks = Path(os.environ.get("SHOUWANG_HOME") or "var").expanduser() / "notices"
    marks.mkdir(parents=True, exist_ok=True)
    today = _today()
    mark = marks / f"{today}-{hashlib.sha256(notice.cause.encode()).hexdigest()[:16]}"
    for old in marks.glob("[0-9]*"):
        if old.name[:10] < str(today - KEPT):
            old.unlink(missing_ok=True)
    news = _note(mark, notice)
    if news:
        (log.warning if notice.bad else log.info)("%s", notice.text)
    else:
        log.info("Told of before today: %s", notice.what)
    for waiting in sorted(marks.glob("[0-9]*")):
        if not _sent(waiting):
            break  # the service is away; the others wait too
    return news


def _today() -> dt.date:
    """The county's date; China's where its configuration cannot be read."""
    from shouwang.core import clock
    from shouwang.core.errors import ConfigError
    from shouwang.workspace.workspace import load_workspace

    try:
        return load_workspace().today()
    except ConfigError:
        return clock.today(ZoneInfo("Asia/Shanghai"))


def _note(mark: Path, notice: Notice) -> bool:
    """Write down what is to be sent, under its day and cause; whether nobody has done so before."""
    part = mark.with_name(f".{mark.name}.{os.getpid()}")
    part.write_text(json.dumps(asdict(notice), ensure_ascii=False), encoding="utf-8")
    try:
        os.link(part, mark)
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True


def _sent(mark: Path) -> bool:
    """Send what a mark says unless that is done, one process at a time, and empty the mark; whether
    it is sent."""
    try:
        with mark.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            waiting = file.read()
            if waiting and not _send(Notice(**json.loads(waiting))):
                return False
            file.truncate(0)
    except FileNotFoundError:
        pass
    return True


def _send(notice: Notice) -> bool:
    """Hand a notice to Airflow's connection; true also where nobody asked to be told."""
    from airflow.providers.apprise.hooks.apprise import AppriseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError
    from apprise import Apprise, NotifyType

    hook, service = AppriseHook(CONNECTION), Apprise()
    try:
        hook.set_config_from_conn(hook.get_connection(CONNECTION), service)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return True
    kind = NotifyType.WARNING if notice.bad else NotifyType.INFO
    title = "守望：" + notice.what.splitlines()[0][:60]
    try:
        sent = bool(service.notify(notice.text, title=title, notify_type=kind, tag="all"))
    except Exception as error:  # whatever a mail server or a chat robot does, the month goes on
        log.warning("The notice could not be sent (%s).", type(error).__name__)
        sent = False
    if not sent:
        log.warning(
            "Not sent yet: %s; look at the connection %s. The next notice tries again.",
            notice.what,
            CONNECTION,
        )
    return sent
