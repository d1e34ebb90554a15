"""What the rows of a submission say about whom they mean, in the codes of one registry index."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from shouwang.core.identity import DAMAGED, MISSING, VALID, clean_numbers
from shouwang.matching import numbers
from shouwang.matching.index import Positions, RegistryIndex, exact_codes
from shouwang.matching.names import spoken, tidy_names
from shouwang.matching.places import NOT_GIVEN, Codes, by_distinct

SURE, NOTED, SEVERAL = range(3)
"""Doubt about the name: none; words that may speak of another person; two registered names."""
NOUGHTS = 6
"""So many noughts at the end of a number that is not sound are what a spreadsheet left of it, not
digits."""


class Evidence:
    """The rows in order; every attribute has one entry a row."""

    def __init__(self, rows: pd.DataFrame, index: RegistryIndex) -> None:
        """Read ``name, id_number, id_state, township, village, phone``; columns that are absent say
        nothing."""
        self.index = index
        written = by_distinct(_column(rows, "name"), tidy_names)
        codes, names, doubt = _spoken_of(*written, index.names)
        self.doubt = np.append(doubt, SURE)[codes]
        """How far words beside the name leave open whom the row means."""
        self.names: npt.NDArray[np.object_] = np.append(np.asarray(names, dtype=object), "")
        self.name_code = np.where(codes < 0, len(names), codes)
        self.name = self.names[codes]
        registered = exact_codes(names, np.arange(len(names)))
        registered = np.where(registered >= 0, index.names.get_indexer(names), -1)
        self.exact_name = np.append(registered, -1)[codes]
        self.township = index.gazetteer.townships(_column(rows, "township"))
        silent = np.flatnonzero(self.township == NOT_GIVEN)
        village = _column(rows, "village")
        self.township[silent] = index.gazetteer.townships_before(village.iloc[silent])
        self.village = index.gazetteer.villages(self.township, village)
        self._written_phone = _column(rows, "phone")
        number = _column(rows, "id_number")
        if "id_number" in rows and "id_state" not in rows:
            cleaned = clean_numbers(number)
            number, state = cleaned["id_number"], cleaned["id_state"]
        else:
            state = _column(rows, "id_state").fillna(MISSING)
        state = state.mask(number.isna(), MISSING)
        self.sound: npt.NDArray[np.bool_] = (state == VALID).to_numpy(dtype=bool)
        self.number: npt.NDArray[np.object_] = number.to_numpy(dtype=object)
        self.digits, self.lengths = numbers.digit_matrix(number.mask(state == MISSING))
        damaged = (state == DAMAGED).to_numpy(dtype=bool)
        _drop_noughts(self.digits, damaged & (self.lengths == numbers.PLACES))
        _restore_check_character(self.digits, self.lengths)
        self.worth = numbers.evidence(self.digits, self.lengths)
        self.other_paper = self.sound & (self.lengths != numbers.PLACES)
        apart = (self.lengths != numbers.PLACES) & (self.worth < numbers.ENOUGH)
        legible = number.str.contains("[0-9]").fillna(False).astype(bool)
        self.scraps = number.where(legible & apart).to_numpy(dtype=object)
        """What is legible of a number that cannot be laid beside another place by place; null for
        other rows."""

    def __len__(self) -> int:
        return len(self.name)

    @cached_property
    def phones(self) -> Codes:
        """The phones of each row in the registry's codes, a column for each; -1 for none and for
        nobody's."""
        return self.index.phone_codes(self._written_phone)

    @cached_property
    def telling_phones(self) -> Codes:
        """The same without those that tell nobody from anybody: placeholders, and what several
        households bear."""
        known = np.append(self.index.telling_phones, False)
        return np.where(known[self.phones], self.phones, -1)

    def agrees(self, row: Positions, person: Positions) -> npt.NDArray[np.bool_]:
        """Whether whatever is legible of the row's number, little as it is, agrees with the
        person's."""
        ours, theirs = self.digits[row], self.index.digits[person]
        ours, theirs = ours[:, : numbers.PLACES], theirs[:, : numbers.PLACES]
        lengths = self.index.lengths[person]
        comparable = (self.lengths[row] == numbers.PLACES) & (lengths == numbers.PLACES)
        against = (ours <= numbers.X) & (theirs <= numbers.X) & (ours != theirs)
        unlike = ~comparable & (ours <= numbers.X).any(axis=1) & (lengths > 0)
        agreeing = np.asarray(~(comparable & against.any(axis=1)) & ~unlike)
        scraps = np.flatnonzero(pd.notna(self.scraps[row]))
        registered = self.index.number.take(person[scraps]).fillna("")
        agreeing[scraps] = list(map(numbers.legible_fits, self.scraps[row[scraps]], registered))
        return agreeing

    def same_phone(self, row: Positions, person: Positions, telling: bool) -> npt.NDArray[np.int64]:
        """2 where the person has a phone of the row's, 1 where another of the household has one,
        else 0.

        Only phones that can settle a question count where they have to be ``telling``.
        """
        if not len(row) or self._written_phone.isna().all():
            return np.zeros(len(row), dtype=np.int64)
        wanted, index = (self.telling_phones if telling else self.phones)[row], self.index
        pair, member = index.by_household.join(index.household[person])
        shared = np.zeros(len(row), dtype=np.int64)
        shared[pair[_any_same(wanted[pair], index.phones[member])]] = 1
        return np.where(_any_same(wanted, index.phones[person]), 2, shared)

    def same_place(self, row: Positions, person: Positions) -> npt.NDArray[np.int64]:
        """2 where person and row are of one village, 1 of one township, else 0."""
        village = (self.village[row] >= 0) & (self.village[row] == self.index.village[person])
        township = (self.township[row] >= 0) & (self.township[row] == self.index.township[person])
        return np.where(village, 2, township.astype(np.int64))


def _spoken_of(
    codes: Positions, written: pd.Index, registered: pd.Index
) -> tuple[Positions, pd.Index, npt.NDArray[np.int64]]:
    """Codes into the names that are meant, those names, and how much doubt is about each.

    A cell with more than a name means the first of its names that is registered; two registered
    names are a question.
    """
    names, doubt = written.to_list(), np.full(len(written), SURE)
    unknown = np.flatnonzero(registered.get_indexer(written) < 0)
    read = {at: said for at in unknown.tolist() if (said := spoken(names[at])) is not None}
    if not read:
        return codes, written, doubt
    for at, said in read.items():
        known = [name for name in said.names if name in registered]
        names[at] = (known or said.names)[0]
        doubt[at] = SEVERAL if len(known) > 1 else SURE if said.harmless else NOTED
    both = pd.Series(list(zip(names, doubt.tolist(), strict=True)), dtype=object)
    kept, distinct = pd.factorize(both)
    meant = pd.Index([name for name, _ in distinct], dtype="str")
    doubts = np.array([level for _, level in distinct], dtype=np.int64)
    return np.append(kept, -1)[codes], meant, doubts


def _any_same(one: Codes, other: Codes) -> npt.NDArray[np.bool_]:
    """Whether any of the left row's phones is one of the right row's."""
    same = np.zeros(len(one), dtype=bool)
    for left in one.T:
        for right in other.T:
            same |= (left == right) & (left >= 0)
    return same


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    if name in rows:
        return rows[name].astype("str").reset_index(drop=True)
    return pd.Series(pd.NA, index=range(len(rows)), dtype="str")


def _drop_noughts(digits: numbers.Digits, among: npt.NDArray[np.bool_]) -> None:
    """Mark the noughts at the end as unknown, where there are too many to be true."""
    places = digits[among, : numbers.PLACES]
    run = np.cumprod(places[:, ::-1] == 0, axis=1)[:, ::-1].astype(bool)
    run &= (run.sum(axis=1) >= NOUGHTS)[:, None]
    digits[np.flatnonzero(among)[:, None], np.arange(numbers.PLACES)] = np.where(
        run, numbers.STAR, places
    )


def _restore_check_character(digits: numbers.Digits, lengths: npt.NDArray[np.int64]) -> None:
    """An ``X`` before the end is read as a mask; alone and last but one, it is the check character,
    swapped."""
    unknown = digits[:, : numbers.PLACES] == numbers.STAR
    swapped = (lengths == numbers.PLACES) & unknown[:, -2] & (unknown.sum(axis=1) == 1)
    digits[swapped, numbers.PLACES - 2] = numbers.X
