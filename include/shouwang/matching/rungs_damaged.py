"""Rungs for a number that says something but that the registry does not have (lines 4, 5 and 9 of
the table)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from shouwang.matching import numbers
from shouwang.matching.decisions import Decisions, of_few, paired
from shouwang.matching.evidence import Evidence
from shouwang.matching.index import Positions
from shouwang.matching.names import Agreement, has_gap
from shouwang.matching.rungs_name import former_bearers, with_a_gap
from shouwang.matching.rungs_number import housemates, with_agreement

METHOD_OF_FAULT = {
    numbers.SAME: "number_name",
    numbers.ONE_DIGIT: "number_one_digit",
    numbers.SWAPPED: "number_swapped",
    numbers.FLOAT: "number_float",
    numbers.MASKED: "number_masked",
    numbers.DIGITS: "number_digits",
}


def with_damaged_number(evidence: Evidence, decisions: Decisions) -> None:
    """Decide every open row whose number, or what is left of it, is worth comparing."""
    rows = decisions.still_open(np.flatnonzero(evidence.worth >= numbers.ENOUGH))
    if not len(rows):
        return
    pairs = _compared(evidence, _namesakes(evidence, rows))
    methods = pairs["fault"].map(METHOD_OF_FAULT)
    pairs["method"] = methods.mask(pairs["of_registry"], "number_registry")
    fits = pairs[pairs["fault"] > numbers.NEAR]
    decisions.settle(fits, "number_masked", "number_left_household", "number_several")
    decisions.review(pairs, "number_near")
    _number_near_but_not_the_name(evidence, decisions, rows)
    _name_near(evidence, decisions, rows)
    _unnumbered_namesakes(evidence, decisions, rows)
    _namesakes_around(evidence, decisions, rows)
    decisions.close(rows[evidence.sound[rows]], "number_unknown")
    decisions.close(rows, "number_nobody")


def _namesakes(evidence: Evidence, rows: Positions) -> pd.DataFrame:
    """Pairs of a row and a person of exactly that name whose number may be near."""
    rows = rows[evidence.exact_name[rows] >= 0]
    names = evidence.exact_name[rows]
    pairs = list(_in_zones(evidence, rows, names))
    at, person = evidence.index.irregular_by_name.join(names)
    pairs.append(paired(rows[at], person))
    return pd.concat(pairs).drop_duplicates(["row", "person"])


def _in_zones(
    evidence: Evidence, rows: Positions, names: Positions | None
) -> Iterator[pd.DataFrame]:
    """Pairs that agree in a zone which one fault leaves untouched, and in the name if ``names`` are
    given.

    Without a name a mask or a float, which fit many people, is not looked up.
    """
    digits, lengths = evidence.digits[rows], evidence.lengths[rows]

    def look(
        zone: numbers.Zone, at: Positions, matrix: numbers.Digits, sizes: Positions
    ) -> pd.DataFrame:
        keys = numbers.zone_keys(matrix, sizes, zone)
        if names is not None:
            keys = numbers.mixed(keys, names[at])
        pair, person = evidence.index.zone(zone, names is not None).join(keys)
        return paired(rows[at[pair]], person)

    starred = (digits == numbers.STAR).any(axis=1)
    whole = np.flatnonzero(~starred)
    for zone in numbers.NAMELESS_ZONES if names is None else numbers.ZONES:
        yield look(zone, whole, digits[whole], lengths[whole])
    if names is None:
        return
    kept = numbers.float_prefix(digits, lengths)
    below = np.where(kept >= 0, kept - 1, -1)
    for prefix in (kept, below, numbers.shortened_to_15(digits, lengths)):
        at = np.flatnonzero(prefix >= 0)
        first = numbers.with_first_15(prefix[at])
        yield look(numbers.FIRST_15, at, first, np.full(len(at), numbers.PLACES))
    masked = np.flatnonzero(starred & (lengths == numbers.PLACES))
    patterns, kind = np.unique(digits[masked] != numbers.STAR, axis=0, return_inverse=True)
    for number, visible in enumerate(patterns):
        at = masked[kind.ravel() == number]
        if numbers.is_usual_mask(visible):
            yield look(numbers.visible_zone(visible), at, digits[at], lengths[at])
        else:
            pair, person = evidence.index.bearers(names[at])
            yield paired(rows[at[pair]], person)


def _compared(evidence: Evidence, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs whose numbers are near each other, with the ``fault`` and whether it is
    ``of_registry``."""
    row, person, index = (pairs["row"].to_numpy(), pairs["person"].to_numpy(), evidence.index)
    ours, size = evidence.digits[row], evidence.lengths[row]
    theirs, their_size = index.digits[person], index.lengths[person]
    regular = their_size == numbers.PLACES
    fault = np.where(regular, numbers.faults(ours, size, theirs), 0)
    whole = ~regular & (size == numbers.PLACES)
    turned = np.where(whole, numbers.faults(theirs, their_size, ours), 0)
    written = np.isin(fault, [numbers.ONE_DIGIT, numbers.SWAPPED])
    of_registry = evidence.sound[row] & ((turned == numbers.DIGITS) | written)
    shortened = numbers.shortened_to_15(ours, size)
    fault = np.maximum(fault, turned)
    fault[(shortened >= 0) & (numbers.first_15(theirs) == shortened) & regular] = numbers.DIGITS
    fault[(ours == theirs).all(axis=1) & (size >= numbers.SHORTEST)] = numbers.SAME
    pairs = pairs.assign(fault=fault, weight=fault, of_registry=of_registry)
    return pairs[fault > 0].reset_index(drop=True)


def _number_near_but_not_the_name(
    evidence: Evidence, decisions: Decisions, rows: Positions
) -> None:
    """The number comes near somebody whose name, or whose relative's name, comes near too: two
    faults, so a review."""
    rows = decisions.still_open(rows[~evidence.sound[rows]])
    near = _compared(evidence, pd.concat(list(_in_zones(evidence, rows, None))).drop_duplicates())
    near = near[near["fault"].isin([numbers.ONE_DIGIT, numbers.SWAPPED, numbers.DIGITS])]
    owners = with_agreement(evidence, near["row"].to_numpy(), near["person"].to_numpy())
    members = housemates(evidence, owners)
    owners = owners[owners["level"] > Agreement.NONE].assign(weight=1)
    members = members[members["level"] >= Agreement.SOUND].assign(weight=0)
    decisions.review(pd.concat([owners, members]), "number_near_other_name")


def _name_near(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """Somebody of the village whose name, or whose name of once, comes near, and whom what is left
    of the number fits."""
    rows = decisions.still_open(rows[~evidence.sound[rows]])
    gap = np.array([has_gap(name) for name in evidence.name[rows]], dtype=bool)
    near = _compared(evidence, with_a_gap(evidence, rows[gap & (evidence.village[rows] >= 0)]))
    decisions.review(near[near["fault"] > numbers.NEAR], "number_near_other_name")
    former_bearers(evidence, decisions, decisions.still_open(rows))


def _unnumbered_namesakes(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """Somebody of that name, not known to live elsewhere, of whom the registry has no usable
    number."""
    rows = decisions.still_open(rows)
    at, person = evidence.index.irregular_by_name.join(evidence.exact_name[rows])
    row, index = rows[at], evidence.index
    unreadable = numbers.evidence(index.digits[person], index.lengths[person]) < numbers.ENOUGH
    here = np.where(
        evidence.village[row] >= 0,
        evidence.village[row] == index.village[person],
        (evidence.township[row] < 0) | (evidence.township[row] == index.township[person]),
    )
    decisions.review(
        paired(row[unreadable & here], person[unreadable & here]), "registry_no_number"
    )


def _namesakes_around(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """The number is damaged beyond comparing, and a namesake lives in the village, or few do in the
    township."""
    rows = decisions.still_open(rows[~evidence.sound[rows]])
    names = evidence.exact_name[rows]
    at, person = evidence.index.bearers(names, village=evidence.village[rows])
    decisions.review(paired(rows[at], person), "number_contradicts")
    at, person = evidence.index.bearers(names, township=evidence.township[rows])
    few = of_few(at, len(rows))
    decisions.review(paired(rows[at[few]], person[few]), "number_contradicts")
