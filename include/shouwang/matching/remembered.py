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

from collections.abc import Callable

import pandas as pd

from shouwang.core.digests import short_digest
from shouwang.matching import numbers
from shouwang.matching.decisions import CANDIDATES
from shouwang.matching.methods import MATCHED, METHODS, REVIEW, UNMATCHED

DECIDED, DECIDED_NONE, DECIDED_BEFORE = "decided", "decided_none", "decided_before"
BY_CLERKS = (DECIDED, DECIDED_NONE)
"""Methods of rows that a clerk has settled."""
Keyed = Callable[[pd.Series], pd.Series]
IDENTITY = ["id_number", "name", "township", "village", "phone"]
PLACE = ["submission_id", "file", "sheet", "row"]
"""What tells two rows of one writing apart: a submission never changes, one that is sent anew is
another."""
SHOWN = ["person_id", "household_id", "name", "id_number", "township", "village"]


def _digests(table: pd.DataFrame, columns: list[str]) -> pd.Series:
    text = table.reindex(columns=columns).astype("str").fillna("")
    joined = text[columns[0]].str.cat(text[columns[1:]], sep="\x1f")
    return joined.map(short_digest).astype("str")


def written_identities(rows: pd.DataFrame, keyed: Keyed) -> pd.Series:
    """A keyed digest of how each row says whom it means (`IDENTITY`; columns that are absent say
    nothing).

    Rows of one submission that say the same, and no number worth comparing, are told apart by their
    `PLACE`.
    """
    digests = _digests(rows, IDENTITY)
    nothing = pd.Series("", index=rows.index, dtype="str")
    submissions = rows.get("submission_id", nothing)
    again = pd.DataFrame({"digest": digests, "of": submissions}).duplicated(keep=False)
    written = rows.get("id_number", nothing).astype("str")
    worth = numbers.evidence(*numbers.digit_matrix(written))
    alike = again & (worth < numbers.ENOUGH)
    if alike.any():
        digests = digests.mask(alike, digests.str.cat(_digests(rows, PLACE), sep="|"))
    return keyed(digests)


def options(candidates: pd.Series, people: pd.DataFrame, keyed: Keyed) -> pd.DataFrame:
    """The registered people behind each review's candidates, best first: `SHOWN`, the rest of
    ``people``, ``row, key``.

    ``row`` is the label of the review; ``key`` changes with whatever the registry says of the
    person's identity.
    """
    wanted = candidates.dropna().explode().dropna()
    pairs = pd.DataFrame({"row": wanted.index, "person_id": wanted.to_numpy()})
    pairs = pairs.astype({"person_id": "str"})
    concerned = people[people["person_id"].isin(pairs["person_id"])]
    return pairs.merge(_with_keys(concerned, keyed), on="person_id", how="inner")


def _with_keys(people: pd.DataFrame, keyed: Keyed) -> pd.DataFrame:
    return people.assign(key=keyed(_digests(people, SHOWN)))


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
    by_identity = decisions.set_index("identity")
    identities = identities[identities.isin(by_identity.index)]
    now = matches.loc[identities.index]
    shown = options(_meant(now, people), people, keyed)
    shown_of: dict[object, pd.DataFrame] = dict(iter(shown.groupby("row")))
    seen = set(by_identity.loc[identities.unique(), "candidates"].explode().dropna())
    known = shown if seen <= set(shown["key"]) else _with_keys(people, keyed)
    standing = known[known["key"].isin(seen)].drop_duplicates("key").set_index("key")
    settled: dict[object, dict[str, object]] = {}
    for (row, match), identity in zip(now.iterrows(), identities, strict=True):
        mine = shown_of.get(row, shown.head(0))
        verdict = _verdict(match, by_identity.loc[identity], mine, standing)
        if verdict is not None:
            settled[row] = verdict
    if not settled:
        return matches
    columns = ["method", "household_id", "person_id", "candidates"]
    changed = pd.DataFrame.from_dict(settled, orient="index").reindex(columns=columns)
    changed["outcome"] = changed["method"].map(lambda code: METHODS[code].outcome)
    changed["confidence"] = changed["method"].map(lambda code: METHODS[code].confidence)
    texts = ("method", "outcome", "household_id", "person_id")
    changed = changed.astype(dict.fromkeys(texts, "str"))
    return pd.concat([matches.drop(changed.index), changed])[matches.columns].reindex(matches.index)


def _meant(matches: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    """Whom the ladder names for each row: candidates, the person, or the members of the
    household."""
    matched = matches["outcome"] == MATCHED
    homes = matches.loc[matched & matches["person_id"].isna(), "household_id"]
    members = people[people["household_id"].isin(homes)].groupby("household_id")["person_id"]
    alone = matches["person_id"].map(lambda who: [who], na_action="ignore").astype(object)
    either = alone.where(matches["person_id"].notna(), homes.map(members.agg(list)))
    return matches["candidates"].where(~matched, either)


def _verdict(
    match: pd.Series, decision: pd.Series, shown: pd.DataFrame, standing: pd.DataFrame
) -> dict[str, object] | None:
    """What a decision makes of a row; None where the ladder's answer stays.

    ``shown``: whom the ladder names; ``standing``: by key, the people whom clerks saw and who are
    registered as they were then.
    """
    chosen, outcome, keys = decision["chosen"], match["outcome"], set(shown["key"])
    nobody_new = bool(keys) and keys <= set(decision["candidates"])
    if outcome == REVIEW and not nobody_new:
        return None
    if pd.isna(chosen):
        if outcome == UNMATCHED:
            return None
        if nobody_new:
            return {"method": DECIDED_NONE}
    elif chosen in standing.index:
        person = standing.loc[chosen]
        if match["person_id"] == person["person_id"]:
            return None
        at_home = keys and match["household_id"] == person["household_id"]
        if outcome == UNMATCHED or nobody_new or at_home:
            return {"method": DECIDED, **person[["household_id", "person_id"]].to_dict()}
    elif outcome == REVIEW:
        return None
    seen = standing.loc[standing.index.isin(decision["candidates"]), "person_id"]
    left = pd.concat([shown["person_id"], seen]).unique().tolist()
    return {"method": DECIDED_BEFORE, "candidates": left[:CANDIDATES]} if left else None
