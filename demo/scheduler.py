"""A real Airflow on this machine, for looking at: started, asked over its REST API, and stopped
with all it started.

Airflow itself is never imported here: it is a program beside us. It listens on 127.0.0.1 only,
keeps everything in one folder (``AIRFLOW_HOME``), and runs few processes at a time.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from shouwang.core.errors import ShouwangError

PROJECT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
BOARD = "/plugin/board"
"""Where Airflow's pages show the exchange board."""


class SchedulerError(ShouwangError):
    """Airflow did not start, or a run in it failed; says where to read on."""


@dataclass
class Airflow:
    """One Airflow in one folder; ``extra`` are environment variables that its tasks see besides."""

    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    project: Path = PROJECT

    @property
    def log(self) -> Path:
        """What its processes print."""
        return self.home / "airflow.log"

    @property
    def _note(self) -> Path:
        return self.home / "running.json"

    @property
    def port(self) -> int:
        """The port that it was started on."""
        return int(json.loads(self._note.read_text())["port"])

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://{HOST}:{self.port}"

    def password(self, user: str = "admin") -> str:
        """The generated password of a user."""
        path = self.home / "simple_auth_manager_passwords.json.generated"
        return str(json.loads(path.read_text())[user])

    def environment(self, port: int) -> dict[str, str]:
        """What its processes are told; nothing of what a real county's environment says."""
        settings = {
            "CORE__DAGS_FOLDER": self.project / "dags",
            "CORE__PLUGINS_FOLDER": self.project / "plugins",
            "CORE__LOAD_EXAMPLES": False,
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": 4,
            "CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
            "API__HOST": HOST,
            "API__PORT": port,
            "API__WORKERS": 1,
            "API__BASE_URL": f"http://{HOST}:{port}",
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.3,
            "SCHEDULER__ENABLE_HEALTH_CHECK": False,
            "USAGE_DATA_COLLECTION__ENABLED": False,
        }
        tools = str(Path(sys.executable).parent)
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AIRFLOW", "SHOUWANG"))
        }
        return {
            **kept,
            **{f"AIRFLOW__{key}": str(value) for key, value in settings.items()},
            "AIRFLOW_HOME": str(self.home),
            "PATH": os.pathsep.join([tools, kept.get("PATH", os.defpath)]),
            "NO_PROXY": ",".join(filter(None, [kept.get("NO_PROXY"), HOST])),
            "no_proxy": ",".join(filter(None, [kept.get("no_proxy"), HOST])),
            "PYTHONWARNINGS": "ignore",
            **self.extra,
        }

    def start(self, wish: int = 8080) -> None:
        """Start it in a session of its own, on port ``wish`` or a free one; leftovers of a run that
        died go first."""
        self.stop()
        self.home.mkdir(parents=True, exist_ok=True)
        port = free_port(wish)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                env=self.environment(port),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        since = psutil.Process(process.pid).create_time()
        self._note.write_text(json.dumps({"pid": process.pid, "since": since, "port": port}))

    def members(self) -> list[psutil.Process]:
        """Every process that belongs to it: of the session that `start` opened, or with its
        ``AIRFLOW_HOME``.

        Neither alone finds all: tasks lead process groups of their own, processes that rename
        themselves lose their environment, and the note of the session may be lost.
        """
        session = self._session()
        found = []
        for process in psutil.process_iter():
            try:
                ours = os.getsid(process.pid) == session or process.environ().get(
                    "AIRFLOW_HOME"
                ) == str(self.home)
            except (psutil.Error, OSError):
                continue  # ended meanwhile, or somebody else's
            if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def _session(self) -> int | None:
        """The session that `start` opened, unless its number belongs to somebody else by now."""
        if not self._note.exists():
            return None
        note = json.loads(self._note.read_text())
        try:
            leader = psutil.Process(note["pid"])
        except psutil.NoSuchProcess:
            return int(
                note["pid"]
            )  # no other process can bear the number while one of the session is left
        return int(note["pid"]) if leader.create_time() == note["since"] else None

    def stop(self, patience: float = 15) -> None:
        """End every process of it, first asking; ends when none is left."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            until = time.monotonic() + patience
            members = self.members()
            for process in members:
                try:
                    process.send_signal(number)
                except psutil.Error:
                    continue
            psutil.wait_procs(members, timeout=max(0.0, until - time.monotonic()))
            if not self.members():
                break
        self._note.unlink(missing_ok=True)

    def running(self) -> bool:
        """Whether it was started and answers."""
        if not self._note.exists():
            return False
        try:
            return (
                httpx.get(f"{self.url}/api/v2/version", timeout=5, trust_env=False).status_code
                == 200
            )
        except httpx.HTTPError:
            return False

    def wait_until_healthy(
        self, seconds: float = 300, tick: Callable[[], None] = lambda: None
    ) -> None:
        """Return when API, scheduler, DAG processor and triggerer answer; raise with the end of the
        log if not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            tick()
            try:
                health = httpx.get(
                    f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False
                ).json()
                parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
                if all(health[part]["status"] == "healthy" for part in parts):
                    return
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                pass
            if not self.members():
                break
            time.sleep(0.5)
        raise SchedulerError(
            f"Airflow did not come up within {seconds:.0f} s. The end of {self.log}:\n{tail(self.log)}"
        )


class Api:
    """Airflow's REST API, as its admin or another user; asks anew for a token when the old one is
    over."""

    def __init__(self, airflow: Airflow, user: str = "admin") -> None:
        self.airflow, self.user = airflow, user
        self.client = httpx.Client(base_url=airflow.url, timeout=30, trust_env=False)

    def log_in(self) -> None:
        """Fetch a token."""
        answer = self.client.post(
            "/auth/token",
            json={"username": self.user, "password": self.airflow.password(self.user)},
        )
        answer.raise_for_status()
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def ask(self, method: str, path: str, **words: Any) -> Any:
        """One call below ``/api/v2``; the answer's JSON. What Airflow refuses is a `SchedulerError`
        with its words."""
        if "Authorization" not in self.client.headers:
            self.log_in()
        answer = self.client.request(method, f"/api/v2{path}", **words)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.log_in()
            answer = self.client.request(method, f"/api/v2{path}", **words)
        if answer.is_error:
            raise SchedulerError(
                f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:300]}"
            )
        return answer.json() if answer.content else None

    def dags(self) -> list[str]:
        """The ids of the DAGs that it has read."""
        return sorted(
            entry["dag_id"] for entry in self.ask("GET", "/dags", params={"limit": 100})["dags"]
        )

    def import_errors(self) -> list[str]:
        """What is wrong with DAG files that could not be read: file, and the last line of the
        traceback."""
        found = self.ask("GET", "/importErrors")["import_errors"]
        return [
            f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}"
            for error in found
        ]

    def trigger(
        self, dag_id: str, key: str | None = None, conf: Mapping[str, Any] | None = None
    ) -> str:
        """Start a run, for a data month where the DAG has months; its run id."""
        body = {"logical_date": None, "partition_key": key, "conf": dict(conf or {})}
        return str(self.ask("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The runs of a DAG, newest first."""
        answer = self.ask(
            "GET", f"/dags/{dag_id}/dagRuns", params={"order_by": "-run_after", "limit": 50}
        )
        return list(answer["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        return list(
            self.ask(
                "GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 200}
            )["task_instances"]
        )

    def question(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any] | None:
        """What a task asks a person, once Airflow is ready for the answer; nothing if it does not
        ask.

        Airflow 3.3 fails a task that is answered before its scheduler has noticed that it waits:
        its log tells when. One that was started anew in between may never say so.
        """
        waiting = [task for task in self.tasks(dag_id, run_id) if task["task_id"] == task_id]
        if not waiting or waiting[0]["state"] != "awaiting_input":
            return None
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        asked: dict[str, Any] = self.ask("GET", path)
        noticed = f"task_id='{task_id}', run_id='{run_id}', try_number={waiting[0]['try_number']}, map_index=-1)"
        age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(asked["created_at"])
        return (
            asked
            if noticed in self._said_by_scheduler() or age >= dt.timedelta(seconds=60)
            else None
        )

    def _said_by_scheduler(self) -> str:
        """Which tasks it knows to have left their workers."""
        lines = self.airflow.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(
            line for line in lines if "Received executor event with state success" in line
        )

    def answer(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        choice: str,
        said: Mapping[str, Any] | None = None,
    ) -> None:
        """Answer a task that waits for a person; ``said`` is what stands in the fields of its
        form."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        self.ask("PATCH", path, json={"chosen_options": [choice], "params_input": dict(said or {})})

    def task_log(self, task: Mapping[str, Any]) -> Path:
        """Where the log of a task's last try lies."""
        folder = (
            self.airflow.home / "logs" / f"dag_id={task['dag_id']}" / f"run_id={task['dag_run_id']}"
        )
        folder = folder / f"task_id={task['task_id']}"
        if task["map_index"] >= 0:
            folder = folder / f"map_index={task['map_index']}"
        return folder / f"attempt={task['try_number']}.log"


def free_port(wish: int) -> int:
    """``wish`` if nobody listens there, else any free port of this machine."""
    for port in (wish, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SchedulerError(f"No port of {HOST} is free.")


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a text file; empty if there is none."""
    return (
        "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""
    )


@contextmanager
def ends_with_us() -> Iterator[None]:
    """Turn the signals that end a program into an exception, so that ``finally`` runs and nothing
    is left behind."""

    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

    def leave(number: int, frame: object) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)  # a second one must not interrupt the tidying up
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
