"""``shouwang audit …``: the trail of who did what, checked and handed out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from shouwang import trail
from shouwang.house import open_house
from shouwang.terminal import AsJson, out, progress, say, working

FAILED = 1
audit_app = typer.Typer(help="The audit trail (审计记录).", no_args_is_help=True)


def _tell_trail(done: dict[str, Any]) -> None:
    for fault in done["faults"]:
        progress.print(fault, style="red", markup=False)
    if done["faults"]:
        progress.print("The audit trail does not hold; docs/security.md says what to do.", style="red")
    elif done["newest"]:
        newest = done["newest"]
        out.print(
            f"{done['entries']:,} entries hold together; the newest, {newest['event_id']}, has the seal {newest['seal']}"
        )
    else:
        out.print("There is no entry yet.")


@audit_app.command("check")
def audit_check(as_json: AsJson = False) -> None:
    """Say which entries were changed, removed, inserted or moved; ends with 1 if any was.

    The newest seal of a sound trail is noted in SHOUWANG_HOME/audit.anchors, so that nobody can cut the trail off there.
    """
    done = trail.check(open_house())
    say(done, as_json, lambda: _tell_trail(done))
    if done["faults"]:
        raise typer.Exit(FAILED)


@audit_app.command("export")
def audit_export(
    file: Annotated[Path, typer.Option("--out", help="The file to write: CSV, or JSON lines if it ends in .jsonl.")],
    as_json: AsJson = False,
) -> None:
    """Write every entry with its seal, for an auditor; ends with 1 if the trail does not hold."""
    with working("Writing the audit trail"):
        done = trail.export(open_house(), file)

    def tell() -> None:
        _tell_trail(done)
        out.print(done["file"], markup=False)

    say(done, as_json, tell)
    if done["faults"]:
        raise typer.Exit(FAILED)
