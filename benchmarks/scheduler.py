"""What Airflow costs: the demo's month through its scheduler beside the same month by the command
line.

    python -m benchmarks.scheduler [HOUSEHOLDS]      (default 40,000)

From the hand-over to the last list, in seconds by the clock and of processor, one county for both.
The bound is 60 s more by the clock. Airflow's processor seconds are those of all its programs
meanwhile, waiting included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from demo.month import MONTH, Demo
from demo.scheduler import ends_with_us


@dataclass
class Measured(Demo):
    """A demo that remembers what its month took."""

    begun: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)

    def _processor(self) -> float:
        """Seconds of all of Airflow's programs so far, with those that have ended."""
        return sum(sum(process.cpu_times()[:4]) for process in self.airflow.members())

    def hand_over(self) -> list[str]:
        self.begun = self._processor()
        return super().hand_over()

    def tell(self, registry_seconds: float, month_seconds: float, seconds: float) -> None:
        processor = self._processor() - self.begun
        self.figures = {
            "clock": month_seconds,
            "processor": processor,
            "registry": registry_seconds,
        }


def by_hand(demo: Demo, home: Path) -> dict[str, float]:
    """The same month by two commands, in a workspace of its own."""
    settings = {
        **demo.settings,
        "SHOUWANG_HOME": str(home),
        "SHOUWANG_INBOX": str(demo.folder / "inbox"),
    }
    for name in ("SHOUWANG_OUTBOX", "SHOUWANG_DATABASE_URL"):
        del settings[name]
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("SHOUWANG")
    } | settings
    registry = str(next((demo.county / "registry").iterdir()))
    took = {"clock": 0.0, "processor": 0.0}
    for words in (
        ["init"],
        ["registry", "load", registry, "--as-of", str(MONTH)],
        ["run", str(MONTH)],
        ["release", str(MONTH), "--by", "bench"],
    ):
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "shouwang.cli", *words],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"shouwang {' '.join(words)} failed; its words are above.")
        if words[0] in ("run", "release"):
            took["clock"] += time.monotonic() - begun
            took["processor"] += usage.ru_utime + usage.ru_stime
    return took


def main() -> None:
    """Run both, print the figures."""
    households = int(sys.argv[1]) if len(sys.argv) > 1 else Demo.households
    with tempfile.TemporaryDirectory() as name, ends_with_us():
        demo = Measured(Path(name) / "demo", households)
        demo.run()
        line = by_hand(demo, Path(name) / "by-hand")
    for what, took in (("through the scheduler", demo.figures), ("by the command line", line)):
        print(
            f"{what:24s}{took['clock']:7.1f} s by the clock{took['processor']:7.1f} s of processor"
        )
    print(
        json.dumps(
            {
                "households": households,
                "more": round(demo.figures["clock"] - line["clock"], 1),
                "load": os.getloadavg(),
            }
        )
    )


if __name__ == "__main__":
    main()
