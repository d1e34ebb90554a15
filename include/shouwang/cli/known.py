"""What a command is asked about: a township, a department or a month that is not there is told with
those that are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import sqlalchemy as sa

from shouwang.casework import states
from shouwang.casework.warnings import UNKNOWN_TOWNSHIP
from shouwang.core.errors import NotThereYet, unknown
from shouwang.core.month import Month
from shouwang.store.tables import person, release, run, submission
from shouwang.workspace.workspace import load_workspace

Of = Literal["data", "clues", "lists"]
_MONTHS = {
    "data": sa.select(submission.c.month).where(submission.c.in_force),
    "clues": sa.select(run.c.month),
    "lists": sa.select(release.c.month),
}
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


def township(name: str | None, *more: str) -> str | None:
    """A township of the registry, or one of ``more``; `UsageError` names those there are."""
    if name is not None and name not in (known := [*townships(), *more]):
        raise unknown(
            "township",
            name,
            known,
            "No registry has been loaded: shouwang registry load FILE --as-of MONTH",
        )
    return name


def townships() -> list[str]:
    """Every township that the registry knows or has known."""
    with load_workspace().database.read() as connection:
        return sorted(
            connection.scalars(
                sa.select(person.c.township).distinct().where(person.c.township.is_not(None))
            )
        )


def with_cases(name: str | None) -> str | None:
    """As `township`; a case may also lie where nobody knows the township."""
    return township(name, UNKNOWN_TOWNSHIP)


def department(name: str | None) -> str | None:
    """A department that hands over data; `UsageError` names those there are."""
    if name is not None and name not in (known := load_workspace().county.contracts):
        raise unknown("department", name, known)
    return name


def state(name: str | None) -> str | None:
    """A state that a case can be in."""
    known = dict.fromkeys([*states.ANY, states.SUPERVISED, states.REMOVED, states.FINISHED])
    if name is not None and name not in known:
        raise unknown("state", name, known)
    return name


def nothing_of(months: Sequence[Month], of: Of) -> str:
    """A sentence about those of the months of which there is nothing, and of which there is; empty
    where all are there."""
    with load_workspace().database.read() as connection:
        there = sorted(set(connection.scalars(_MONTHS[of])))
    missing = [str(month) for month in months if str(month) not in there]
    without, some, first = _NOTHING[of]
    return (
        f"{without.format(_listed(missing))}. "
        + (f"{some.format(_listed(there))}." if there else f"{first}.")
        if missing
        else ""
    )


def month(text: str, of: Of) -> str:
    """A month of which there is something; `NotThereYet` says of which there is."""
    asked = Month.parse(text)
    if said := nothing_of([asked], of):
        raise NotThereYet(said)
    return str(asked)


def _listed(months: Iterable[str]) -> str:
    *others, last = months
    return f"{', '.join(others[-11:])} and {last}" if others else last
