"""``shouwang keys …``: what numbers and phones are sealed with."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from shouwang.cli.terminal import AsJson, commands, out, progress, say, somebody, working
from shouwang.compliance import key_rotation

keys_app = commands("The keys that seal numbers and phones (密钥).")
By = Annotated[
    str, typer.Option("--by", callback=somebody, help="Who asks; goes to the audit trail.")
]


@keys_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Which keys there are, and how many rows and files need each; the keys themselves are never
    shown."""
    rows = key_rotation.keys()

    def tell() -> None:
        table = Table("key", "since (UTC)", "seals", "rows and files sealed with it")
        for row in rows:
            table.add_row(
                row["key"],
                str(row["since"] or ""),
                "yes" if row["seals"] else "",
                f"{row['sealed']:,}",
            )
        out.print(table)

    say(rows, as_json, tell)


@keys_app.command("rotate")
def rotate(by: By, as_json: AsJson = False) -> None:
    """Make a new key and seal everything with it, beside other work; killed, the same command goes
    on where it was.

    Keys in SHOUWANG_KEYS are changed by whoever set them: put the new word there, then run this.
    """
    with working("Sealing anew"):
        done = key_rotation.rotate_keys(
            by, lambda count: progress.print(f"  {count:,} sealed anew")
        )

    def tell() -> None:
        out.print(f"{done['resealed']:,} rows and files are sealed with {done['key']} now.")
        for key, count in done["left"].items():
            out.print(f"{count:,} written meanwhile are sealed with {key}; run this once more.")
        if not done["left"]:
            out.print(
                "Older keys only open older backups; `shouwang keys drop KEY` takes one away."
            )

    say(done, as_json, tell)


@keys_app.command("drop")
def drop(
    key: Annotated[str, typer.Argument(help="For example k1.")], by: By, as_json: AsJson = False
) -> None:
    """Take away a key that nothing is sealed with any more."""
    done = key_rotation.drop_key(key, by)
    gone = (
        f"{key} is gone."
        if done["in_file"]
        else f"Take {key} out of SHOUWANG_KEYS wherever it is set."
    )
    say(
        done,
        as_json,
        lambda: out.print(f"{gone} Backups of before its rotation need a copy of it."),
    )
