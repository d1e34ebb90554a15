"""Counties' months on the deployment of docker-compose.yaml, with one worker of Airflow's and with
two.

    python -m benchmarks.workers [COUNTIES] [HOUSEHOLDS] [--keep FOLDER]      (default 3 counties of
    4,000)

The same PostgreSQL, Redis, scheduler, API server and Celery workers as the tests start
(tests/airflow/deployed.py), a task at a time for each worker. Told is how long it takes from the
first department's run until every county's lists wait for their clerk, the registries loaded
before; and the memory that a worker's processes share out among themselves (PSS).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.__main__ import MONTH
from benchmarks.scale import made

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "tests" / "airflow"), str(PROJECT / "tests")]
DEPARTMENTS = ("civil_affairs", "education", "housing", "medical_insurance", "water")
KEYS = "hash:" + "aGFzaA" * 7 + "a= k1:" + "c2VhbGluZw" * 4 + "aaa="


def memory(leader: int) -> float:
    """MiB of a program and all that it started."""
    from deployed import processes_of

    found = 0
    for process in processes_of(leader):
        try:
            found += process.memory_full_info().pss
        except psutil.Error:  # gone meanwhile
            continue
    return found / (1 << 20)


def month(
    top: Path, county_folders: Path, made_up: dict[str, Any], workers: int
) -> dict[str, float]:
    """Seconds for all counties' month with so many workers, and the greatest memory of one."""
    import scheduled
    from deployed import Deployment, Tended, api_of

    scheduled.PATIENCE = 3600  # a county's question may come last of all

    here = {
        "SHOUWANG_COUNTIES": str(county_folders),
        "SHOUWANG_TODAY": "2026-10-12",
        "SHOUWANG_KEYS": KEYS,
        "SHOUWANG_POOL_SLOTS": "",
    }
    deployment = Deployment(top, here, workers)
    peaks = [0.0] * workers
    done = threading.Event()

    def look() -> None:
        while not done.wait(1):
            for place, worker in enumerate(deployment.workers):
                if worker.process:
                    peaks[place] = max(peaks[place], memory(worker.process.pid))

    with deployment:
        runner = (
            f"postgresql+psycopg://shouwang_runner@127.0.0.1:{deployment.database.port}/shouwang"
        )
        line = scheduled.CommandLine(
            deployment.workspace, {**here, "SHOUWANG_DATABASE_URL": runner}
        )
        for key, folder in made_up.items():
            registry = next((folder / "registry").iterdir())
            line.run(f"--county {key} registry load {registry} --as-of {MONTH}")
        api = api_of(deployment)
        watched = Tended(api, deployment=deployment)
        watched.wait("DAGs", lambda: len(api.dags()) == len(made_up) * (4 + len(DEPARTMENTS)) + 1)
        for key, folder in made_up.items():
            shutil.copytree(
                folder / "inbox", deployment.workspace / key / "inbox", dirs_exist_ok=True
            )
        watcher = threading.Thread(target=look)
        watcher.start()
        begun = time.monotonic()
        try:
            for key in made_up:
                for name in DEPARTMENTS:
                    api.trigger(f"{key}.exchange_{name}", MONTH)
            for key in made_up:
                watched.question(MONTH, f"{key}.release")
                print(f"  {key}: {time.monotonic() - begun:.0f} s", flush=True)
            seconds = time.monotonic() - begun
        finally:
            done.set()
            watcher.join()
    return {"seconds": seconds, "mebibytes": max(peaks)}


def main() -> None:
    """Measure with one worker, then with two, and print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("counties", type=int, nargs="?", default=3)
    parser.add_argument("households", type=int, nargs="?", default=4_000)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    os.environ["WORKER_CONCURRENCY"] = "1"
    print(
        f"{asked.counties} counties of {asked.households:,} households, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as name:
        top, keep = Path(name), asked.keep or Path(name)
        made_up = {}
        for number in range(1, asked.counties + 1):
            key = f"county_{number:02d}"
            made_up[key] = made(keep / f"made-{asked.households}" / key, asked.households, number)
            shutil.copytree(PROJECT / "include" / "county", top / "counties" / key)
        told = {}
        for workers in (1, 2):
            told[workers] = month(top / f"deployed-{workers}", top / "counties", made_up, workers)
            print(
                workers,
                "worker(s)",
                json.dumps(told[workers]),
                f"load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    print(json.dumps({"two_over_one": round(told[2]["seconds"] / told[1]["seconds"], 2)}))


if __name__ == "__main__":
    main()
