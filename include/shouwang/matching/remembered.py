"""What clerks decided about written identities (有待核实), remembered for the same writing in later
months.

A decision stands for as long as the person chosen is registered as the clerk saw them, and no
candidate has joined whom the clerk did not see. Where the ladder would now match somebody else —
the chosen one has died, the other namesake is the only one left — the row is a review: a decision
is never overruled without a word.

Rows of one submission that say the same of whom they mean, without a number to tell them apart, may
be two namesakes: each is a question of its own, for that submission only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pandas as pd

from shouwang.matching import numbers
from shouwang.matching.decisions import CANDIDATES
from shouwang.matching.methods import MATCHED, METHODS, REVIEW, UNMATCHED

DECIDED, DECIDED_NONE, DECIDED_BEFORE = "decided", "decided_none", "decided_before"
BY_CLERKS = (DECIDED, DECIDED_NONE)
"""Methods of rows that a clerk has settled."""
Keyed = Callable[[pd.Series], pd.Series]
IDENTITY = ["id_number", "name", "township", "village", "phone"]
_FOUND = ["household_id", "person_id", "candidates"]
PLACE = ["submission_id", "file", "sheet", "row"]
"""What tells two rows of one writing apart: a submission never changes, one that is sent anew is
another."""
SHOWN = ["person_id", "household_id", "name", "id_number", "township", "village"]


def _digests(table: pd.DataFrame, columns: list[str]) -> pd.Series:
    text = table.reindex(columns=columns).astype("str").fillna("")
    said = text[columns[0]].str.cat(text[columns[1:]], sep="\x1f")
    return said.map(lambda written: hashlib.sha256(written.encode()).hexdigest()[:16]).astype("str")


def written_identities(rows: pd.DataFrame, keyed: Keyed) -> pd.Series:
    """A keyed digest of how each row says whom it means (`IDENTITY`; columns that are absent say
    nothing).

    Rows of one submission that say the same, and no number worth comparing, are told apart by their
    `PLACE`.
    """
    digests = _digests(rows, IDENTITY)
    of = rows.get("submission_id", pd.Series("", index=rows.index))
    again = pd.DataFrame({"digest": digests, "of": of}).duplicated(keep=False)
    alike = again & ~_tells_people_apart(rows)
    if alike.any():
        digests = digests.mask(alike, digests.str.cat(_digests(rows, PLACE), sep="|"))
    return keyed(digests)


def _tells_people_apart(rows: pd.DataFrame) -> pd.Series:
    """Whether enough of a number is written for no two namesakes to share it."""
    written = (
        rows["id_number"].astype("str")
        if "id_number" in rows
        else pd.Series(pd.NA, rows.index, dtype="str")
    )
    worth = numbers.evidence(*numbers.digit_matrix(written))
    return pd.Series(worth >= numbers.ENOUGH, index=rows.index)


def options(candidates: pd.Series, people: pd.DataFrame, keyed: Keyed) -> pd.DataFrame:
    """The registered people behind each review's candidates, best first: `SHOWN`, the rest of
    ``people``, ``row, key``.

    ``row`` is the label of the review; ``key`` changes with whatever the registry says of the
    person's identity.
    """
    wanted = candidates.dropna().explode().dropna()
    pairs = pd.DataFrame({"row": wanted.index, "person_id": wanted.to_numpy()}).astype(
        {"person_id": "str"}
    )
    known = people[people["person_id"].isin(pairs["person_id"])].assign(
        key=lambda found: keyed(_digests(found, SHOWN))
    )
    return pairs.merge(known, on="person_id", how="inner")


def apply_decisions(
    matches: pd.DataFrame,
    rows: pd.DataFrame,
    decisions: pd.DataFrame,
    people: pd.DataFrame,
    keyed: Keyed,
) -> pd.DataFrame:
    """The ``matches`` frame with what clerks decided before: reviews settled, and matches that go
    against it withheld.

    ``decisions``: ``identity``, ``chosen`` (a candidate's key, null for “none of them”) and
    ``candidates`` (the keys that were seen), one row an identity; ``keyed`` gives digests their
    key.
    """
    if decisions.empty:
        return matches
    identities = written_identities(rows, keyed)
    decided = decisions.set_index("identity")
    identities = identities[identities.isin(decided.index)]
    if identities.empty:
        return matches
    now = matches.loc[identities.index]
    shown = options(_meant(now, people), people, keyed)
    there: dict[object, pd.DataFrame] = dict(iter(shown.groupby("row")))
    standing = _standing(decided.loc[identities.unique()], shown, people, keyed)
    settled: dict[object, dict[str, object]] = {}
    for (row, match), identity in zip(now.iterrows(), identities, strict=True):
        verdict = _verdict(match, decided.loc[identity], there.get(row, shown.head(0)), standing)
        if verdict is not None:
            settled[row] = verdict
    if not settled:
        return matches
    told = (
        pd.DataFrame.from_dict(settled, orient="index")
        .reindex(columns=["method", *_FOUND])
        .astype({"method": "str"})
    )
    told["outcome"] = told["method"].map(lambda code: METHODS[code].outcome)
    told["confidence"] = told["method"].map(lambda code: METHODS[code].confidence)
    told = told.astype(dict.fromkeys(("outcome", "household_id", "person_id"), "str"))
    return pd.concat([matches.drop(told.index), told])[matches.columns].reindex(matches.index)


def _meant(matches: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    """Whom the ladder names for each row: candidates, the person, or the members of the
    household."""
    matched = matches["outcome"] == MATCHED
    homes = matches.loc[matched & matches["person_id"].isna(), "household_id"]
    members = (
        people[people["household_id"].isin(homes)].groupby("household_id")["person_id"].agg(list)
    )
    alone = matches["person_id"].map(lambda who: [who], na_action="ignore").astype(object)
    return matches["candidates"].where(
        ~matched, alone.where(matches["person_id"].notna(), homes.map(members))
    )


def _standing(
    decided: pd.DataFrame, shown: pd.DataFrame, people: pd.DataFrame, keyed: Keyed
) -> pd.DataFrame:
    """By key, the people whom some decisions' clerks saw and who are registered as they were
    then."""
    seen = set(decided["candidates"].explode().dropna())
    found = shown
    if not seen <= set(shown["key"]):
        found = people.assign(key=keyed(_digests(people, SHOWN)))
    return found[found["key"].isin(seen)].drop_duplicates("key").set_index("key")


def _verdict(
    match: pd.Series, decision: pd.Series, there: pd.DataFrame, standing: pd.DataFrame
) -> dict[str, object] | None:
    """What a decision makes of a row; None where the ladder's answer stays."""
    chosen, outcome, keys = decision["chosen"], match["outcome"], set(there["key"])
    known = bool(keys) and keys <= set(decision["candidates"])
    if outcome == REVIEW and not known:
        return None
    if pd.isna(chosen):
        if outcome == UNMATCHED:
            return None
        if known:
            return {"method": DECIDED_NONE}
    elif chosen in standing.index:
        person = standing.loc[chosen]
        if match["person_id"] == person["person_id"]:
            return None
        if (
            outcome == UNMATCHED
            or known
            or (keys and match["household_id"] == person["household_id"])
        ):
            return {"method": DECIDED, **person[["household_id", "person_id"]].to_dict()}
    elif outcome == REVIEW:
        return None
    left = pd.concat(
        [there["person_id"], standing.loc[standing.index.isin(decision["candidates"]), "person_id"]]
    )
    return (
        {"method": DECIDED_BEFORE, "candidates": left.unique().tolist()[:CANDIDATES]}
        if len(left)
        else None
    )
