"""``shouwang``: its groups of commands put together, and how it ends."""

from __future__ import annotations

import os
import sys

import typer

from shouwang.cli import cases, configuration, months, operations, submissions
from shouwang.cli.terminal import FAILED, WRONG_USAGE, app, progress
from shouwang.core import logs
from shouwang.core.errors import ShouwangError, UsageError
from shouwang.workspace.counties import serving

__all__ = ["app", "cases", "configuration", "main", "months", "operations", "submissions"]


@app.callback()
def _root(
    context: typer.Context,
    county: str = typer.Option("", "--county", metavar="KEY", help="Which of SHOUWANG_COUNTIES."),
    verbose: bool = typer.Option(
        False, "--verbose", help="Say on standard error what each stage did."
    ),
) -> None:
    """Notices families about to fall (back) into poverty from departments' monthly exports (守望).

    \b
    A month by hand:
        shouwang init                                   make the database
        shouwang registry load 农户信息表.xlsx --as-of 2026-09
        shouwang run 2026-09                            take in what lies in the inbox, screen it
        shouwang release 2026-09 --by 张三               write the townships' workbooks
        shouwang feedback load returned/*.xlsx          read them back

    Departments' files lie in INBOX/2026-09/<department>/. Where things are is said by SHOUWANG_HOME
    (default ./var), SHOUWANG_DATABASE_URL, SHOUWANG_COUNTY, SHOUWANG_INBOX and SHOUWANG_OUTBOX
    (folders, sftp:// or s3://). Every command may be run again: what is done already is not done
    twice. A deployment with many counties (SHOUWANG_COUNTIES, a folder of their configuration
    folders) is asked for one by `shouwang --county KEY …`. Exit status: 0 done, 1 failed, 2 wrong
    usage, 3 a department was refused or is missing.
    """
    logs.set_up(verbose)
    if county:
        context.with_resource(serving(county))


def main() -> None:
    """Run the command line; our own errors are one sentence and an exit status, never a
    traceback."""
    os.umask(0o077)
    try:
        app(standalone_mode=True)
    except ShouwangError as error:
        progress.print(str(error), style="red", markup=False)
        sys.exit(WRONG_USAGE if isinstance(error, UsageError) else FAILED)
    except OSError as error:
        if error.strerror is None:
            raise
        where = f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
        look = "Look whether that place is there, is ours, and has room."
        progress.print(f"{where} {look}", style="red", markup=False)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
