"""Throw spoilt things at every parser of outside input, for as long as one likes; what breaks is
told once, shrunk.

    python -m tests.fuzz [TARGET …] [--seconds 600]      (the targets: see fuzz_targets)

A mistake is told by where it was raised; the seconds are shared by the targets. Ends with 1 if
anything was found. Each find is to become a test in ``test_fuzz.py`` before it is mended.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from fuzz_targets import TARGETS, Try

ROUND = 100


def place_of(error: BaseException) -> str:
    """Where an error was raised: the last line of ours in its trace, and its kind."""
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if "shouwang" in f.filename or "tests" in f.filename
    ]
    return (
        f"{type(error).__name__} at {frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}"
    )


def hunt(name: str, attempt: Try, seconds: float) -> tuple[int, dict[str, str]]:
    """Try for so long; how many examples, and what was found by its place, with the smallest
    example."""
    until, tried, found = time.monotonic() + seconds, 0, dict[str, str]()
    number = 0
    while time.monotonic() < until:
        number += 1

        @seed(time.time_ns())
        @settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink],
        )
        @given(data=st.data())
        def throw(data: st.DataObject) -> None:
            nonlocal tried
            tried += 1
            try:
                attempt(data)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) or type(error).__module__.startswith(
                    "hypothesis"
                ):
                    raise
                if place_of(error) not in found:
                    raise

        try:
            throw()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            told = "".join(traceback.format_exception(error, limit=-4)) + "\n".join(
                getattr(error, "__notes__", [])
            )
            found[place_of(error)] = told
            print(f"\n{name}: {place_of(error)}\n{told}", flush=True)
    return tried, found


def main() -> int:
    """Hunt, and say how much was tried."""
    words: Any = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET")
    words.add_argument("--seconds", type=float, default=600)
    asked = words.parse_args()
    chosen = asked.targets or list(TARGETS)
    broken = 0
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.process_time()
            tried, found = hunt(name, TARGETS[name](Path(folder)), asked.seconds / len(chosen))
            print(
                f"{name}: {tried:,} examples, {time.process_time() - begun:.0f} s of processor, {len(found)} found",
                flush=True,
            )
            broken += len(found)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
