"""Rungs for rows without a number worth comparing (the table's lines for name, township, village
and phone)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shouwang.matching.decisions import Decisions, of_few, paired
from shouwang.matching.evidence import NOTED, SEVERAL, SURE, Evidence
from shouwang.matching.index import Positions
from shouwang.matching.names import Agreement, has_gap
from shouwang.matching.pronunciation import spellings
from shouwang.matching.rungs_number import with_agreement


def without_number(evidence: Evidence, decisions: Decisions) -> None:
    """Decide every row that is still open by name and place; the phone supports, and never decides
    alone."""
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
    possible = evidence.agrees(row, person)
    several = possible & (np.bincount(row, minlength=len(evidence))[row] > 1)
    former_bearers(evidence, decisions, rows)
    _only_bearers(evidence, decisions, row[possible & ~several], person[possible & ~several])
    _settle_by_phone(evidence, decisions, paired(row[several], person[several]))
    _contradicted(evidence, decisions, paired(row, person))


def _only_bearers(
    evidence: Evidence, decisions: Decisions, row: Positions, person: Positions
) -> None:
    """One person of the village bears the name; where words stand beside it, the phone has to agree
    as well."""
    sure = evidence.doubt[row] == SURE
    decisions.match(*_still_open(decisions, row[sure], person[sure]), "name_village")
    told = (evidence.doubt[row] == NOTED) & (evidence.same_phone(row, person, telling=True) > 0)
    decisions.match(*_still_open(decisions, row[told], person[told]), "name_village_phone")
    decisions.review(paired(row, person), "name_noted")


def _still_open(
    decisions: Decisions, row: Positions, person: Positions
) -> tuple[Positions, Positions]:
    left = decisions.open[row]
    return row[left], person[left]


def former_bearers(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """Somebody else bore the name in that village once (has died, moved, been renamed): the row may
    still mean them."""
    once = evidence.index.once(evidence.exact_name[rows], evidence.village[rows])
    if once.empty:
        return
    once["row"] = rows[once["at"].to_numpy()]
    renamed = once.loc[once["person"] >= 0, ["row", "person"]]
    at, person = evidence.index.bearers(evidence.exact_name[rows], village=evidence.village[rows])
    now = paired(rows[at], person).merge(once[["row", "person"]], on="row", suffixes=("", "_once"))
    others = now.loc[now["person"] != now["person_once"], ["row", "person"]]
    pairs = pd.concat([renamed, others])
    fits = evidence.agrees(pairs["row"].to_numpy(), pairs["person"].to_numpy())
    decisions.review(pairs[fits], "name_former")


def _contradicted(evidence: Evidence, decisions: Decisions, pairs: pd.DataFrame) -> None:
    """The number speaks against everybody of that name in the village; namesakes whom it fits are
    shown first."""
    rows = decisions.still_open(pairs["row"].unique())
    at, person = evidence.index.bearers(evidence.exact_name[rows])
    fits = evidence.agrees(rows[at], person)
    elsewhere = paired(rows[at[fits]], person[fits], weight=1)
    decisions.review(pd.concat([elsewhere, pairs.assign(weight=0)]), "number_contradicts")


def _settle_by_phone(evidence: Evidence, decisions: Decisions, pairs: pd.DataFrame) -> None:
    """Of several in the village, match whom the phone singles out; else a clerk decides, of one
    household or not."""
    row, person = pairs["row"].to_numpy(), pairs["person"].to_numpy()
    pairs = pairs.assign(
        phone=evidence.same_phone(row, person, telling=True), home=evidence.index.household[person]
    )
    supported = pairs[pairs["phone"] > 0]
    best = supported[supported["phone"] == supported.groupby("row")["phone"].transform("max")]
    one_home = supported.groupby("row")["home"].transform("nunique")[best.index] == 1
    singled = best[one_home & (best.groupby("row")["person"].transform("size") == 1)]
    decisions.match(singled["row"].to_numpy(), singled["person"].to_numpy(), "name_village_phone")
    homes = pairs.groupby("row")["home"]
    one_home = (homes.transform("nunique") == 1) & (homes.transform("size") > 1)
    decisions.review(pairs[one_home], "name_same_household")
    decisions.review(pairs, "name_several")


def _variants_of_the_village(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """Nobody there bears the name, but somebody's sounds the same or has lost a character: only
    with the phone."""
    pairs = _variants(evidence, rows)
    pairs = pairs[evidence.agrees(pairs["row"].to_numpy(), pairs["person"].to_numpy())]
    phone = evidence.same_phone(pairs["row"].to_numpy(), pairs["person"].to_numpy(), telling=True)
    supported = pairs[(phone > 0) & (evidence.doubt[pairs["row"].to_numpy()] != SEVERAL)]
    alone = supported[supported.groupby("row")["person"].transform("size") == 1]
    decisions.match(alone["row"].to_numpy(), alone["person"].to_numpy(), "sound_village_phone")
    decisions.review(pairs, "name_variant")


def _variants(evidence: Evidence, rows: Positions) -> pd.DataFrame:
    """Pairs of a row and a person of its village whose name sounds the same, or agrees but for a
    character."""
    rows = rows[evidence.village[rows] >= 0]
    gap = np.array([has_gap(name) for name in evidence.name[rows]], dtype=bool)
    named, lost = rows[~gap], with_a_gap(evidence, rows[gap])
    pairs = pd.concat([_sounding_alike(evidence, named), lost, _of_rare(evidence, named)])
    return pairs.drop_duplicates(["row", "person"]).astype({"row": np.int64, "person": np.int64})


def _sounding_alike(evidence: Evidence, rows: Positions) -> pd.DataFrame:
    if not len(rows):
        return paired(rows, rows)
    places = {"village": evidence.village[rows], "name": evidence.name[rows]}
    wanted = pd.DataFrame({"row": rows, **places})
    registered = evidence.index.sounding_in(wanted)
    wanted["sound"] = [list(spellings(name)) for name in wanted["name"]]
    wanted = wanted.explode("sound").astype({"sound": "str"})
    return wanted.merge(registered, on=["village", "sound"])[["row", "person"]]


def with_a_gap(evidence: Evidence, rows: Positions) -> pd.DataFrame:
    """Names with a lost character, on the row's side, compared with everybody of the village."""
    at, person = evidence.index.by_village.join(evidence.village[rows])
    pairs = with_agreement(evidence, rows[at], person)
    return pairs.loc[pairs["level"] == Agreement.LOST, ["row", "person"]]


def _of_rare(evidence: Evidence, rows: Positions) -> pd.DataFrame:
    """Names of the village with a character that is rare or lost, on the registry's side, written
    with another."""
    at, person = evidence.index.rare_by_village.join(evidence.village[rows])
    pairs = with_agreement(evidence, rows[at], person)
    near = pairs["level"].isin([Agreement.LOST, Agreement.ONE_CHARACTER])
    return pairs.loc[near, ["row", "person"]]


def _namesakes_elsewhere(evidence: Evidence, decisions: Decisions, rows: Positions) -> None:
    """A name and no village to go with it (or one where nobody bears it): never a match, but a
    clerk may know."""
    names, placed = evidence.exact_name[rows], evidence.village[rows] >= 0
    township = evidence.township[rows]
    at, person = evidence.index.bearers(names, township=township)
    nowhere, namesake = evidence.index.bearers(names)
    few = of_few(nowhere, len(rows))
    unknown = township[nowhere] < 0
    for where, who in ((at, person), (nowhere[few | unknown], namesake[few | unknown])):
        decisions.review(paired(rows[where[placed[where]]], who[placed[where]]), "name_elsewhere")
        decisions.review(
            paired(rows[where[~placed[where]]], who[~placed[where]]), "name_no_village"
        )
