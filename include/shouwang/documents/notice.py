"""The notice copy (公示版): what a village may hang up. Names starred; no numbers, phones, health,
amounts, reasons."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shouwang.documents.filling import fill
from shouwang.documents.frames import CLUE_COLUMNS, require_columns
from shouwang.documents.saving import Target
from shouwang.documents.text import starred
from shouwang.documents.township import ReleasePaper


@dataclass(frozen=True, kw_only=True)
class NoticePaper(ReleasePaper):
    """The same list for everybody's eyes."""


def write_notice(path: Target, paper: NoticePaper, clues: pd.DataFrame) -> None:
    """Write the notice of a township's list, by village and group."""
    require_columns(clues, CLUE_COLUMNS, "clues")
    turn = clues["village_group"].str.extract(r"(\d+)", expand=False).astype("float64")
    by = ["village", "turn", "village_group", "clue_no"]
    rows = clues.assign(turn=turn, head=clues["head"].map(starred, na_action="ignore"))
    rows = rows.sort_values(by, kind="stable", na_position="last")
    rows = rows.assign(place=range(1, len(rows) + 1))
    fill("notice.xlsx", paper, path, paper.facts | {"rows": rows})
