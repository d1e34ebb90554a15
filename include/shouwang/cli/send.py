"""``shouwang send …``, ``secrets``, ``returns``, ``papers``, ``expire``: what leaves the workspace, and
what comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from shouwang.cli import known
from shouwang.cli.terminal import (
    AsJson,
    MonthArgument,
    commands,
    out,
    progress,
    say,
    show_table,
    somebody,
    working,
)
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.responses import following
from shouwang.store.audit import audit
from shouwang.transfer import passwords
from shouwang.workspace.workspace import Workspace, load_workspace

FAILED = 1
secrets_app = commands("The passwords of townships' workbooks (乡镇密码).")
returns_app = commands("Filled-in workbooks that come back (报回).")
papers_app = commands("Papers that are made when somebody asks for them.")
Township = Annotated[
    str | None, typer.Option("--township", help="Only this one, as the registry writes it.")
]
By = Annotated[
    str, typer.Option("--by", callback=somebody, help="Who asks; goes to the audit trail.")
]


def tell_sent(done: dict[str, Any]) -> None:
    """How many files were sent, and what failed."""
    out.print(f"{len(done['sent'])} files sent.")
    for township, why in done["failed"].items():
        progress.print(f"not sent, {township}: {why}", style="red", markup=False)
    if done["failed"]:
        progress.print(
            f"Run `shouwang send {done['month']}` when that is put right; nothing is sent twice."
        )


def send(month: MonthArgument, township: Township = None, as_json: AsJson = False) -> None:
    """Send what was released and has not been sent, each file once; a township that fails does not
    hold up the others."""
    known.township(township)
    _say_if_nothing_went_out(month)
    with working("Sending"):
        done = releasing.send(str(Month.parse(month)), township)
    say(done, as_json, lambda: tell_sent(done))
    if done["failed"]:
        raise typer.Exit(FAILED)


def sent(month: MonthArgument, as_json: AsJson = False) -> None:
    """Prove what was sent: when, by which channel, the file's fingerprint (SHA-256), what the other
    side answered."""
    from shouwang.transfer.dispatching import proof

    _say_if_nothing_went_out(month)
    with load_workspace().database.read() as connection:
        rows = proof(connection, Month.parse(month))

    titles = (
        "township",
        "file",
        "sent (UTC)",
        "channel",
        "tries",
        "fingerprint",
        "receipt or problem",
        "fetched",
    )
    lines = [
        (
            r["township"],
            Path(r["file"]).name,
            r["sent_at"],
            r["channel"],
            r["attempts"],
            r["fingerprint"][:16],
            r["receipt"] or r["problem"] or "not sent yet",
            r["fetched"] or "",
        )
        for r in rows
    ]
    say(rows, as_json, lambda: show_table(titles, lines))


def _say_if_nothing_went_out(month: str) -> None:
    if nothing := known.nothing_of([Month.parse(month)], "lists"):
        progress.print(nothing, style="yellow", markup=False)


def _known(township: str | None) -> tuple[Workspace, list[str]]:
    """The workspace, and the township that is meant, or all and the county."""
    known.township(township, passwords.COUNTY)
    return load_workspace(), [township] if township else [*known.townships(), passwords.COUNTY]


def _tell_new(names: list[str], untold: list[str], as_json: bool) -> None:
    def tell() -> None:
        for name in names:
            out.print(
                f"{name}: a new password; tell it by `shouwang secrets show --township {name} --by NAME`"
            )
        if not names:
            out.print("Every township has a password that holds.")
        if waiting := [name for name in untold if name not in names]:
            out.print(f"Not told yet: {'、'.join(waiting)}")

    say({"passwords": names, "untold": untold}, as_json, tell)


@secrets_app.command("make")
def secrets_make(township: Township = None, by: By = "shouwang", as_json: AsJson = False) -> None:
    """Make a password for every township that has none, and for the county's papers (县级);
    releases make them too."""
    workspace, names = _known(township)
    made = passwords.renew(
        workspace, [name for name in names if not passwords.kept(workspace, name)], by, made=True
    )
    _tell_new(made, made, as_json)


@secrets_app.command("rotate")
def secrets_rotate(township: Township = None, by: By = "shouwang", as_json: AsJson = False) -> None:
    """Make a new password for one township at once, or where one is too old; every morning's run
    does the latter."""
    if township:
        workspace, names = _known(township)
        names = passwords.renew(workspace, names, by)
        return _tell_new(names, names, as_json)
    done = following.renew_passwords(by)
    return _tell_new(done["renewed"], done["untold"], as_json)


@secrets_app.command("show")
def secrets_show(
    township: Annotated[str, typer.Option("--township", help="Whose.")], by: By
) -> None:
    """Print a township's password for the one who hands it over, apart from the workbooks; that is
    on record."""
    workspace, _ = _known(township)
    password = passwords.to_tell(workspace, township)
    with workspace.database.write() as connection:
        audit(connection, "password_shown", township, by)
    typer.echo(password)


@papers_app.command("supervision")
def supervision(by: By, as_json: AsJson = False) -> None:
    """Write and send the supervision list (督办单): clues without an answer `overdue_days` after
    their release."""
    with working("Supervision list"):
        done = following.supervise(by)

    def tell() -> None:
        out.print(f"{done['overdue']} clues are overdue: {done['file']}", markup=False)
        tell_sent(done)

    say(done, as_json, tell)
    if done["failed"]:
        raise typer.Exit(FAILED)


@papers_app.command("story")
def story(
    key: Annotated[str, typer.Argument(metavar="ID", help="A clue number or a household id.")],
    by: By,
    folder: Annotated[Path, typer.Option("--out", help="The folder to write it to.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a household's story (户情) as one page for the officer who visits it; that is on
    record."""
    done = following.household_story(key, str(folder), by)
    say(done, as_json, lambda: out.print(done["file"], markup=False))


@returns_app.command("collect")
def returns_collect(as_json: AsJson = False) -> None:
    """Read the filled-in workbooks that came back by the channels, each once; whoever sent one gets
    a receipt."""
    with working("Collecting"):
        done = following.collect_returns()

    def tell() -> None:
        out.print(f"{len(done['files'])} new workbooks.")
        for entry in done["files"]:
            said = (
                entry.get("refused")
                or f"{entry['taken']} taken, {len(entry['problems'])} with a problem"
            )
            out.print(f"{entry['file']}: {said}", markup=False)
        for away in [*done["unreachable"], *done["failed"].values()]:
            progress.print(away, style="red", markup=False)

    say(done, as_json, tell)
    if done["unreachable"] or done["failed"]:
        raise typer.Exit(FAILED)


@returns_app.command("held")
def returns_held(as_json: AsJson = False) -> None:
    """List the workbooks that came back and wait for a clerk to say whose they are: `feedback load
    FILE --from TOWNSHIP`."""
    from shouwang.responses.collecting import held

    with load_workspace().database.read() as connection:
        rows = held(connection)
    titles = ("file", "folder", "collected (UTC)", "why")
    lines = [(r["file"], r["township"], r["collected_at"], r["why"]) for r in rows]
    say(rows, as_json, lambda: show_table(titles, lines))


def expire(
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete copies and exports that county.yaml keeps no longer; what was deleted is on record."""
    done = following.expire(dry)

    def tell() -> None:
        for entry in done:
            out.print(
                f"{'would go' if dry else 'deleted'}: {entry['place']}, {entry['files']} files ({entry['what']})"
            )
        if not done:
            out.print("Nothing is kept too long.")

    say(done, as_json, tell)
