"""What clerks decided about written identities (有待核实), remembered and applied where the ladder leaves a review.

A decision holds for the same written identity in later months, as long as the candidates are among those that the
clerk saw, unchanged: a candidate more, another name or another household re-opens the question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pandas as pd

from shouwang.matching.methods import MATCHED, METHODS, REVIEW, UNMATCHED

DECIDED, DECIDED_NONE = "decided", "decided_none"
Keyed = Callable[[pd.Series], pd.Series]
IDENTITY = ["id_number", "name", "township", "village", "phone"]
SHOWN = ["person_id", "household_id", "name", "id_number", "township", "village"]


def _digests(table: pd.DataFrame, columns: list[str]) -> pd.Series:
    text = table.reindex(columns=columns).astype("str").fillna("")
    said = text[columns[0]].str.cat(text[columns[1:]], sep="\x1f")
    return said.map(lambda written: hashlib.sha256(written.encode()).hexdigest()[:16]).astype("str")


def written_identities(rows: pd.DataFrame, keyed: Keyed) -> pd.Series:
    """A keyed digest of how each row says whom it means (`IDENTITY`; columns that are absent say nothing)."""
    return keyed(_digests(rows, IDENTITY))


def options(candidates: pd.Series, people: pd.DataFrame, keyed: Keyed) -> pd.DataFrame:
    """The registered people behind each review's candidates, best first: `SHOWN`, the rest of ``people``, ``row, key``.

    ``row`` is the label of the review; ``key`` changes with whatever the registry says of the person's identity.
    """
    wanted = candidates.dropna().explode().dropna()
    pairs = pd.DataFrame({"row": wanted.index, "person_id": wanted.to_numpy()}).astype({"person_id": "str"})
    known = people[people["person_id"].isin(pairs["person_id"])].assign(key=lambda found: keyed(_digests(found, SHOWN)))
    return pairs.merge(known, on="person_id", how="inner")


def apply_decisions(
    matches: pd.DataFrame, rows: pd.DataFrame, decisions: pd.DataFrame, people: pd.DataFrame, keyed: Keyed
) -> pd.DataFrame:
    """The ``matches`` frame with reviews settled that a clerk has settled before.

    ``decisions``: ``identity``, ``chosen`` (a candidate's key, null for “none of them”) and ``candidates`` (the keys that
    were seen), one row an identity; ``keyed`` gives digests their key.
    """
    open_ = matches.index[matches["outcome"] == REVIEW]
    identities = written_identities(rows.loc[open_], keyed)
    decided = decisions.set_index("identity")
    identities = identities[identities.isin(decided.index)]
    if identities.empty:
        return matches
    shown = options(matches.loc[identities.index, "candidates"], people, keyed)
    now: dict[object, pd.DataFrame] = {row: found.set_index("key") for row, found in shown.groupby("row")}
    settled: dict[object, dict[str, object]] = {}
    for row, identity in identities.items():
        decision, there = decided.loc[identity], now.get(row)
        if there is None or not set(there.index) <= set(decision["candidates"]):
            continue
        if pd.isna(decision["chosen"]):
            settled[row] = {"outcome": UNMATCHED, "method": DECIDED_NONE}
        elif decision["chosen"] in there.index:
            person = there.loc[decision["chosen"]]
            found_in = {name: person[name] for name in ("household_id", "person_id")}
            settled[row] = {"outcome": MATCHED, "method": DECIDED, **found_in}
    if not settled:
        return matches
    told = pd.DataFrame.from_dict(settled, orient="index")
    told["confidence"] = told["method"].map(lambda code: METHODS[code].confidence)
    matches = matches.copy()
    matches.update(told)
    return matches
