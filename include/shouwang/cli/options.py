"""Arguments and options that commands share, held against what there is when they are read.

A township, a department or a state that does not exist is told with those that do.
"""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from shouwang.cli import rooms
from shouwang.core.errors import NotThereYet, UsageError, unknown
from shouwang.core.month import Month

Content = Literal["data", "clues", "lists"]
_NOTHING = {
    "data": (
        "No department's data are in force for {}",
        "There are data of {}",
        "Take some in: shouwang run MONTH",
    ),
    "clues": (
        "{} has not been screened",
        "Screened are {}",
        "Screen a month: shouwang screen MONTH",
    ),
    "lists": (
        "No list of {} has gone out",
        "Lists went out for {}",
        "Release a month: shouwang release MONTH --by NAME",
    ),
}


def missing_months(months: Sequence[Month], content: Content) -> str:
    """A sentence about those months of which there is nothing, and those of which there is
    something; empty where none is missing."""
    import sqlalchemy as sa

    existing_months = {
        "data": sa.select(rooms.tables.submission.c.month).where(
            rooms.tables.submission.c.in_force
        ),
        "clues": sa.select(rooms.tables.run.c.month),
        "lists": sa.select(rooms.tables.release.c.month),
    }
    with rooms.workspace.load_workspace().database.read() as connection:
        existing = sorted(set(connection.scalars(existing_months[content])))
    missing = [str(month) for month in months if str(month) not in existing]
    if not missing:
        return ""
    without, some, first = _NOTHING[content]
    rest = some.format(_listed(existing)) if existing else first
    return f"{without.format(_listed(missing))}. {rest}."


def _listed(months: Sequence[str]) -> str:
    *others, last = months
    return f"{', '.join(others[-11:])} and {last}" if others else last


def month(text: str | None) -> str | None:
    """A data month as it is written everywhere."""
    return str(Month.parse(text)) if text else text


def month_with_data(text: str) -> str:
    """A month of which there are data; `NotThereYet` names those months."""
    asked = Month.parse(text)
    if sentence := missing_months([asked], "data"):
        raise NotThereYet(sentence)
    return str(asked)


def span(months: str) -> list[Month]:
    """The months of ``2026-07..2026-09``, or of a single one."""
    first, _, last = months.partition("..")
    named = Month.span(Month.parse(first), Month.parse(last or first))
    if not named:
        raise UsageError(f"“{months}” ends before it begins; write --months 2026-07..2026-09.")
    return named


def day(text: str | None) -> str | None:
    """A day as it is written everywhere."""
    try:
        return text and str(dt.date.fromisoformat(text))
    except ValueError:
        raise UsageError(
            f"“{text}” is not a day; write it as YYYY-MM-DD, for example 2026-10-15."
        ) from None


def somebody(name: str) -> str:
    """A name that somebody gave as theirs; a mistake of usage where it is blank."""
    if not name.strip():
        raise typer.BadParameter("say who: a name, not an empty text")
    return name.strip()


def somebody_or_login(name: str) -> str:
    """A name that somebody gave as theirs, else that of who is logged in."""
    return name.strip() or getpass.getuser()


def existing_file(path: Path) -> Path:
    """A file that is there."""
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    return path


def townships() -> list[str]:
    """Every township that the registry knows or has known."""
    import sqlalchemy as sa

    query = (
        sa.select(rooms.tables.person.c.township)
        .distinct()
        .where(rooms.tables.person.c.township.is_not(None))
    )
    with rooms.workspace.load_workspace().database.read() as connection:
        return sorted(connection.scalars(query))


def _township(name: str | None, *more: str) -> str | None:
    if name is not None and name not in (existing := [*townships(), *more]):
        load = "No registry has been loaded: shouwang registry load FILE --as-of MONTH"
        raise unknown("township", name, existing, load)
    return name


def township(name: str | None) -> str | None:
    """A township of the registry."""
    return _township(name)


def township_of_cases(name: str | None) -> str | None:
    """A township of the registry, or where cases lie whose township nobody knows."""
    return _township(name, rooms.warnings.UNKNOWN_TOWNSHIP)


def township_or_county(name: str | None) -> str | None:
    """A township of the registry, or the county, which has a password too."""
    return _township(name, rooms.passwords.COUNTY)


def _department(name: str | None) -> str | None:
    """A department that hands over data."""
    if name is not None and name not in (
        existing := rooms.workspace.load_workspace().county.contracts
    ):
        raise unknown("department", name, existing)
    return name


def _state(name: str | None) -> str | None:
    """A state that a case can be in."""
    existing = dict.fromkeys(
        [*rooms.states.ANY, rooms.states.SUPERVISED, rooms.states.REMOVED, rooms.states.FINISHED]
    )
    if name is not None and name not in existing:
        raise unknown("state", name, existing)
    return name


ONLY_TOWNSHIP = "Only this township, as the registry writes it."
WHO = "Who does so; stands in the audit trail."

MonthArgument = Annotated[
    str, typer.Argument(metavar="MONTH", callback=month, help="The data month, such as 2026-09.")
]
MonthWithData = Annotated[
    str,
    typer.Argument(
        metavar="MONTH", callback=month_with_data, help="The data month, such as 2026-09."
    ),
]
MonthOption = Annotated[
    str | None, typer.Option("--month", callback=month, help="The data month, such as 2026-09.")
]
By = Annotated[str, typer.Option("--by", callback=somebody, help=WHO)]
ByLogin = Annotated[
    str, typer.Option("--by", callback=somebody_or_login, show_default="who is logged in", help=WHO)
]
Township = Annotated[str | None, typer.Option("--township", callback=township, help=ONLY_TOWNSHIP)]
CaseTownship = Annotated[
    str | None, typer.Option("--township", callback=township_of_cases, help=ONLY_TOWNSHIP)
]
SecretTownship = Annotated[
    str | None,
    typer.Option("--township", callback=township_or_county, help="Only this township (or 县级)."),
]
SentBy = Annotated[
    str | None,
    typer.Option("--from", metavar="TOWNSHIP", callback=township, help="Who sent them, if known."),
]
Department = Annotated[
    str | None,
    typer.Option("--department", callback=_department, help="Only this one, for example water."),
]
DepartmentArgument = Annotated[str, typer.Argument(callback=_department, help="For example water.")]
State = Annotated[
    str | None,
    typer.Option("--state", callback=_state, help="Only this state, for example 待核查."),
]
OnDay = Annotated[
    str | None,
    typer.Option("--on", metavar="DATE", callback=day, help="As of a day, YYYY-MM-DD, not today."),
]
CaseId = Annotated[
    str, typer.Argument(metavar="ID", help="A clue number or the id of a household.")
]
Workbook = Annotated[
    Path | None, typer.Option("--out", help="Write it as a workbook (.xlsx) besides.")
]
