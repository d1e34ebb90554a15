"""The counties of a deployment side by side (各县进展): how far each is with a month, in counts.

A county that cannot be read or reached is a line that says so; the others are counted as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from shouwang.board.figures import MonthRow, expected, month_rows, township_months
from shouwang.board.figures import State as CellState
from shouwang.core import clock
from shouwang.core.errors import NotThereYet, ShouwangError, Unreachable
from shouwang.core.month import Month
from shouwang.county.settings import CountySettings
from shouwang.workspace.counties import serving
from shouwang.workspace.workspace import Workspace, load_workspace

Stage = Literal[
    "unreadable",
    "away",
    "nothing",
    "collecting",
    "to screen",
    "to approve",
    "none to send",
    "under way",
    "is overdue",
    "complete",
]

ZONE = ZoneInfo(CountySettings.model_fields["timezone"].default)
"""Where the prefecture's clock stands: where a county's does that says nothing else."""


@dataclass(frozen=True)
class CountyMonth:
    """A county's month: ``departments`` and ``row`` where its database answers, ``wrong`` where
    something does not."""

    key: str
    name: str
    stage: Stage
    wrong: str = ""
    row: MonthRow | None = None
    sent: int = 0
    returned: int = 0
    overdue: int = 0

    @property
    def due(self) -> int:
        """How many departments report this month."""
        return len(self.row.cells) - len(self.row.of("not due")) if self.row else 0

    def count(self, state: CellState) -> int:
        """How many departments are in a state."""
        return len(self.row.of(state)) if self.row else 0

    @property
    def warned(self) -> int | None:
        """How many households were warned; none before the screening."""
        return sum(self.row.levels.values()) if self.row and self.row.screened_on else None

    @property
    def summary(self) -> dict[str, object]:
        """What `shouwang counties` tells of it."""
        states: tuple[CellState, ...] = ("in force", "late", "refused", "held", "waiting")
        counts = {state.replace(" ", "_"): self.count(state) for state in states}
        names = ("key", "name", "stage", "wrong", "due", "warned", "sent", "returned", "overdue")
        return {name: getattr(self, name) for name in names} | counts


def month_now() -> Month:
    """The month that work is on, by the prefecture's date; each county's own counts for what is
    late or overdue."""
    return expected(clock.today(ZONE))


def county_month(key: str, month: Month | None = None) -> CountyMonth:
    """How far a county is with a month, or with the one whose data are handed over now."""
    name, workspace = key, None
    with serving(key):
        try:
            workspace = load_workspace()
            name = workspace.county.settings.name
            return _counted(workspace, name, month or expected(workspace.today()))
        except NotThereYet as error:
            return CountyMonth(key, name, "nothing", str(error))
        except Unreachable as error:
            return CountyMonth(key, name, "away", str(error))
        except ShouwangError as error:
            return CountyMonth(key, name, "unreadable", str(error))
        finally:
            if workspace and "database" in vars(workspace):
                workspace.database.dispose()


def _counted(workspace: Workspace, name: str, month: Month) -> CountyMonth:
    today = workspace.today()
    with workspace.database.read() as connection:
        row = month_rows(workspace, connection, [month], today)[0]
        lists = [
            one
            for one in township_months(workspace, connection, today, month)
            if one.month == str(month)
        ]
    sent, returned, overdue = (
        sum(getattr(one, what) for one in lists) for what in ("sent", "returned", "overdue")
    )
    return CountyMonth(
        workspace.key, name, _stage(row, sent, returned, overdue), "", row, sent, returned, overdue
    )


def _stage(row: MonthRow, sent: int, returned: int, overdue: int) -> Stage:
    if row.screened_on is None:
        return "collecting"
    if row.outdated:
        return "to screen"
    if row.released_on is None:
        return "to approve" if sum(row.levels.values()) else "none to send"
    return "is overdue" if overdue else "complete" if returned == sent else "under way"
