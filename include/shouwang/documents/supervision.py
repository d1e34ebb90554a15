"""The supervision list (督办单): clues that a township has not answered in time, for the county or
for one township."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from shouwang.core.terms import LEVEL_NAMES, LEVELS
from shouwang.documents.filling import fill
from shouwang.documents.frames import OVERDUE_COLUMNS, require_columns
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target


@dataclass(frozen=True, kw_only=True)
class SupervisionPaper(Paper):
    """The county's own list or (``township``) one township's; after how many days, whom to ask
    there."""

    overdue_days: int
    township: str | None = None
    contacts: Mapping[str, str] = field(default_factory=dict)


def write_supervision(path: Target, paper: SupervisionPaper, overdue: pd.DataFrame) -> None:
    """Write the list, the longest overdue and the most urgent first, below a line that says how
    many each township owes."""
    require_columns(overdue, OVERDUE_COLUMNS, "overdue clues")
    contacts = {name: f"（{contact}）" for name, contact in paper.contacts.items() if contact}
    counts = Counter(sorted(overdue["township"])).items()
    rank = overdue["level"].map(LEVELS.index)
    rows = overdue.assign(rank=rank, level=overdue["level"].map(LEVEL_NAMES)).sort_values(
        ["days_late", "rank", "township", "clue_no"],
        ascending=[False, True, True, True],
        kind="stable",
    )
    values = {
        "addressed": paper.township or "各有关乡镇",
        "overdue_days": paper.overdue_days,
        "owed": "，".join(f"{name} {count} 户{contacts.get(name, '')}" for name, count in counts),
        "count": len(overdue),
        "rows": rows,
    }
    fill("supervision.xlsx", paper, path, values)
