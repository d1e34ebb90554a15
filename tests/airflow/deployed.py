"""The deployment of docker-compose.yaml without its engine: the same programs with the same
settings, here.

What `docker-compose config` says of a service is what its program is told; only hosts, ports and
paths are replaced. Each has a home, temporary folder and ``AIRFLOW_HOME`` of its own, as a
container has; what the file calls a volume is one folder for all. Programs that die are started
again, where the file says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import yaml
from scheduled import Watched

from demo.scheduler import Api, SchedulerError, tail
from services import PostgreSQL, free_port, path_of

PROJECT = Path(__file__).resolve().parents[2]
ORDER = ("api-server", "scheduler", "dag-processor", "triggerer")


def services() -> dict[str, Any]:
    """The services as docker-compose understands them, defaults filled in."""
    command = [path_of("docker-compose"), "--env-file", ".env.example", "config"]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = yaml.safe_load(said)["services"]
    return found


def processes_of(leader: int) -> list[psutil.Process]:
    """A program's processes: those of the session that it leads, and whatever they started."""
    found = {}
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader:
                found |= {one.pid: one for one in [process, *process.children(recursive=True)]}
        except (psutil.Error, OSError):
            continue
    return list(found.values())


@dataclass
class Container:
    """One program of the deployment, as its container would run it."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    restarts: bool
    process: subprocess.Popen[bytes] | None = None
    more: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.folder / "log"

    @property
    def home(self) -> Path:
        """The home of its user: nothing of a task may be left here."""
        return self.folder / "home"

    @property
    def scratch(self) -> Path:
        """Its temporary folder: nor here."""
        return self.folder / "tmp"

    def start(self) -> None:
        """Start it in a session of its own."""
        for folder in (self.home, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment | self.more,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it as a container ends whose machine lost power: every process at once, without a
        word."""
        if self.process is None:
            return
        while left := [
            one for one in processes_of(self.process.pid) if one.status() != psutil.STATUS_ZOMBIE
        ]:
            for process in left:
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    continue
            self.process.poll()
            time.sleep(0.02)
        self.process.wait()


class Deployment:
    """All programs of docker-compose.yaml, with ``workers`` workers, below one folder."""

    def __init__(self, top: Path, more: dict[str, str], workers: int = 2) -> None:
        self.top, self.services = top, services()
        self.port = free_port()
        self.workspace, self.secrets, self.logs = top / "workspace", top / "secrets", top / "logs"
        for folder in (self.workspace, self.secrets, self.logs, top / "redis"):
            folder.mkdir(parents=True)
        top.chmod(0o755)
        for number, name in enumerate(
            {name for s in self.services.values() for name in names_of(s)}
        ):
            (self.secrets / name).write_text(f"{number:024x}")
        (self.secrets / "fernet_key").write_text("c2hvdXdhbmctc2hvdXdhbmctc2hvdXdhbmctc2hvdXc=")
        self.database = PostgreSQL(
            Path(tempfile.mkdtemp(prefix="shouwang-postgresql-"))
        )  # not root's alone
        self.redis_port = free_port()
        self.replaced = {
            "/run/secrets": self.secrets,
            "/opt/shouwang": PROJECT,
            "/srv/shouwang": self.workspace,
            "/etc/shouwang/county": PROJECT / "include" / "county",
            "/data": top / "redis",
            "http://api-server:8080": self.url,
        }
        self.elsewhere = {
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": self.database.port,
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": self.redis_port,
            "SECRETS": self.secrets,
            "AIRFLOW__CORE__PARALLELISM": 2 * workers,  # as .env says for so many
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": self.port,
            "AIRFLOW__API__BASE_URL": self.url,
        }
        self.more = more
        self.redis = self._container(
            "redis", self._words("redis") + f" --port {self.redis_port} --bind 127.0.0.1"
        )
        self.prepare = self._container("prepare")
        names = [*ORDER, *(f"worker {number + 1}" for number in range(workers))]
        self.containers = {name: self._container(name) for name in names}
        self.workers = [self.containers[name] for name in names if name.startswith("worker")]

    @property
    def url(self) -> str:
        """Where the API server is found."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        """What `Api` takes for Airflow's home: the folder of the logs."""
        return self.top

    def password(self, user: str) -> str:
        """The admin's password."""
        return (self.secrets / f"{user}_password").read_text()

    @property
    def log(self) -> Path:
        """The scheduler's words."""
        return self.containers["scheduler"].log

    def _here(self, text: object) -> str:
        said = str(text)
        for theirs, ours in self.replaced.items():
            said = said.replace(theirs, str(ours))
        return said.replace("$$", "$")

    def _words(self, service: str) -> str:
        return self._here(self.services[service]["command"][-1])

    def _container(self, name: str, shell: str = "") -> Container:
        service = self.services[name.partition(" ")[0]]
        folder = self.top / name.replace(" ", "-")
        words = (
            ["sh", "-c", shell]
            if shell
            else [str(PROJECT / "docker" / "entrypoint.sh"), *service["command"]]
        )
        if name.startswith("worker"):  # in a container the machine's name is the container's
            words += ["--celery-hostname", f"celery@{folder.name}"]
        airflow = folder / "airflow"
        airflow.mkdir(parents=True)
        (airflow / "logs").symlink_to(self.logs)
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {
            "PATH": tools,
            "HOME": folder / "home",
            "TMPDIR": folder / "tmp",
            "AIRFLOW_HOME": airflow,
            "PYTHONWARNINGS": "ignore",
            "PYTHONUNBUFFERED": 1,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            **{key: self._here(value) for key, value in service.get("environment", {}).items()},
            **self.elsewhere,
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": free_port(),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": free_port(),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": free_port(),
            **self.more,
        }
        restarts = service.get("restart") == "unless-stopped"
        return Container(
            name,
            [*rights_of(service), *(self._here(word) for word in words)],
            {k: str(v) for k, v in environment.items()},
            folder,
            restarts,
        )

    def __enter__(self) -> Deployment:
        self.database.start(max_connections=100)
        self._make_databases()
        self.redis.start()
        try:
            self.prepare.start()
            assert self.prepare.process is not None
            if self.prepare.process.wait(300):
                raise SchedulerError(f"The preparation failed:\n{tail(self.prepare.log, 40)}")
            for container in self.containers.values():
                container.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for container in [*self.containers.values(), self.prepare, self.redis]:
            container.kill()
        self.database.stop()
        shutil.rmtree(self.database.folder, ignore_errors=True)

    def _make_databases(self) -> None:
        """As PostgreSQL's image does it: by the script that the file mounts into it."""
        (script,) = (
            volume.partition(":")[0]
            for volume in self.services["postgres"]["volumes"]
            if "initdb.d" in volume
        )
        there = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.database.port),
            "POSTGRES_USER": "shouwang",
        }
        environment = {**os.environ, **there, "SECRETS": str(self.secrets)}
        subprocess.run([script], env=environment, check=True, capture_output=True)

    def tend(self) -> None:
        """Start again what has died, as the engine would."""
        for container in [self.redis, *self.containers.values()]:
            if container.process and container.process.poll() is not None and container.restarts:
                container.kill()  # what it left behind goes with its container
                container.start()

    def connect(self, database: str = "shouwang") -> psycopg.Connection[Any]:
        """A connection of the superuser."""
        return psycopg.connect(
            f"host=127.0.0.1 port={self.database.port} user=shouwang dbname={database}"
        )

    def healthy(self, name: str) -> bool:
        """Whether the file's own health check finds a program well."""
        container = self.containers[name]
        _, *words = self.services[name.partition(" ")[0]]["healthcheck"]["test"]
        words = [self._here(word) for word in words]
        return (
            subprocess.run(
                words, env=container.environment, capture_output=True, check=False
            ).returncode
            == 0
        )


def rights_of(service: dict[str, Any]) -> list[str]:
    """What a program is started by when root starts it: as in its container, it has no capability
    and can gain none."""
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    return (
        ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        if os.geteuid() == 0
        else []
    )


def names_of(service: dict[str, Any]) -> Iterator[str]:
    """The secrets that a service is given."""
    for secret in service.get("secrets", ()):
        yield secret if isinstance(secret, str) else secret["source"]


@dataclass
class Tended(Watched):
    """Waits beside a deployment whose programs may be away for a while."""

    deployment: Deployment | None = None

    def wait(self, what: str, found: Callable[[], Any]) -> Any:
        return super().wait(what, lambda: self.meanwhile(found))

    def meanwhile(self, found: Callable[[], Any]) -> Any:
        """What ``found`` gives; nothing while the API server is away."""
        assert self.deployment is not None
        self.deployment.tend()
        try:
            return found()
        except (httpx.HTTPError, SchedulerError):
            return None

    def _nothing_failed(self, what: str) -> None:
        self.meanwhile(lambda: super(Tended, self)._nothing_failed(what))


def api_of(deployment: Deployment) -> Api:
    """The REST API of a deployment, as its admin."""
    return Api(deployment)  # type: ignore[arg-type]
