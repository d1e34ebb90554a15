"""What the rows of a delivery say about whom they mean, in the codes of one registry index."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from shouwang.identity import DAMAGED, MISSING, VALID, clean_numbers
from shouwang.matching import numbers
from shouwang.matching.index import Positions, RegistryIndex, exact_codes
from shouwang.matching.names import tidy_names
from shouwang.matching.places import by_distinct, clean_phones

NOUGHTS = 6
"""So many noughts at the end of a number that is not sound are what a spreadsheet left of it, not digits."""


class Evidence:
    """The rows in order; every attribute has one entry a row."""

    def __init__(self, rows: pd.DataFrame, index: RegistryIndex) -> None:
        """Read ``name, id_number, id_state, township, village, phone``; columns that are absent say nothing."""
        self.index = index
        codes, names = by_distinct(_column(rows, "name"), tidy_names)
        self.names: npt.NDArray[np.object_] = np.append(np.asarray(names, dtype=object), "")
        self.name_code = np.where(codes < 0, len(names), codes)
        self.name = self.names[codes]
        registered = exact_codes(names, np.arange(len(names)))
        registered = np.where(registered >= 0, index.names.get_indexer(names), -1)
        self.exact_name = np.append(registered, -1)[codes]
        self.township = index.gazetteer.townships(_column(rows, "township"))
        self.village = index.gazetteer.villages(self.township, _column(rows, "village"))
        self._written_phone = _column(rows, "phone")
        number = _column(rows, "id_number")
        if "id_number" in rows and "id_state" not in rows:
            cleaned = clean_numbers(number)
            number, state = cleaned["id_number"], cleaned["id_state"]
        else:
            state = _column(rows, "id_state").fillna(MISSING)
        state = state.mask(number.isna(), MISSING)
        self.sound: npt.NDArray[np.bool_] = (state == VALID).to_numpy(dtype=bool)
        self.digits, self.lengths = numbers.digit_matrix(number.mask(state == MISSING))
        _drop_noughts(self.digits, (state == DAMAGED).to_numpy(dtype=bool) & (self.lengths == numbers.PLACES))
        _restore_check_character(self.digits, self.lengths)
        self.worth = numbers.evidence(self.digits, self.lengths)
        self._phone: npt.NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.name)

    @property
    def phone(self) -> npt.NDArray[np.object_]:
        """The phone of each row, digits only."""
        if self._phone is None:
            self._phone = clean_phones(self._written_phone).to_numpy(dtype=object)
        return self._phone

    def same_phone(self, row: Positions, person: Positions) -> npt.NDArray[np.int64]:
        """2 where the person has the row's phone, 1 where another of the household has it, else 0."""
        if not len(row) or self._written_phone.isna().all():
            return np.zeros(len(row), dtype=np.int64)
        wanted, index = self.phone[row], self.index
        pair, member = index.by_household.join(index.household[person])
        shared = np.zeros(len(row), dtype=np.int64)
        shared[pair[_same(wanted[pair], index.phone[member])]] = 1
        return np.where(_same(wanted, index.phone[person]), 2, shared)

    def same_place(self, row: Positions, person: Positions) -> npt.NDArray[np.int64]:
        """2 where person and row are of one village, 1 of one township, else 0."""
        village = (self.village[row] >= 0) & (self.village[row] == self.index.village[person])
        township = (self.township[row] >= 0) & (self.township[row] == self.index.township[person])
        return np.where(village, 2, township.astype(np.int64))


def _same(one: npt.NDArray[np.object_], other: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    return np.asarray(pd.notna(one) & pd.notna(other) & (one == other), dtype=bool)


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    if name in rows:
        return rows[name].astype("str").reset_index(drop=True)
    return pd.Series(pd.NA, index=range(len(rows)), dtype="str")


def _drop_noughts(digits: numbers.Digits, among: npt.NDArray[np.bool_]) -> None:
    """Mark the noughts at the end as unknown, where there are too many to be true."""
    places = digits[among, : numbers.PLACES]
    run = np.cumprod(places[:, ::-1] == 0, axis=1)[:, ::-1].astype(bool)
    run &= (run.sum(axis=1) >= NOUGHTS)[:, None]
    digits[np.flatnonzero(among)[:, None], np.arange(numbers.PLACES)] = np.where(run, numbers.STAR, places)


def _restore_check_character(digits: numbers.Digits, lengths: npt.NDArray[np.int64]) -> None:
    """An ``X`` before the end is read as a mask; alone and last but one, it is the check character, swapped."""
    unknown = digits[:, : numbers.PLACES] == numbers.STAR
    swapped = (lengths == numbers.PLACES) & unknown[:, -2] & (unknown.sum(axis=1) == 1)
    digits[swapped, numbers.PLACES - 2] = numbers.X
