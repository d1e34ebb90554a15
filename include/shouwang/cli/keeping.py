"""``shouwang audit …``, ``backup``, ``restore``: what must not be lost, and must not be changed
unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from shouwang.cli.terminal import AsJson, commands, out, progress, say, working
from shouwang.compliance import backup as keeping
from shouwang.compliance import trail
from shouwang.workspace.workspace import load_workspace

FAILED = 1
audit_app = commands("The audit trail (审计记录).")


def _tell_trail(done: dict[str, Any]) -> None:
    for fault in done["faults"]:
        progress.print(fault, style="red", markup=False)
    if done["faults"]:
        progress.print(
            "The audit trail does not hold; docs/security.md says what to do.", style="red"
        )
    elif done["newest"]:
        newest = done["newest"]
        out.print(
            f"{done['entries']:,} entries hold together; the newest, {newest['event_id']}, has the seal {newest['seal']}"
        )
    else:
        out.print("There is no entry yet.")


@audit_app.command("check")
def audit_check(
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            "--anchor", help="NUMBER:SEAL from the properties of a list that left (审计锚点)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which entries were changed, removed, inserted or moved; ends with 1 if any was.

    The newest seal of a sound trail is noted in SHOUWANG_HOME/audit.anchors, so that nobody can cut
    the trail off there.
    """
    done = trail.check(load_workspace(), anchor or ())
    say(done, as_json, lambda: _tell_trail(done))
    if done["faults"]:
        raise typer.Exit(FAILED)


@audit_app.command("export")
def audit_export(
    file: Annotated[
        Path,
        typer.Option("--out", help="The file to write: CSV, or JSON lines if it ends in .jsonl."),
    ],
    as_json: AsJson = False,
) -> None:
    """Write every entry with its seal, for an auditor; ends with 1 if the trail does not hold."""
    with working("Writing the audit trail"):
        done = trail.export(load_workspace(), file)

    def tell() -> None:
        _tell_trail(done)
        out.print(done["file"], markup=False)

    say(done, as_json, tell)
    if done["faults"]:
        raise typer.Exit(FAILED)


def backup(
    to: Annotated[
        Path,
        typer.Argument(metavar="TO", help="The file to write, for example /backup/2026-10-12.zip."),
    ],
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", help="Write keys and passwords too, into this file; keep it elsewhere."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that must survive into one file: database, vault, papers, configuration; the
    month may go on.

    Keys and passwords never go into it: with --keys they are written into a file of their own, for
    another place.
    """
    with working("Backing up"):
        done = keeping.backup(load_workspace(), to, keys)

    def tell() -> None:
        parts = ", ".join(f"{count:,} of {name}" for name, count in sorted(done["parts"].items()))
        out.print(
            f"{done['county']['name']}: {parts}; {to.stat().st_size / 1e6:,.1f} MB in {to}",
            markup=False,
        )
        if keys:
            out.print(
                f"{done['secrets']} secrets in {keys}; keep it in another place than the backup.",
                markup=False,
            )
        else:
            out.print(
                "Keys and passwords are not in it; without them numbers stay closed: add --keys FILE now and then."
            )
        for fault in done["trail"]:
            progress.print(f"the audit trail: {fault}", style="red", markup=False)

    say(done, as_json, tell)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="The backup.")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="The file with its keys and passwords.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup into an empty place (SHOUWANG_HOME, an empty database) and bring it to this
    version's tables.

    Every part is held against its fingerprint first; nothing is touched if one differs, or if the
    place is not empty.
    """
    with working("Restoring"):
        done = keeping.restore(load_workspace(), source, keys)

    def tell() -> None:
        parts = ", ".join(f"{count:,} of {name}" for name, count in sorted(done["parts"].items()))
        out.print(
            f"{done['county']['name']} as of {done['made_at']}: {parts}; every fingerprint was right.",
            markup=False,
        )
        for fault in done["trail"]:
            progress.print(f"the audit trail: {fault}", style="red", markup=False)
        if not done["trail"]:
            out.print("The audit trail holds together.")

    say(done, as_json, tell)
