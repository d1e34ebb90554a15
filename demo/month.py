"""`make demo`: a made-up county's month through a real Airflow, told as it happens.

Everything lies in one folder (``var/demo``), which a second run clears; only the county itself,
which takes longest to make, is kept as long as it would be made the same. The program only uses
what an operator has: files in the inbox and Airflow's REST API. It approves the release in a
clerk's place, and says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.scheduler import BOARD, PROJECT, Airflow, Api, SchedulerError, tail
from shouwang.cli.terminal import out, progress, show, working
from shouwang.core.month import Month

MONTH = Month(2026, 9)
TODAY = "2026-10-09"
"""The day on which the demo's lists are dated: the one after the hand-over of September 2026."""

MARK = ".shouwang-demo"
GONE = ("airflow", "inbox", "outbox", "vault", "work", "lists", "logs")


@dataclass
class Demo:
    """One demo: its folder, and its county's size."""

    folder: Path = PROJECT / "var" / "demo"
    households: int = 40_000
    seed: int = 1

    @property
    def county(self) -> Path:
        """The made-up county: registry, exports, truth."""
        return self.folder / "county"

    @property
    def settings(self) -> dict[str, str]:
        """What the product's own programs are told."""
        return {
            "SHOUWANG_HOME": str(self.folder),
            "SHOUWANG_INBOX": str(self.folder / "inbox"),
            "SHOUWANG_OUTBOX": str(self.folder / "outbox"),
            "SHOUWANG_DATABASE_URL": f"sqlite:///{self.folder / 'shouwang.db'}",
            "SHOUWANG_TODAY": TODAY,
        }

    @property
    def airflow(self) -> Airflow:
        """The Airflow of this demo."""
        return Airflow(self.folder / "airflow", self.settings)

    def run(self) -> None:
        """The whole story; what goes wrong is a `ShouwangError`."""
        started = time.monotonic()
        self.clear()
        airflow = self.airflow
        try:
            airflow.start()
            out.print(f"Airflow is starting on {airflow.url} (its files: {shown(airflow.home)}).")
            registry = self.make_county()
            with working("Waiting for Airflow"):
                airflow.wait_until_healthy()
                api = Api(airflow)
                self.until("its DAGs", lambda: self._dags_read(api), 60)
            loading = time.monotonic()
            self.finish(
                api, {"registry": api.trigger("registry", str(MONTH), {"file": str(registry)})}
            )
            begun = time.monotonic()
            departments = self.hand_over()
            out.print(
                f"{len(departments)} departments have put their exports of {MONTH} into {shown(self.inbox)}."
            )
            self.finish(
                api,
                {
                    f"exchange_{name}": api.trigger(f"exchange_{name}", str(MONTH))
                    for name in departments
                },
            )
            self.screen_and_release(api)
            self.tell(begun - loading, time.monotonic() - begun, time.monotonic() - started)
        finally:
            airflow.stop()

    def claim(self) -> None:
        """Make the folder and mark it as a demo's."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MARK).write_text("Made by `make demo`; may be removed at any time.\n")

    def _dags_read(self, api: Api) -> bool:
        if errors := api.import_errors():
            raise SchedulerError("Airflow cannot read the DAG files:\n" + "\n".join(errors))
        return "release" in api.dags()

    def clear(self) -> None:
        """Remove what an earlier demo left, except the county; never a folder that is not a
        demo's."""
        if (
            self.folder.exists()
            and any(self.folder.iterdir())
            and not (self.folder / MARK).exists()
        ):
            raise SchedulerError(
                f"{self.folder} holds something that is not a demo; move it, or name another folder."
            )
        self.claim()
        if self.airflow.members():
            out.print("An Airflow of an earlier demo still runs; stopping it.")
            self.airflow.stop()
        for name in GONE:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for path in self.folder.glob("shouwang.db*"):
            path.unlink()

    def make_county(self) -> Path:
        """The made-up county, made now or kept from last time; its registry."""
        recipe = {
            "households": self.households,
            "seed": self.seed,
            "month": str(MONTH),
            "maker": _maker(),
        }
        note = self.county / "recipe.json"
        if note.exists() and json.loads(note.read_text()) == recipe:
            out.print(
                f"The made-up county of {self.households:,} households is there from last time."
            )
        else:
            from demo.county import make_county

            shutil.rmtree(self.county, ignore_errors=True)
            with working(f"Making a county of {self.households:,} households"):
                make_county(
                    self.county, households=self.households, months=(MONTH,), seed=self.seed
                )
            note.write_text(json.dumps(recipe))
        return next(path for path in sorted((self.county / "registry").iterdir()) if path.is_file())

    @property
    def inbox(self) -> Path:
        """Where departments put the files of the month."""
        return self.folder / "inbox" / str(MONTH)

    def hand_over(self) -> list[str]:
        """Put the exports where departments would; the departments' names."""
        names = []
        for source in sorted(
            path for path in (self.county / "inbox" / str(MONTH)).iterdir() if path.is_dir()
        ):
            shutil.copytree(source, self.inbox / source.name)
            names.append(source.name)
        return names

    def finish(self, api: Api, runs: dict[str, str]) -> None:
        """Wait until all runs are over, telling each; one that fails is an error that names its
        task and log."""
        under_way, begun = dict(runs), time.monotonic()
        with working(f"Airflow at work: {', '.join(runs)}"):
            while under_way:
                for dag_id, run_id in [*under_way.items()]:
                    state = str(api.ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])
                    if state == "failed":
                        raise SchedulerError(_explain(api, api.tasks(dag_id, run_id)))
                    if state == "success":
                        del under_way[dag_id]
                        progress.print(f"  {dag_id}: done after {time.monotonic() - begun:.0f} s")
                time.sleep(
                    1.5 if under_way else 0
                )  # each look costs Airflow's API time that the tasks need

    def screen_and_release(self, api: Api) -> None:
        """Follow the screening that Airflow starts by itself, and approve its release in a clerk's
        place."""

        def started(dag_id: str = "release") -> list[dict[str, Any]]:
            return [run for run in api.runs(dag_id) if run["partition_key"] == str(MONTH)]

        def screened() -> bool:
            for run in started("screening"):
                if run["state"] == "failed":
                    raise SchedulerError(_explain(api, api.tasks("screening", run["dag_run_id"])))
            return bool(started())

        out.print(
            "The month is settled: Airflow starts the screening by itself, and asks when it is done."
        )
        self.until("the screening to start", lambda: started("screening"), 60)
        with working("Screening"):
            self.until("the end of the screening", screened, 300)
            asked = self.until(
                "the question whether to release", lambda: self._asked(api, started()), 300
            )
        if asked:
            run_id, question = asked
            out.print("\n[bold]A clerk would now be asked:[/bold]")
            out.print(question["body"], markup=False)
            out.print(
                "[bold yellow]The demo answers “Approve” in the clerk's place, over Airflow's REST API.[/]\n"
            )
            api.answer("release", run_id, "approve", "Approve")
        self.finish(api, {"release": started()[-1]["dag_run_id"]})

    def _asked(self, api: Api, runs: list[dict[str, Any]]) -> tuple[str, dict[str, Any]] | None:
        for run in runs:
            tasks = api.tasks("release", run["dag_run_id"])
            if run["state"] == "failed":
                raise SchedulerError(_explain(api, tasks))
            if question := api.question("release", run["dag_run_id"], "approve"):
                return run["dag_run_id"], question
        return None

    def until(self, what: str, found: Callable[[], Any], seconds: float) -> Any:
        """What ``found`` gives as soon as it gives something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if result := found():
                return result
            time.sleep(0.5)
        log = self.airflow.log
        raise SchedulerError(
            f"Waited {seconds:.0f} s for {what} in vain. The end of {log}:\n{tail(log)}"
        )

    def tell(self, registry_seconds: float, month_seconds: float, seconds: float) -> None:
        """The month as a table, and where to look."""
        for name in [name for name in os.environ if name.startswith("SHOUWANG")]:
            del os.environ[name]  # a real county's
        os.environ.update(self.settings)
        from shouwang.casework import monthly
        from shouwang.transfer import passwords
        from shouwang.workspace.workspace import load_workspace

        show("run", monthly.month_table(str(MONTH)))
        lists = sorted((self.folder / "outbox").rglob("*.xlsx"))
        out.print(
            f"\n{len(lists)} workbooks lie in {shown(self.folder / 'outbox' / str(MONTH))}, for example"
        )
        sealed = [path for path in lists if "townships" in path.parts and "公示" not in path.name][
            :3
        ]
        for path in sealed:
            out.print(f"  {shown(path)}")
        for path in sealed[:1]:  # made-up people: a real password is never printed
            opens = passwords.to_tell(load_workspace(), path.parent.name)
            out.print(
                f"A township's lists open with its password; that of {path.parent.name} is [bold]{opens}[/bold]"
            )
        out.print(
            f"\nThe registry took {registry_seconds:.0f} s, the month from hand-over to the last list "
            f"{month_seconds:.0f} s, everything {seconds:.0f} s."
        )
        out.print(
            f"To see it in Airflow's pages, and the exchange board at {BOARD}: [bold]make up[/bold] (and [bold]make "
            "down[/bold] when you have seen it)."
        )


def _explain(api: Api, tasks: list[dict[str, Any]]) -> str:
    """Which task failed, and what the end of its log says."""
    failed = [task for task in tasks if task["state"] == "failed"] or tasks[:1]
    task = failed[0]
    log = api.task_log(task)
    lines = []
    for line in tail(log, 40).splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            lines.append(line)
        else:
            if entry.get("level") in ("warning", "error", "critical"):
                lines.append(f"{entry['level']}: {entry.get('event')}")
    return (
        f"The task {task['task_id']} of {task['dag_id']} failed. The end of {log}:\n"
        + "\n".join(lines[-15:])
    )


def shown(path: Path) -> str:
    """A path as people read it: from where they stand, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _maker() -> str:
    """Changes with the code that makes counties."""
    sources = sorted(
        path
        for path in Path(__file__).parent.glob("*.[py]*")
        if path.name not in ("month.py", "scheduler.py")
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
