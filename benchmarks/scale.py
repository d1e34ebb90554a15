"""How a month's cost grows: ten times the county on one machine, and many counties with one worker
or two.

    python -m benchmarks.scale tenfold [HOUSEHOLDS] [--keep FOLDER]      (default 40,000 beside
    400,000) python -m benchmarks.scale counties [HOUSEHOLDS] [--keep FOLDER]     (default twelve
    counties of 4,000)

A worker is a process of the command line that takes a county at a time, as Airflow's workers take
tasks; every county's month is received and screened. ``--keep`` makes the counties there and finds
them again. Clock, processor seconds (of a process and those that it waited for) and peak memory are
told; on a busy machine only the last two mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.__main__ import MAKE, MONTH, SHOUWANG

COUNTIES = 12


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds by the clock and of the processors, MiB at its peak."""

    clock: float
    processor: float
    memory: float

    def __str__(self) -> str:
        return f"{self.clock:8.1f} s {self.processor:8.1f} s of processor {self.memory:7.0f} MiB"


def cost(
    code: str, environment: dict[str, str], *words: str, may_end: tuple[int, ...] = (0,)
) -> Cost:
    """Run Python code in a process of its own."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in may_end:
        raise SystemExit(f"{words} ended with {process.returncode}.")
    return Cost(time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def made(folder: Path, households: int, seed: int = 1) -> Path:
    """A made-up county, made unless it is there."""
    if not (folder / "truth" / "county.json").exists():
        code = MAKE.replace("seed=1", f"seed={seed}")
        cost(code, {}, str(folder), str(households), MONTH)
    return folder


def tenfold(households: int, keep: Path) -> dict[str, float]:
    """All of `shouwang run` for a county and one of ten times as many households."""
    told = []
    for size in (households, households * 10):
        county, home = made(keep / f"county-{size}", size), keep / f"home-{size}"
        shutil.rmtree(home, ignore_errors=True)
        workspace = {"SHOUWANG_HOME": str(home), "SHOUWANG_INBOX": str(county / "inbox")}
        cost(SHOUWANG, workspace, "init")
        registry = str(next((county / "registry").iterdir()))
        loaded = cost(SHOUWANG, workspace, "registry", "load", registry, "--as-of", MONTH)
        print(f"{size:9,} households  registry load  {loaded}", flush=True)
        run = cost(SHOUWANG, workspace, "run", MONTH)
        print(f"{size:9,} households  run            {run}", flush=True)
        told.append(run)
    one, ten = told
    return {
        "clock": ten.clock / one.clock,
        "processor": ten.processor / one.processor,
        "peak_mebibytes": ten.memory,
    }


def counties(households: int, keep: Path) -> dict[str, float]:
    """Twelve counties' months by one worker, then by two."""
    top = keep / f"counties-{households}"
    keys = [f"county_{number:02d}" for number in range(1, COUNTIES + 1)]
    settings = Path(__file__).resolve().parents[1] / "include" / "county"
    where = {"SHOUWANG_COUNTIES": str(top / "settings"), "SHOUWANG_INBOX": str(top / "inbox")}
    fresh = {**where, "SHOUWANG_HOME": str(top / "home")}
    for seed, key in enumerate(keys, 1):
        county = made(top / "made" / key, households, seed)
        shutil.copytree(settings, top / "settings" / key, dirs_exist_ok=True)
        shutil.copytree(county / "inbox", top / "inbox" / key, dirs_exist_ok=True)
        if not (top / "home" / key).exists():
            cost(SHOUWANG, fresh, "--county", key, "init")
            registry = str(next((county / "registry").iterdir()))
            cost(SHOUWANG, fresh, "--county", key, "registry", "load", registry, "--as-of", MONTH)

    def pass_over(workers: int) -> tuple[float, list[Cost], list[float]]:
        home = top / f"home-{workers}"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(top / "home", home)
        here, begun, ended = {**where, "SHOUWANG_HOME": str(home)}, time.monotonic(), []

        def month(key: str) -> Cost:
            told = cost(SHOUWANG, here, "--county", key, "run", MONTH, may_end=(0, 3))
            ended.append(time.monotonic() - begun)
            return told

        with ThreadPoolExecutor(workers) as pool:
            told = list(pool.map(month, keys))
        return time.monotonic() - begun, told, ended

    whole: dict[int, float] = {}
    for workers in (1, 2):
        whole[workers], told, ended = pass_over(workers)
        for count in (3, 6, 12):
            processor = sum(one.processor for one in told[:count])
            print(
                f"{workers} worker(s), {count:2d} counties: {ended[count - 1]:7.1f} s, {processor:7.1f} s of processor, "
                f"peak of a worker {max(one.memory for one in told[:count]):5.0f} MiB",
                flush=True,
            )
    return {"two_over_one": whole[2] / whole[1]}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("tenfold", "counties"))
    parser.add_argument("households", type=int, nargs="?", default=0)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load}, priority {os.nice(0)}"
    )
    with tempfile.TemporaryDirectory() as name:
        keep = asked.keep or Path(name)
        keep.mkdir(parents=True, exist_ok=True)
        if asked.what == "tenfold":
            told = tenfold(asked.households or 40_000, keep)
        else:
            told = counties(asked.households or 4_000, keep)
    print(
        json.dumps({key: round(value, 2) for key, value in told.items()}),
        f"load {os.getloadavg()[0]:.1f}",
    )


if __name__ == "__main__":
    main()
