"""Rungs for rows without a number worth comparing (the table's lines for name, township, village and phone)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from shouwang.matching import numbers
from shouwang.matching.decisions import Decisions, pairs
from shouwang.matching.evidence import Evidence
from shouwang.matching.index import Positions
from shouwang.matching.names import LOST_CHARACTER, Agreement
from shouwang.matching.pronunciation import spellings
from shouwang.matching.rungs_number import with_agreement

FEW = 3
"""Namesakes anywhere in the county that a review may as well show all."""


def without_number(evidence: Evidence, decisions: Decisions) -> None:
    """Decide every row that is still open by name and place; the phone supports, and never decides alone."""
    rows = np.flatnonzero(decisions.open)
    decisions.close(rows[evidence.name[rows] == ""], "no_identity")
    rows = decisions.still_open(rows)
    if not len(rows):
        return
    _namesakes_of_the_village(evidence, decisions, rows)
    _variants_of_the_village(evidence, decisions, decisions.still_open(rows))
    _namesakes_elsewhere(evidence, decisions, decisions.still_open(rows))
    decisions.close(rows, "name_nobody")


def _namesakes_of_the_village(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    at, person = evidence.index.bearers(evidence.exact_name[rows], village=evidence.village[rows])
    row = rows[at]
    possible = _not_contradicted(evidence, row, person)
    several = possible & (np.bincount(row, minlength=len(evidence))[row] > 1)
    alone = possible & ~several
    decisions.match(row[alone], person[alone], "name_village")
    _settle_by_phone(evidence, decisions, pairs(row[several], person[several]))
    decisions.review(pairs(row, person), "number_contradicts")


def _settle_by_phone(evidence: Evidence, decisions: Decisions, found: pd.DataFrame) -> None:
    """Of several in the village, match whom the phone singles out; else a clerk decides, of one household or not."""
    row, person = found["row"].to_numpy(), found["person"].to_numpy()
    phone = pd.Series(evidence.same_phone(row, person), index=found.index)
    best = phone.groupby(found["row"]).transform("max")
    supported = found[(phone == best) & (phone > 0)]
    singled = supported[supported.groupby("row")["person"].transform("size") == 1]
    decisions.match(singled["row"].to_numpy(), singled["person"].to_numpy(), "name_village_phone")
    homes = pd.Series(evidence.index.household[person], index=found.index).groupby(found["row"])
    decisions.review(found[(homes.transform("nunique") == 1) & (homes.transform("size") > 1)], "name_same_household")
    decisions.review(found, "name_several")


def _not_contradicted(evidence: Evidence, row: Positions, person: Positions) -> npt.NDArray[np.bool_]:
    """Where what is left of the row's number, little as it is, does not speak against the person."""
    ours = evidence.digits[row][:, : numbers.PLACES]
    theirs = evidence.index.digits[person][:, : numbers.PLACES]
    comparable = (evidence.lengths[row] == numbers.PLACES) & (evidence.index.lengths[person] == numbers.PLACES)
    against = (ours <= numbers.X) & (theirs <= numbers.X) & (ours != theirs)
    return np.asarray(~(comparable & against.any(axis=1)))


def _variants_of_the_village(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """Nobody there bears the name, but somebody's sounds the same or has lost a character: only with the phone."""
    rows = rows[evidence.village[rows] >= 0]
    if not len(rows):
        return
    found = pd.concat([_sounding_alike(evidence, rows), _with_a_gap(evidence, rows)]).drop_duplicates(["row", "person"])
    row, person = found["row"].to_numpy(), found["person"].to_numpy()
    found = found[_not_contradicted(evidence, row, person)]
    phone = evidence.same_phone(found["row"].to_numpy(), found["person"].to_numpy())
    supported = found[phone > 0]
    alone = supported.groupby("row")["person"].transform("size") == 1
    decisions.match(
        supported.loc[alone, "row"].to_numpy(), supported.loc[alone, "person"].to_numpy(), "sound_village_phone"
    )
    decisions.review(found, "name_variant")


def _sounding_alike(evidence: Evidence, rows: Positions) -> pd.DataFrame:
    rows = np.array([row for row in rows if LOST_CHARACTER not in evidence.name[row]], dtype=np.int64)
    if not len(rows):
        return pairs(rows, rows)
    wanted = pd.DataFrame({"row": rows, "village": evidence.village[rows], "name": evidence.name[rows]})
    registered = evidence.index.sounding_in(wanted)
    wanted["sound"] = [list(spellings(name)) for name in wanted["name"]]
    wanted = wanted.explode("sound").astype({"sound": "str"})
    return wanted.merge(registered, on=["village", "sound"])[["row", "person"]]


def _with_a_gap(evidence: Evidence, rows: Positions) -> pd.DataFrame:
    """Names with a lost character, on the row's side, compared with everybody of the village."""
    rows = np.array([row for row in rows if LOST_CHARACTER in evidence.name[row]], dtype=np.int64)
    at, person = evidence.index.by_village.join(evidence.village[rows])
    found = with_agreement(evidence, rows[at], person)
    return found.loc[found["level"] == Agreement.LOST, ["row", "person"]]


def _namesakes_elsewhere(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """A name and no village to go with it (or one where nobody bears it): never a match, but a clerk may know."""
    names, placed = evidence.exact_name[rows], evidence.village[rows] >= 0
    township = evidence.township[rows]
    at, person = evidence.index.bearers(names, township=township)
    nowhere, namesake = evidence.index.bearers(names)
    few = np.bincount(nowhere, minlength=len(rows))[nowhere] <= FEW
    unknown = township[nowhere] < 0
    for where, who in ((at, person), (nowhere[few | unknown], namesake[few | unknown])):
        decisions.review(pairs(rows[where[placed[where]]], who[placed[where]]), "name_elsewhere")
        decisions.review(pairs(rows[where[~placed[where]]], who[~placed[where]]), "name_no_village")
