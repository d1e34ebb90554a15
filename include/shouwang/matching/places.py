"""Townships, villages and phones as departments write them, brought to what the registry calls
them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
_LANDLINE, _MOBILE = 7, 11
"""Digits of the shortest phone, and of a mobile one."""
_COUNTED = {("0123456789" * 2)[first:][:7][::way] for first in range(10) for way in (1, -1)}
T = TypeVar("T", bound=Hashable)
NOT_GIVEN, NOT_KNOWN = -1, -2
"""The cell is empty; the cell names a place that the registry does not have."""

_KIND = r"(?:镇|乡|街道|街道办事处|村|社区|嘎查|屯)$"
_ABOVE = (
    r"(?:[^省市州盟县区旗镇乡村]{2,10}(?:省|自治区|自治州|地区|市|州|盟|自治县|县|区|自治旗|旗))+"
)
_NOT_THE_NAME = {
    r"[\s\u200b-\u200f\ufeff]+": "",
    r"(?<=[村会区])(?:第?[0-9一二三四五六七八九十]+(?:村民小组|小组|组|社|队))+$": "",
    r"(?<=社区)居(?:民委员|委)会$": "",
    r"村?(?:村民委员会|村委会)$": "村",
    r"(?<=[镇乡道])(?:党委|人民|镇|乡)*政府$": "",
}
"""Spaces, groups (3组) and offices (村委会) that stand beside a place's name, in this order."""


def clean_places(written: pd.Series) -> pd.Series:
    """Place names without spaces, offices (村委会) and groups (3组); null where there is
    nothing."""
    text = written.astype("str").fillna("").str.normalize("NFKC")
    for pattern, instead in _NOT_THE_NAME.items():
        text = text.str.replace(pattern, instead, regex=True)
    return text.mask(text.isin(["", "-", "/", "无", "不详", "暂无"])).astype("str")


def clean_phones(written: pd.Series) -> pd.Series:
    """The digits of the phones in each cell, a space between two, without the country's prefix;
    null without any."""
    phones = written.astype("str")
    plain = phones.isna() | phones.str.fullmatch(r"1[0-9]{10}").fillna(False).astype(bool)
    if plain.all():
        return phones
    text = phones[~plain].str.normalize("NFKC")
    text = text.str.replace(r"(?<=[0-9)])[-—]|[()+]|\.0$", "", regex=True)
    read = {cell: " ".join(_phones_of(cell)) or None for cell in text.unique()}
    phones = phones.copy()
    phones.loc[text.index] = text.map(read)
    return phones


def _phones_of(cell: str) -> list[str]:
    """The phones of one cell: groups of digits that belong together, seven or more."""
    phones = []
    for part in re.findall(r"[0-9]+(?:\s+[0-9]+)*", cell):
        digits = ""
        for group in part.split():
            if len(digits) == _MOBILE or (len(digits) >= _LANDLINE and len(group) >= _LANDLINE):
                phones += _split(digits)
                digits = ""
            digits += group
        phones += _split(digits)
    return phones


def _split(digits: str) -> list[str]:
    """Mobile phones that stand together without anything between, each alone; nothing of less than
    seven digits."""
    digits = re.sub(r"^(?:0086|86)(?=1[0-9]{10}$)", "", digits)
    if re.fullmatch(r"(?:1[0-9]{10})+", digits):
        return re.findall("." * _MOBILE, digits)
    return [digits] if len(digits) >= _LANDLINE else []


def phones_in(written: pd.Series) -> npt.NDArray[np.object_]:
    """The phones of each cell, as many columns as the cell with the most of them has; null
    beyond."""
    phones = clean_phones(written)
    if not phones.str.contains(" ", regex=False).any():
        return phones.to_numpy(dtype=object)[:, None]
    return phones.str.split(" ", expand=True).to_numpy(dtype=object)


def placeholders(phones: pd.Index) -> npt.NDArray[np.bool_]:
    """Which phones only fill the cell: the last seven digits are alike, alternate, or count up or
    down."""
    last = phones.str.slice(-_LANDLINE)
    alike = last.str.fullmatch(r"([0-9])([0-9])\1\2\1\2\1")
    return np.asarray(alike, dtype=bool) | last.isin(_COUNTED)


def by_distinct(
    column: pd.Series, clean: Callable[[pd.Series], pd.Series]
) -> tuple[Codes, pd.Index]:
    """Clean a column value by value: codes into the distinct cleaned values (-1 for null), and
    those values."""
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
        known = (towns >= 0) & (names >= 0)
        both = np.where(known, towns * (len(self._names) + 1) + names, NOT_GIVEN)
        villages = np.unique(both[both >= 0])
        self.village = pd.Index(villages).get_indexer(both)
        where, what = np.divmod(villages, len(self._names) + 1)
        called = self._names.take(what).tolist()
        places, cores = (zip(where.tolist(), name, strict=True) for name in (called, _core(called)))
        self._village_of = {pair: code for code, pair in enumerate(places)}
        self._village_of_core = _one_of_each(list(cores))
        self._town_of_core = _one_of_each(_core(self._towns.tolist()))
        self._town_of = {name: code for code, name in enumerate(self._towns.tolist())}
        longest_first = sorted(self._town_of, key=len, reverse=True)
        self._township_within = re.compile(
            f"(?:{_ABOVE})?({'|'.join(map(re.escape, longest_first))})(.*)"
        )

    def townships(self, written: pd.Series) -> Codes:
        """The registry's code of each township, ``NOT_GIVEN`` (also where only the county is named)
        or ``NOT_KNOWN``."""
        codes, values = by_distinct(written, clean_places)
        towns = self._towns.get_indexer(values).astype(np.int64)
        called = values.tolist()
        for at in np.flatnonzero(towns < 0):
            towns[at] = self._township(called[at])
        return np.append(towns, NOT_GIVEN)[codes]

    def _township(self, written: str) -> int:
        """One that is not written as in the registry: without its kind, or after the names of
        county and province."""
        core = _core([written])[0]
        if core in self._town_of_core:
            return self._town_of_core[core]
        within = self._township_within.fullmatch(written)
        if within is not None and within[1] and not within[2]:
            return self._town_of[within[1]]
        short = re.sub(f"^{_ABOVE}", "", written)
        return self._town_of_core.get(_core([short])[0], NOT_KNOWN) if short else NOT_GIVEN

    def townships_before(self, villages: pd.Series) -> Codes:
        """The township that is written before each village, ``NOT_GIVEN`` where there is none."""
        codes, values = by_distinct(villages, clean_places)
        cells = (self._township_within.fullmatch(value) for value in values)
        towns = [self._town_of[cell[1]] if cell and cell[1] else NOT_GIVEN for cell in cells]
        return np.array([*towns, NOT_GIVEN], dtype=np.int64)[codes]

    def villages(self, townships: Codes, written: pd.Series) -> Codes:
        """The registry's code of each village within its township, ``NOT_GIVEN`` or
        ``NOT_KNOWN``."""
        codes, values = by_distinct(written, clean_places)
        every = pd.DataFrame({"township": townships, "village": codes})
        pairs = every.drop_duplicates()
        of_pairs = [
            NOT_GIVEN if name < 0 else self._village(town, values[name])
            for town, name in zip(pairs["township"], pairs["village"], strict=True)
        ]
        resolved = every.merge(pairs.assign(code=of_pairs), how="left", on=["township", "village"])
        return resolved["code"].to_numpy(dtype=np.int64)

    def _village(self, township: int, written: str) -> int:
        if township < 0:
            return NOT_KNOWN
        within = self._township_within.fullmatch(written)
        after = within[2] if within is not None and within[1] == self._towns[township] else written
        short = re.sub(f"^{_ABOVE}", "", after) or after or written
        for name in (written, short):
            if (township, name) in self._village_of:
                return self._village_of[township, name]
        return self._village_of_core.get((township, _core([short])[0]), NOT_KNOWN)


def _core(names: list[str]) -> list[str]:
    """Places' own names without the word for their kind, where two characters or more are left
    (松林村 → 松林)."""
    short = [re.sub(_KIND, "", name) for name in names]
    return [core if len(core) >= 2 else name for core, name in zip(short, names, strict=True)]


def _one_of_each(cores: Sequence[T]) -> dict[T, int]:
    """Position by core, without the cores that two places share: between those nobody may
    choose."""
    often = Counter(cores)
    return {core: position for position, core in enumerate(cores) if often[core] == 1}
