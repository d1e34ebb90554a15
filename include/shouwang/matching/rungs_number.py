"""Rungs for a number that the registry has (handbook section 6, the first three lines of the
table)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shouwang.matching import numbers
from shouwang.matching.decisions import Decisions, of_few, paired
from shouwang.matching.evidence import Evidence
from shouwang.matching.index import Positions
from shouwang.matching.names import Agreement, agreement


def with_whole_number(evidence: Evidence, decisions: Decisions) -> None:
    """Decide every row whose whole number the registry has, by how far the name agrees."""
    rows = np.flatnonzero(numbers.are_whole(evidence.digits, evidence.lengths))
    _of_fifteen_digits(evidence, decisions, rows)
    rows = decisions.still_open(rows)
    at, owner = evidence.index.by_number.join(numbers.whole_keys(evidence.digits[rows]))
    row = rows[at]
    alone = np.bincount(row, minlength=len(evidence))[row] == 1
    same = (evidence.exact_name[row] >= 0) & (
        evidence.exact_name[row] == evidence.index.exact_name[owner]
    )
    decisions.match(row[alone & same], owner[alone & same], "number_name")
    rest = ~(alone & same)
    if rest.any():
        _by_name(evidence, decisions, with_agreement(evidence, row[rest], owner[rest]))


def with_other_paper(evidence: Evidence, decisions: Decisions) -> None:
    """A passport or the like: the registry's, of somebody of that name; it cannot be compared with
    another number."""
    rows = decisions.still_open(np.flatnonzero(evidence.other_paper))
    names = evidence.exact_name[rows]
    at, person = evidence.index.bearers(names)
    same = evidence.number[rows[at]] == evidence.index.number.take(person).to_numpy(dtype=object)
    decisions.settle(
        paired(rows[at[same]], person[same]), "number_name", "number_household", "registered_twice"
    )
    for place in ({"village": evidence.village[rows]}, {"township": evidence.township[rows]}):
        at, person = evidence.index.bearers(names, **place)
        few = of_few(at, len(rows))
        decisions.review(paired(rows[at[few]], person[few]), "other_paper")
    decisions.close(rows[evidence.name[rows] != ""], "number_unknown")


def with_several_numbers(evidence: Evidence, decisions: Decisions) -> None:
    """A cell with the numbers of registered people beside other digits: a clerk sees whose they
    are."""
    cells = decisions.still_open(np.flatnonzero(pd.notna(evidence.scraps)))
    texts = pd.Series(evidence.scraps[cells], index=cells, dtype="str")
    texts = texts.str.findall(r"[0-9]{17}[0-9X]").explode().dropna().astype("str")
    if texts.empty:
        return
    matrix, _ = numbers.digit_matrix(texts)
    at, owner = evidence.index.by_number.join(numbers.whole_keys(matrix))
    owners = with_agreement(evidence, texts.index.to_numpy()[at], owner)
    decisions.review(owners.assign(weight=owners["level"]), "number_beside_others")


def _of_fifteen_digits(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """Fifteen digits that are one person's old number and the beginning of another's: both may be
    meant."""
    kept = numbers.shortened_to_15(evidence.digits[rows], evidence.lengths[rows])
    rows, kept = rows[kept >= 0], kept[kept >= 0]
    if not len(rows):
        return
    old, owner = evidence.index.by_number.join(numbers.whole_keys(evidence.digits[rows]))
    begun = numbers.with_first_15(kept)
    keys = numbers.zone_keys(begun, np.full(len(rows), numbers.PLACES), numbers.FIRST_15)
    cut, person = evidence.index.zone(numbers.FIRST_15, False).join(keys)
    begins = numbers.first_15(evidence.index.digits[person]) == kept[cut]
    cut, person = cut[begins], person[begins]
    named = [
        with_agreement(evidence, rows[old], owner),
        with_agreement(evidence, rows[cut], person),
    ]
    owners, begun_by = (frame[frame["level"] > Agreement.NONE] for frame in named)
    both = set(owners["row"]) & set(begun_by["row"])
    pairs = pd.concat([owners, begun_by])
    pairs = pairs[pairs["row"].isin(both)]
    decisions.review(pairs.assign(weight=pairs["level"]), "number_several")


def _by_name(evidence: Evidence, decisions: Decisions, owners: pd.DataFrame) -> None:
    members = housemates(evidence, owners)
    # A number alone is not an identity either.
    decisions.review(owners[evidence.name[owners["row"].to_numpy()] == ""], "name_missing")
    named = owners.loc[owners["level"] == Agreement.EQUAL, "row"]
    close = owners["level"] >= Agreement.SOUND
    several = ("number_household", "registered_twice")
    relative = ("number_of_relative", "number_household", "conflict")
    decisions.settle(owners[close & owners["row"].isin(named)], "number_name", *several)
    decisions.settle(members[members["level"] == Agreement.EQUAL], *relative)
    for level, method in (
        (Agreement.LOST, "number_name_lost"),
        (Agreement.SOUND, "number_name_sound"),
    ):
        of_level = owners.loc[owners["level"] == level, "row"]
        decisions.settle(owners[close & owners["row"].isin(of_level)], method, *several)
    one_off = _unless_borne_nearby(evidence, owners[owners["level"] == Agreement.ONE_CHARACTER])
    also = members[members["level"] >= Agreement.SOUND]
    one_off, also = one_off.assign(method="number_name_one"), also.assign(method=relative[0])
    decisions.settle(pd.concat([one_off, also]), *relative)
    _conflicts(evidence, decisions, owners)


def with_agreement(evidence: Evidence, row: Positions, person: Positions) -> pd.DataFrame:
    """Pairs with the ``level`` to which the names agree."""
    index = evidence.index
    kinds = len(index.written)
    pair = evidence.name_code[row] * kinds + index.name[person] % kinds
    distinct, which = np.unique(pair, return_inverse=True)
    written, registered = evidence.names[distinct // kinds], index.written[distinct % kinds]
    level = np.array(
        [agreement(*names) for names in zip(written, registered, strict=True)], dtype=np.int64
    )
    return paired(row, person, level=level[which] if len(pair) else np.zeros(0, dtype=np.int64))


def housemates(evidence: Evidence, owners: pd.DataFrame) -> pd.DataFrame:
    """The other members of the owners' households, with the agreement of their names."""
    index = evidence.index
    at, member = index.by_household.join(index.household[owners["person"].to_numpy()])
    row, owner = owners["row"].to_numpy()[at], owners["person"].to_numpy()[at]
    others = member != owner
    return with_agreement(evidence, row[others], member[others])


def _unless_borne_nearby(evidence: Evidence, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of which nobody in the person's township bears exactly the written name."""
    row, person = pairs["row"].to_numpy(), pairs["person"].to_numpy()
    at, _ = evidence.index.bearers(
        evidence.exact_name[row], township=evidence.index.township[person]
    )
    borne = np.zeros(len(pairs), dtype=bool)
    borne[at] = True
    return pairs[~borne]


def _conflicts(evidence: Evidence, decisions: Decisions, owners: pd.DataFrame) -> None:
    """The number says one person, the name quite another: show its owner first, then those of that
    name."""
    owners = owners[decisions.open[owners["row"].to_numpy()]]
    rows = owners["row"].unique()
    at, namesake = evidence.index.bearers(evidence.exact_name[rows])
    pairs = pd.concat([owners.assign(weight=1), paired(rows[at], namesake, weight=0)])
    decisions.review(pairs, "conflict")
