"""What has been decided so far about the rows of one submission."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from shouwang.matching.evidence import Evidence
from shouwang.matching.index import Positions
from shouwang.matching.methods import METHODS

CANDIDATES = 3
"""So many people a review shows side by side at most."""
FEW = 3
"""Namesakes of one place, or of the county, that a review may as well show all."""


def paired(row: Positions, person: Positions, **more: object) -> pd.DataFrame:
    """A frame ``row, person`` and what else is known of each pair."""
    return pd.DataFrame({"row": row, "person": person, **more})


def of_few(at: Positions, count: int) -> npt.NDArray[np.bool_]:
    """Which pairs belong to a row that has `FEW` of them; ``at`` is the row of each pair."""
    return np.asarray(np.bincount(at, minlength=count)[at] <= FEW)


class Decisions:
    """One entry a row; a rung decides rows that are still open and never touches others."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        size = len(evidence)
        self.method = np.full(size, None, dtype=object)
        self.person = np.full(size, -1, dtype=np.int64)
        self.member = np.full(size, -1, dtype=np.int64)
        self.candidates = np.full(size, None, dtype=object)

    @property
    def open(self) -> npt.NDArray[np.bool_]:
        """Which rows are not decided yet."""
        return np.asarray(pd.isna(self.method), dtype=bool)

    def still_open(self, rows: Positions) -> Positions:
        """Those of some rows that are not decided yet."""
        return rows[self.open[rows]]

    def match(
        self,
        row: Positions,
        person: Positions,
        method: str | np.ndarray[tuple[int], np.dtype[np.object_]],
    ) -> None:
        """Each row is about that person."""
        self.person[row] = self.member[row] = person
        self.method[row] = method

    def settle(self, pairs: pd.DataFrame, one: str, household: str, several: str) -> None:
        """Decide the open rows of some pairs that fit equally well.

        One person fits: matched by ``one`` (or by the pair's own ``method``). Several of one
        household: matched to the household. Several of more than one: a review.
        """
        pairs = pairs[self.open[pairs["row"].to_numpy()]].drop_duplicates(["row", "person"])
        if pairs.empty:
            return
        pairs = pairs.assign(household=self._evidence.index.household[pairs["person"].to_numpy()])
        by_row = pairs.groupby("row")
        people, homes = by_row["person"].transform("size"), by_row["household"].transform("nunique")
        single, home = pairs[people == 1], pairs[(people > 1) & (homes == 1)].drop_duplicates("row")
        methods = single["method"].to_numpy(dtype=object) if "method" in single else one
        self.match(single["row"].to_numpy(), single["person"].to_numpy(), methods)
        self.member[home["row"].to_numpy()] = home["person"].to_numpy()
        self.method[home["row"].to_numpy()] = household
        self.review(pairs[homes > 1], several)

    def review(self, pairs: pd.DataFrame, method: str) -> None:
        """A clerk decides; the open rows of some pairs get their best candidates (by ``weight``,
        phone, place)."""
        pairs = pairs[self.open[pairs["row"].to_numpy()]]
        if pairs.empty:
            return
        row, person = pairs["row"].to_numpy(), pairs["person"].to_numpy()
        weight = pairs["weight"].to_numpy() if "weight" in pairs else np.zeros(len(pairs))
        phone = self._evidence.same_phone(row, person, telling=False)
        support = phone * 2 + self._evidence.same_place(row, person)
        who = self._evidence.index.person_id.take(person).to_numpy(dtype=object)
        ranked = paired(row, person, weight=-weight, support=-support, person_id=who)
        order = ["row", "weight", "support", "person_id"]
        ranked = ranked.sort_values(order, kind="stable").drop_duplicates(["row", "person_id"])
        best = ranked.groupby("row").head(CANDIDATES).groupby("row")["person_id"].agg(list)
        rows = best.index.to_numpy()
        for at, people in zip(rows, best, strict=True):
            self.candidates[at] = people
        self.method[rows] = method

    def close(self, rows: Positions, method: str) -> None:
        """Nobody was found for the open ones of some rows."""
        self.method[self.still_open(rows)] = method

    def frame(self, labels: pd.Index) -> pd.DataFrame:
        """The ``matches`` frame (docs/architecture.md)."""
        index = self._evidence.index
        methods = pd.Series(self.method, index=labels, dtype="str")
        outcome = methods.map({code: method.outcome for code, method in METHODS.items()})
        confidence = methods.map({code: method.confidence for code, method in METHODS.items()})

        def ids(of: pd.Series, places: Positions) -> pd.Series:
            """Of those places that are one; -1 is null."""
            padded = pd.concat([of, pd.Series([None], dtype="str")], ignore_index=True)
            return padded.take(places).set_axis(labels)

        return pd.DataFrame(
            {
                "outcome": outcome.astype("str"),
                "household_id": ids(index.household_id, self.member),
                "person_id": ids(index.person_id, self.person),
                "method": methods,
                "confidence": confidence.astype("float64"),
                "candidates": pd.Series(self.candidates, index=labels, dtype=object),
            },
            index=labels,
        )
