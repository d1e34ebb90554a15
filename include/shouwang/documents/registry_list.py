"""The registry's monthly list (农户信息核对清单): findings to settle, and corrections that others'
data suggest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.documents.filling import fill
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target


@dataclass(frozen=True, kw_only=True)
class RegistryPaper(Paper):
    """For which month; ``township`` null for the county; ``unknown`` households without dates."""

    month: Month
    township: str | None
    unknown: int


def write_registry_list(
    path: Target,
    paper: RegistryPaper,
    counts: Sequence[tuple[str, int, int]],
    findings: pd.DataFrame,
    changes: pd.DataFrame,
) -> None:
    """Write the workbook.

    ``counts``: title, findings and households of each check. ``findings``: township … remedy and
    ``title``; ``changes``: township, village, household_id, head, name, change, source, said,
    remedy.
    """
    values = {
        "month": paper.month.chinese,
        "township": paper.township or "",
        "unknown": f"{paper.unknown:,}" if paper.unknown else "",
        "counts": pd.DataFrame(counts, columns=["title", "findings", "households"]),
        "findings": findings,
        "changes": changes,
    }
    fill("registry_list.xlsx", paper, path, values)
