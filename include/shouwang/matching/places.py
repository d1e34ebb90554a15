"""Townships, villages and phones as departments write them, brought to what the registry calls them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
T = TypeVar("T", bound=Hashable)
NOT_GIVEN, NOT_KNOWN = -1, -2
"""The cell is empty; the cell names a place that the registry does not have."""

_OFFICES = r"村?(?:村民委员会|村委会)$"
_KIND = r"(?:镇|乡|街道|街道办事处|村|社区|嘎查|屯)$"
_GROUP = r"(?<=[村会区])(?:第?[0-9一二三四五六七八九十]+(?:村民小组|小组|组|社|队))+$"


def clean_places(written: pd.Series) -> pd.Series:
    """Place names without spaces, offices (村委会) and groups (3组); null where there is nothing."""
    text = (
        written.astype("str").fillna("").str.normalize("NFKC").str.replace(r"[\s\u200b-\u200f\ufeff]+", "", regex=True)
    )
    text = text.str.replace(_GROUP, "", regex=True).str.replace(r"(?<=社区)居(?:民委员|委)会$", "", regex=True)
    text = text.str.replace(_OFFICES, "村", regex=True)
    return text.mask(text.isin(["", "-", "/", "无", "不详", "暂无"])).astype("str")


def clean_phones(written: pd.Series) -> pd.Series:
    """The digits of the first phone in each cell, without the country's prefix; null below seven digits."""
    phones = written.astype("str")
    plain = phones.isna() | phones.str.fullmatch(r"1[0-9]{10}").fillna(False).astype(bool)
    if plain.all():
        return phones
    text = phones[~plain].str.normalize("NFKC").str.replace(r"[\s\-()]+|\.0$", "", regex=True)
    digits = text.str.extract(r"([0-9]{7,})")[0].str.replace(r"^(?:0086|86)(?=1[0-9]{10}$)", "", regex=True)
    phones = phones.copy()
    phones.loc[digits.index] = digits
    return phones


def by_distinct(column: pd.Series, clean: Callable[[pd.Series], pd.Series]) -> tuple[Codes, pd.Index]:
    """Clean a column value by value: codes into the distinct cleaned values (-1 for null), and those values."""
    codes, distinct = pd.factorize(column)
    cleaned = clean(pd.Series(distinct, dtype="str"))
    again, values = pd.factorize(cleaned)
    return np.append(again, -1)[codes], pd.Index(values, dtype="str")


class Gazetteer:
    """The townships and villages of the registry, and how to find them under another wording."""

    def __init__(self, township: pd.Series, village: pd.Series) -> None:
        towns, self._towns = by_distinct(township, clean_places)
        names, self._names = by_distinct(village, clean_places)
        self.township = towns
        both = np.where((towns >= 0) & (names >= 0), towns * (len(self._names) + 1) + names, NOT_GIVEN)
        villages = np.unique(both[both >= 0])
        self.village = pd.Index(villages).get_indexer(both)
        where, what = np.divmod(villages, len(self._names) + 1)
        called = self._names.take(what).tolist()
        self._village_of = {pair: code for code, pair in enumerate(zip(where.tolist(), called, strict=True))}
        self._village_of_core = _one_of_each(list(zip(where.tolist(), _core(called), strict=True)))
        self._town_of_core = _one_of_each(_core(self._towns.tolist()))

    def townships(self, written: pd.Series) -> Codes:
        """The registry's code of each township, ``NOT_GIVEN`` or ``NOT_KNOWN``."""
        codes, values = by_distinct(written, clean_places)
        found = self._towns.get_indexer(values)
        by_core = np.array([self._town_of_core.get(core, NOT_KNOWN) for core in _core(values.tolist())], dtype=np.int64)
        return np.append(np.where(found >= 0, found, by_core), NOT_GIVEN)[codes]

    def villages(self, townships: Codes, written: pd.Series) -> Codes:
        """The registry's code of each village within its township, ``NOT_GIVEN`` or ``NOT_KNOWN``."""
        codes, values = by_distinct(written, clean_places)
        pairs = pd.DataFrame({"township": townships, "village": codes}).drop_duplicates()
        resolved = {
            (town, name): self._village(town, values[name])
            for town, name in zip(pairs["township"], pairs["village"], strict=True)
            if town >= 0 and name >= 0
        }
        pairs["found"] = [
            resolved.get(pair, NOT_KNOWN if pair[1] >= 0 else NOT_GIVEN)
            for pair in zip(pairs["township"], pairs["village"], strict=True)
        ]
        every = pd.DataFrame({"township": townships, "village": codes})
        return every.merge(pairs, how="left", on=["township", "village"])["found"].to_numpy(dtype=np.int64)

    def _village(self, township: int, written: str) -> int:
        short = written.removeprefix(self._towns[township]) or written
        for name in (written, short):
            if (township, name) in self._village_of:
                return self._village_of[township, name]
        return self._village_of_core.get((township, _core([short])[0]), NOT_KNOWN)


def _core(names: list[str]) -> list[str]:
    """Places' own names without the word for their kind, where two characters or more are left (松林村 → 松林)."""
    short = [re.sub(_KIND, "", name) for name in names]
    return [core if len(core) >= 2 else name for core, name in zip(short, names, strict=True)]


def _one_of_each(cores: Sequence[T]) -> dict[T, int]:
    """Position by core, without the cores that two places share: between those nobody may choose."""
    often = Counter(cores)
    return {core: position for position, core in enumerate(cores) if often[core] == 1}
