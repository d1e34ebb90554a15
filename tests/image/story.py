"""A county on the deployment from the image: set up, a month, upgraded, measured idle, backed up,
restored elsewhere.

What an operator does is done by the lines of docs/deployment.md and docs/operations.md themselves,
with the stand-in for `docker` (engine.py) in the path. docker/image-check.sh starts this in a
network and with processes of its own.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

import psutil
import yaml
from engine import OURS, Engine
from scheduled import EXPORTS, OVER, Watched

import chart
from demo.county import make_county
from demo.scheduler import Api
from shouwang.core.month import Month

PROJECT = Path(__file__).resolve().parents[2]
MONTH = "2026-09"
SHOUWANG = "docker compose exec -T worker /opt/shouwang/docker/entrypoint.sh"
MINUTES = 5
"""How long the idle services are measured."""


def blocks(document: str, heading: str) -> list[str]:
    """The commands of a section of a document, a block each."""
    text = (PROJECT / "docs" / document).read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\b.*?(?=^## |\Z)", text, flags=re.M | re.S)
    assert section, f"{document} has no {heading}"
    return re.findall(r"```sh\n(.*?)```", section[0], flags=re.S)


class Server:
    """What `Api` asks of an Airflow."""

    url = "http://127.0.0.1:8080"

    def __init__(self, top: Path, project: Path) -> None:
        self.home, self.project = top / "volumes", project
        self.log = top / "containers" / "scheduler" / "log"

    def password(self, user: str) -> str:
        return (self.project / "secrets" / f"{user}_password").read_text().strip()


class Story:
    """One county, from the first line of deployment.md to the restore."""

    def __init__(self, top: Path, households: int) -> None:
        self.top, self.project = top, top / "project"
        self.county = make_county(
            top / "made", households=households, months=(Month.parse(MONTH),), seed=5
        )

    @property
    def engine(self) -> Engine:
        return Engine(self.top, self.project)

    @property
    def watched(self) -> Watched:
        return Watched(Api(Server(self.top, self.project)))  # type: ignore[arg-type]

    def run(self, commands: str, **more: str) -> str:
        """What lines of a document print."""
        path = f"{self.top}/bin:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.project,
            text=True,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": path, "EDITOR": "true", **more},
        )
        if done.returncode:
            sys.exit(f"{commands}\n{done.stdout}\nended with {done.returncode}")
        return done.stdout

    def set_up(self) -> None:
        """The secrets as .env.example says, then the lines of the section on one machine."""
        said = re.findall(r"^#   (.*)", (PROJECT / ".env.example").read_text(), flags=re.M)
        self.run("\n".join(line.partition("     #")[0] for line in said))
        (lines,) = blocks("deployment.md", "On one machine")
        lines = lines.replace("/etc/shouwang-county", f"{self.top}/county")
        copied, *rest = lines.splitlines()
        self.run(f"{copied}\nsed -i 's#^COUNTY_FOLDER=.*#COUNTY_FOLDER={self.top}/county#' .env")
        registry = shlex.quote(str(self.county.registry))
        self.run("\n".join(rest).replace(" 农户信息表.xlsx worker", f" {registry} worker"))

    def month(self) -> int:
        """A month from the departments' files to the lists in the outbox; how many lists."""
        self.run(f"docker compose cp {self.county.inbox / MONTH} worker:/srv/shouwang/inbox/")
        watched = self.watched
        names = [f"exchange_{folder.name}" for folder in (self.county.inbox / MONTH).iterdir()]
        watched.wait("DAGs", lambda: set(names) <= set(watched.api.dags()))
        watched.finish(*[(name, watched.api.trigger(name, MONTH)) for name in names])
        run_id, _ = watched.question(MONTH)
        released = watched.answer(run_id, "Approve")
        assert set(released.values()) <= {"success", "skipped"}, released
        return len(list((self.top / "volumes" / "workspace" / "outbox").rglob("*预警名单*.xlsx")))

    def exports(self) -> str:
        """Every table that other programs may have."""
        each = [
            f"shouwang export {kind} --month {MONTH} --out /tmp/{kind} >/dev/null; cat /tmp/{kind}"
            for kind in EXPORTS
        ]
        return self.run(f"{SHOUWANG} sh -euc {shlex.quote('; '.join(each))}")

    def upgrade(self) -> None:
        """To the newer version, with a backup between."""
        stopped, upgraded = blocks("operations.md", "Upgrade")
        self.run(stopped)
        self.run(blocks("operations.md", "Backup")[0])
        self.run(upgraded)

    def called_by_the_chart(self) -> list[str]:
        """What the chart's templates call, run in the image as they do; what was run."""
        values = yaml.safe_load((PROJECT / "docker" / "helm" / "values.yaml").read_text())
        called, engine, ran = chart.called(values), self.engine, []
        for what, words in called.items():
            program = shlex.quote(chart.inner(words)[0])
            self.run(f"{SHOUWANG} sh -c 'command -v {words[0]} && command -v {program}'")
            if what.startswith("probe"):
                service = what.rpartition(" ")[2]
                self.run(f"docker compose exec -T {service} {shlex.join(words)}")
                ran.append(what)
        for what in chart.BARE:
            words = [*called[what][:-1], called[what][-1].partition(" --namespace")[0] + " --help"]
            if what == "groomers of logs":
                words = [*called[what], "once"]
            command = engine.contained(
                "worker", [*engine.image[1]["Entrypoint"], *words], bare=True
            )
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            ran.append(what)
        return ran

    def processor(self) -> float:
        """Seconds of processor that the services have used since they began, ended children too."""
        used = 0.0
        for process in psutil.process_iter():
            if process.pid not in (1, os.getpid()) and process.ppid() != os.getpid():
                used += sum(process.cpu_times()[:4])
        return used

    def idle(self) -> float:
        """Cores that the services use while nothing is to do, health checks among them."""
        engine, since, began = self.engine, time.monotonic(), self.processor()
        checks = 0.0
        for _ in range(MINUTES):
            for name in OURS:
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                assert engine.well(name), name
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                checks += after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            time.sleep(max(0.0, since + 60 * (_ + 1) - time.monotonic()))
        return (self.processor() - began + checks) / (time.monotonic() - since)

    def morning(self, idle: float) -> tuple[int, float]:
        """Task instances of a morning with nothing to do, and its seconds of processor beside what
        is used while idle."""
        watched = self.watched
        watched.finish(
            ("followup", watched.api.trigger("followup"))
        )  # what is left of the month is done
        watched.wait(
            "end of all runs", lambda: all(run["state"] in OVER for run in watched.api.runs("~"))
        )
        before = {run["dag_run_id"] for run in watched.api.runs("~")}
        time.sleep(5)
        since, began = time.monotonic(), self.processor()
        watched.finish(("followup", watched.api.trigger("followup")))
        time.sleep(5)
        used = self.processor() - began - idle * (time.monotonic() - since)
        watched.wait(
            "end of all runs", lambda: all(run["state"] in OVER for run in watched.api.runs("~"))
        )
        runs = [run for run in watched.api.runs("~") if run["dag_run_id"] not in before]
        ran = [
            t
            for r in runs
            for t in watched.api.tasks(r["dag_id"], r["dag_run_id"])
            if t["state"] != "skipped"
        ]
        return len(ran), used

    def restore(self) -> str:
        """Make a backup with the keys; then the services are ended and all is made anew on another
        machine."""
        nightly, with_keys = blocks("operations.md", "Backup")
        backups = self.top / "volumes" / "backups"
        for old in backups.iterdir():
            old.unlink()  # of the upgrade, this very day
        self.run(nightly)
        self.run(with_keys)
        day = next(backups.glob("*.airflow")).stem
        engine = self.engine
        engine.stop([*OURS, "redis", "postgres"])
        (self.top / "volumes").rename(self.top / "first")
        (self.top / "volumes").mkdir()
        (self.top / "first" / "backups").rename(backups)
        empty = self.top / "empty"
        empty.mkdir()
        os.chown(empty, 50000, 50000)
        self.run(f"sed -i 's#^COUNTY_FOLDER=.*#COUNTY_FOLDER={empty}#' .env")
        (lines,) = blocks("operations.md", "Restore")
        return self.run(lines, day=day)


def main(top: Path, households: int) -> None:
    """Tell it, with its figures and the seconds that each part took."""
    since = time.monotonic()

    def said(what: str) -> None:
        nonlocal since
        seconds, since = time.monotonic() - since, time.monotonic()
        print(f"{time.strftime('%T')}  {what} ({seconds:.0f} s)", flush=True)

    story = Story(top, households)
    story.set_up()
    said("Set up by deployment.md's lines")
    lists = story.month()
    assert lists
    said(f"A month of {households} households: {lists} lists for townships")
    story.upgrade()
    said("Backed up and upgraded by operations.md's lines")
    idle = story.idle()
    said(f"Idle, with health checks: {idle:.2f} of a core")
    tasks, processor = story.morning(idle)
    said(f"A morning with nothing to do: {tasks} task instances, {processor:.1f} s of processor")
    said(f"As Airflow's chart calls it: {', '.join(story.called_by_the_chart())}")
    exports = story.exports()
    assert exports.count("\n") > households / 10
    story.restore()
    assert story.exports() == exports
    assert story.watched.api.runs("release")
    said("Backed up, and restored on another machine by operations.md's lines: the same exports")
    assert idle <= 0.4
    assert tasks <= 3
    assert processor <= 10


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
