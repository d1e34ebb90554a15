"""``python -m demo month | up | down``: what `make demo`, `make up` and `make down`
call."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo.month import Demo, shown
from demo.scheduler import BOARD, ends_with_us
from shouwang.cli.terminal import out, working
from shouwang.core.errors import ShouwangError


def main(words: list[str] | None = None) -> int:
    """Run one of the three; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="A made-up county through a real Airflow."
    )
    parser.add_argument(
        "what",
        choices=["month", "up", "down"],
        help="run the month; start Airflow to look at; stop it",
    )
    parser.add_argument(
        "--folder", type=Path, default=Demo.folder, help="where it all lies (default: var/demo)"
    )
    parser.add_argument(
        "--households",
        type=int,
        default=Demo.households,
        help="size of the county (default: 40000)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=Demo.seed,
        help="another number makes another county (default: 1)",
    )
    chosen = parser.parse_args(words)
    demo = Demo(chosen.folder.resolve(), chosen.households, chosen.seed)
    try:
        with ends_with_us():
            {"month": Demo.run, "up": up, "down": down}[chosen.what](demo)
    except ShouwangError as error:
        out.print(f"[bold red]The demo failed.[/] {type(error).__name__}:", highlight=False)
        out.print(str(error), markup=False)
        return 1
    return 0


def up(demo: Demo) -> None:
    """Start Airflow on what the last demo left, and leave it running."""
    airflow = demo.airflow
    if not airflow.running():
        if not airflow.home.exists():
            out.print(
                "There is no demo yet, so Airflow's pages will be empty: `make demo` fills them."
            )
            demo.claim()
        try:
            airflow.start()
            with working("Starting Airflow"):
                airflow.wait_until_healthy()
        except BaseException:
            airflow.stop()
            raise
    out.print(
        f"Airflow runs on [bold]{airflow.url}[/bold] — user [bold]admin[/bold], password [bold]{airflow.password()}[/]"
    )
    out.print(f"The exchange board (数据交换看板): [bold]{airflow.url}{BOARD}[/bold]")
    out.print(f"Its log: {shown(airflow.log)}. Stop it with [bold]make down[/bold].")


def down(demo: Demo) -> None:
    """Stop what ``up`` started, and whatever a demo that was killed left."""
    if not demo.airflow.members():
        out.print("Airflow is not running.")
    demo.airflow.stop()


if __name__ == "__main__":
    sys.exit(main())
