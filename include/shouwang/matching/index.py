"""The registry's people made ready for look-ups: built once for a month, used by every
department."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from shouwang.core.identity import clean_numbers
from shouwang.matching import numbers
from shouwang.matching.names import LOST_CHARACTER, has_gap, is_rare, tidy_names
from shouwang.matching.places import Codes, Gazetteer, by_distinct, phones_in, placeholders
from shouwang.matching.pronunciation import readings, spellings

COLUMNS = ("person_id", "household_id", "township", "village", "name", "id_number", "phone")
"""What matching needs of the people (``phone`` may be wanting); one row a person."""

FORMER = ("person_id", "township", "village", "name")
"""What matching needs of those whom earlier registries had; one row a person, name and village."""

Positions = npt.NDArray[np.int64]


class Lookup:
    """Positions by key; several may share one."""

    def __init__(
        self, keys: npt.NDArray[np.uint64] | Codes, positions: Positions | None = None
    ) -> None:
        order = np.argsort(keys, kind="stable")
        self._keys, self._first = np.unique(keys[order], return_index=True)
        self._count = np.diff(self._first, append=len(order))
        self._positions = order if positions is None else positions[order]

    def join(self, wanted: npt.NDArray[np.uint64] | Codes) -> tuple[Positions, Positions]:
        """Every pair of a place in ``wanted`` and a position with that key."""
        if not len(self._keys):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        # Looking up in this order goes once through the memory.
        ascending = np.argsort(wanted, kind="stable")
        place = np.empty(len(wanted), dtype=np.int64)
        place[ascending] = np.searchsorted(self._keys, wanted[ascending])
        place = np.minimum(place, len(self._keys) - 1)
        first = self._first[place]
        count = np.where(self._keys[place] == wanted, self._count[place], 0)
        left = np.repeat(np.arange(len(wanted)), count)
        step = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
        return left, self._positions[np.repeat(first, count) + step]


class RegistryIndex:
    """Look-ups over the ``people`` of one month; the keys of each rung are made when it first asks
    for them."""

    def __init__(self, people: pd.DataFrame, former: pd.DataFrame | None = None) -> None:
        """Take the people as the registry gives them (see `COLUMNS`); raises ``KeyError`` if a
        column is wanting.

        ``former`` is what earlier registries said of people who are gone or called otherwise now
        (`FORMER`).
        """
        people = people.reset_index(drop=True)
        self.person_id, self.household_id = people["person_id"], people["household_id"]
        self.household: Codes = pd.factorize(people["household_id"])[0].astype(np.int64)
        former = pd.DataFrame(columns=FORMER, dtype="str") if former is None else former
        every = pd.concat([people["name"], former["name"]], ignore_index=True)
        named, self.names = by_distinct(every, tidy_names)
        self.name, once = named[: len(people)], named[len(people) :]
        self.written: npt.NDArray[np.object_] = np.append(np.asarray(self.names, dtype=object), "")
        self.exact_name = exact_codes(self.names, self.name)
        self.gazetteer = Gazetteer(people["township"], people["village"])
        self.township, self.village = self.gazetteer.township, self.gazetteer.village
        self._former_id = former["person_id"].reset_index(drop=True)
        self._former_name = exact_codes(self.names, once)
        self._former_village = self.gazetteer.villages(
            self.gazetteer.townships(former["township"]), former["village"]
        )
        unknown = pd.Series(pd.NA, index=people.index, dtype="str")
        self._written_phone = people.get("phone", unknown).astype("str")
        self.number = _canonical(people["id_number"])
        self.digits, self.lengths = numbers.digit_matrix(self.number)
        self.whole = numbers.are_whole(self.digits, self.lengths)
        self._zones: dict[tuple[numbers.Zone, bool], Lookup] = {}
        self._bearers: dict[str, Lookup] = {}

    def __len__(self) -> int:
        return len(self.name)

    @cached_property
    def _phones(self) -> tuple[Codes, pd.Index]:
        written = phones_in(self._written_phone)
        codes, values = pd.factorize(written.ravel())
        return codes.reshape(written.shape), pd.Index(values, dtype="str")

    @property
    def phones(self) -> Codes:
        """Each person's phones as codes, a column for each; -1 where there is none."""
        return self._phones[0]

    def phone_codes(self, written: pd.Series) -> Codes:
        """The phones of some cells in the codes of the people's; -1 for one that nobody has."""
        phones = phones_in(written)
        return self._phones[1].get_indexer(pd.Index(phones.ravel())).reshape(phones.shape)

    @cached_property
    def telling_phones(self) -> npt.NDArray[np.bool_]:
        """Whether a phone, by its code, tells one household from another: none that only fills the
        cell or, as a cadre's, is borne by several households."""
        codes, values = self._phones
        homes = np.repeat(self.household, codes.shape[1])
        borne = pd.DataFrame({"phone": codes.ravel(), "home": homes})
        borne = borne[borne["phone"] >= 0].drop_duplicates()
        alone = np.bincount(borne["phone"], minlength=len(values)) == 1
        return np.asarray(alone & ~placeholders(values))

    @cached_property
    def by_number(self) -> Lookup:
        """People by their whole number."""
        at = np.flatnonzero(self.whole)
        return Lookup(numbers.whole_keys(self.digits[at]), at)

    @cached_property
    def by_household(self) -> Lookup:
        """Members of each household."""
        return Lookup(self.household)

    @cached_property
    def by_village(self) -> Lookup:
        """Inhabitants of each village."""
        at = np.flatnonzero(self.village >= 0)
        return Lookup(self.village[at], at)

    @cached_property
    def rare_by_village(self) -> Lookup:
        """Inhabitants of each village in whose name a character is rare or lost."""
        names = (any(map(is_rare, name)) or has_gap(name) for name in self.written)
        rare = np.fromiter(names, dtype=bool, count=len(self.written))
        at = np.flatnonzero((self.village >= 0) & rare[self.name])
        return Lookup(self.village[at], at)

    @property
    def _villages(self) -> int:
        return int(self.village.max(initial=0)) + 1

    @cached_property
    def by_former_name_and_village(self) -> Lookup:
        """Who bore a name in a village by an earlier registry, and does no longer: places in
        ``former``."""
        at = np.flatnonzero((self._former_name >= 0) & (self._former_village >= 0))
        return Lookup(self._former_name[at] * self._villages + self._former_village[at], at)

    @cached_property
    def _first_place(self) -> pd.Series[int]:
        """Where each ``person_id`` stands first."""
        places = pd.Series(np.arange(len(self)), index=self.person_id.to_numpy())
        return places.groupby(level=0).first()

    def once(self, names: Codes, villages: Codes) -> pd.DataFrame:
        """Who once bore a wanted name in a wanted village, and does no longer: ``at, person``.

        ``at`` is the place in ``names``; ``person`` is -1 for one who is not registered any more.
        """
        known = (names >= 0) & (villages >= 0)
        at, former = self.by_former_name_and_village.join(
            np.where(known, names * self._villages + villages, -1)
        )
        who = self._former_id.take(former)
        now = self._first_place.reindex(who).fillna(-1).to_numpy(dtype=np.int64)
        return pd.DataFrame({"at": at, "person": now})

    @cached_property
    def irregular_by_name(self) -> Lookup:
        """People by exact name, of those whose number is not whole (wanting, damaged or masked)."""
        at = np.flatnonzero(~self.whole & (self.exact_name >= 0))
        return Lookup(self.exact_name[at], at)

    def bearers(self, names: Codes, **place: Codes) -> tuple[Positions, Positions]:
        """Pairs of a wanted name and a person who bears exactly that name; with ``village`` or
        ``township``, of those who live there."""
        kind, wanted = next(iter(place.items()), ("", np.zeros(len(names), dtype=np.int64)))
        theirs = getattr(self, kind) if kind else np.zeros(len(self), dtype=np.int64)
        kinds = int(theirs.max(initial=0)) + 1
        if kind not in self._bearers:
            at = np.flatnonzero((self.exact_name >= 0) & (theirs >= 0))
            self._bearers[kind] = Lookup(self.exact_name[at] * kinds + theirs[at], at)
        known = (names >= 0) & (wanted >= 0)
        return self._bearers[kind].join(np.where(known, names * kinds + wanted, -1))

    def zone(self, zone: numbers.Zone, named: bool) -> Lookup:
        """People by what stands in a zone of their whole number, and by their exact name if
        ``named``."""
        if (zone, named) not in self._zones:
            keys = numbers.zone_keys(self.digits, self.lengths, zone)
            at = np.flatnonzero(self.lengths == numbers.PLACES)
            if named:
                keys, at = numbers.mixed(keys, self.exact_name), at[self.exact_name[at] >= 0]
            self._zones[zone, named] = Lookup(keys[at], at)
        return self._zones[zone, named]

    def sounding_in(self, wanted: pd.DataFrame) -> pd.DataFrame:
        """How people's names sound: ``village, sound, person``, a line for every reading.

        Only people whose ``village`` and family name's sound are ``wanted`` (columns ``village,
        name``).
        """
        family: dict[int, set[str]] = {}
        for village, name in zip(wanted["village"], wanted["name"], strict=True):
            family.setdefault(village, set()).update(readings(name[0]))
        _, at = self.by_village.join(np.array(sorted(family), dtype=np.int64))
        at = at[self.name[at] >= 0]
        names = self.written[self.name[at]]
        people = pd.DataFrame(
            {"village": self.village[at], "family": [name[0] for name in names], "person": at}
        )
        kinds = people[["village", "family"]].drop_duplicates()
        near = [
            not family[v].isdisjoint(readings(f))
            for v, f in zip(kinds["village"], kinds["family"], strict=True)
        ]
        people = people.merge(kinds[near], on=["village", "family"])
        sounds = {
            name: list(spellings(name)) for name in set(self.written[self.name[people["person"]]])
        }
        people["sound"] = [sounds[name] for name in self.written[self.name[people["person"]]]]
        return people.explode("sound")[["village", "sound", "person"]].astype({"sound": "str"})


def exact_codes(names: pd.Index, codes: Codes) -> Codes:
    """The codes of names that are written in full; -1 for none and for one with a lost
    character."""
    whole = ~np.asarray(names.str.contains(LOST_CHARACTER, regex=False), dtype=bool)
    return np.append(np.where(whole, np.arange(len(names)), -1), -1)[codes]


def _canonical(written: pd.Series) -> pd.Series:
    """Numbers as `clean_numbers` has them; those that are written plainly (nearly all) need no
    cleaning."""
    text = written.astype("str")
    unusual = text[
        ~text.str.fullmatch(r"[0-9]{17}[0-9X]").fillna(False).astype(bool) & text.notna()
    ]
    if len(unusual):
        text = text.copy()
        text.loc[unusual.index] = clean_numbers(unusual)["id_number"]
    return text
