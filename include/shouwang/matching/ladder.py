"""The ladder of evidence: from a whole number down to a name in a village, each rung leaving fewer
rows open."""

from __future__ import annotations

import logging
import time

import pandas as pd

from shouwang.core.errors import RowsLost
from shouwang.matching.decisions import Decisions
from shouwang.matching.evidence import Evidence
from shouwang.matching.index import RegistryIndex
from shouwang.matching.rungs_damaged import with_damaged_number
from shouwang.matching.rungs_name import without_number
from shouwang.matching.rungs_number import with_other_paper, with_several_numbers, with_whole_number

log = logging.getLogger(__name__)
RUNGS = (
    with_whole_number,
    with_several_numbers,
    with_other_paper,
    with_damaged_number,
    without_number,
)
"""In order of strength; the last one leaves nothing open."""


def match(rows: pd.DataFrame, index: RegistryIndex) -> pd.DataFrame:
    """Find whom each accepted row is about (handbook section 6); the ``matches`` frame, same index
    as ``rows``.

    ``rows``: ``name`` as written, ``id_number`` and ``id_state`` as `identity.clean_numbers` gives
    them, ``township``, ``village``, ``phone``; a column that a dataset does not have may be absent.
    The outcome of a row depends on that row and the registry only, not on other rows nor on any
    order. Raises `RowsLost` if a row were left undecided.
    """
    start = time.monotonic()
    evidence = Evidence(rows, index)
    decisions = Decisions(evidence)
    for rung in RUNGS:
        rung(evidence, decisions)
    left = int(decisions.open.sum())
    if left:
        raise RowsLost(
            f"Matching left {left} of {len(rows)} rows undecided: a fault of the program, please "
            "report it."
        )
    matches = decisions.frame(rows.index)
    outcomes = matches["outcome"].value_counts().to_dict()
    log.info("matched %d rows: %s, %.1f s", len(rows), outcomes, time.monotonic() - start)
    return matches
