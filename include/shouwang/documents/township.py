"""The township's workbook (预警名单): one row a household to visit, with what to fill in beside it,
its evidence, how it is filled in, and the hidden sheet by which it is known again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from shouwang.core.conclusions import BY_CODE
from shouwang.core.month import Month
from shouwang.core.terms import LEVEL_NAMES, LEVELS
from shouwang.documents.filling import fill
from shouwang.documents.frames import CLUE_COLUMNS, DETAIL_COLUMNS, require_columns
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target

_NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩"


@dataclass(frozen=True, kw_only=True)
class ReleasePaper(Paper):
    """A township's list: of what month, the how manieth, until when it is answered, which
    departments it lacks.

    ``receiver``: the township; ``missing`` holds the Chinese names of departments that have not
    delivered; ``department_names`` turns the department codes of the details into Chinese (a code
    that it lacks is printed as it is).
    """

    month: Month
    version: int
    kind: Literal["名单", "补充名单"]
    due: dt.date
    missing: tuple[str, ...] = ()
    department_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, str | dt.date]:
        """What list it is, as templates name it."""
        return {
            "month": self.month.chinese,
            "version": str(self.version),
            "kind": self.kind,
            "due": self.due,
        }


def write_township_workbook(
    path: Target, release: ReleasePaper, clues: pd.DataFrame, details: pd.DataFrame
) -> None:
    """Write the workbook of one township and month.

    ``clues`` (`CLUE_COLUMNS`) in the order in which they are printed, ``details``
    (`DETAIL_COLUMNS`) of the same clues.
    """
    require_columns(clues, CLUE_COLUMNS, "clues")
    require_columns(details, DETAIL_COLUMNS, "details")
    counts = clues["level"].value_counts()
    by_level = "，".join(f"{LEVEL_NAMES[level]} {counts.get(level, 0)} 户" for level in LEVELS)
    rows = printed_clues(clues)
    values = release.facts | {
        "batch": str(release.month),
        "missing": "、".join(release.missing),
        "count": len(clues),
        "by_level": f"：{by_level}" if len(clues) else "",
        "villages": _villages(clues),
        "rows": rows if "check_code" in rows else rows.assign(check_code=""),
        "details": _evidence(clues, details, release.department_names),
    }
    fill("township.xlsx", release, path, values)


def printed_clues(clues: pd.DataFrame) -> pd.DataFrame:
    """Clues as they are printed: level and last conclusion in words, reasons numbered, measures one
    a line."""
    choices = {code: conclusion.choice for code, conclusion in BY_CODE.items()}
    return clues.assign(
        level=clues["level"].map(LEVEL_NAMES),
        reasons=clues["reasons"].fillna("").map(_numbered),
        measures=clues["measures"].str.replace("；", "\n", regex=False),
        last_conclusion=clues["last_conclusion"].replace(choices),
    )


def _numbered(reasons: str) -> str:
    """Sentences, one a line, numbered where there are several."""
    sentences = [line.strip() for line in reasons.split("\n") if line.strip()]
    if len(sentences) < 2:
        return "".join(sentences)
    return "\n".join(
        (_NUMBERS[place] if place < len(_NUMBERS) else "·") + sentence
        for place, sentence in enumerate(sentences)
    )


def _villages(clues: pd.DataFrame) -> str:
    """各村户数: every village with its households by level, the most first."""
    counts = pd.crosstab(clues["village"].fillna("（未填村）"), clues["level"])
    counts = counts.reindex(columns=list(LEVELS), fill_value=0)
    order = counts.sum(axis="columns").sort_values(ascending=False, kind="stable").index
    villages = []
    for village, by_level in counts.loc[order].to_dict("index").items():
        levels = "·".join(f"{level}{count}" for level, count in by_level.items() if count)
        villages.append(f"{village} {sum(by_level.values())}（{levels}）")
    return "　".join(villages)


def _evidence(
    clues: pd.DataFrame, details: pd.DataFrame, departments: Mapping[str, str]
) -> pd.DataFrame:
    """The signals in the order of the list, with village, head, and the department's name."""
    placed = clues[["clue_no", "village", "head"]].assign(place=range(len(clues)))
    signals = details.merge(placed, on="clue_no", how="left")
    signals = signals.sort_values(["place", "rule", "file", "row"], kind="stable")
    names = signals["department"].map(departments)
    return signals.assign(department=names.where(names.notna(), signals["department"]))
