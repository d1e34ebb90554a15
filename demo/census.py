"""The registered people as a careful clerk would look them up: by name, village, township and
household."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from demo.names import bare_name, bare_names, sound
from demo.people import Array


class Census:
    """Look-ups over the people of the county; a person is a running number."""

    def __init__(self, people: pd.DataFrame) -> None:
        self.names: list[str] = people["name"].tolist()
        self.numbers: Array = people["id_number"].to_numpy(dtype=object)
        self.households: Array = people["household"].to_numpy()
        self.places: Array = people["place"].to_numpy()
        self.townships: Array = people["township"].to_numpy(dtype=object)
        self.first: Array = np.flatnonzero(np.append(True, np.diff(self.households) > 0))
        self.sizes: Array = np.bincount(self.households)[self.households]
        bare = bare_names(people["name"])
        village = pd.DataFrame({"place": people["place"], "name": bare})
        self.in_village: Array = (
            village.groupby(["place", "name"])["name"].transform("size").to_numpy()
        )
        phones = village.assign(phone=people["phone"])
        self.by_phone: Array = (
            phones.groupby(["place", "name", "phone"])["name"].transform("size").to_numpy()
        )
        self.by_sound: dict[str, list[int]] = {}
        for person, name in enumerate(self.names):
            self.by_sound.setdefault(sound(name), []).append(person)

    def household(self, person: int) -> list[int]:
        """The members of a person's household."""
        start = int(self.first[self.households[person]])
        return list(range(start, start + int(self.sizes[person])))

    def of_name(self, name: str, fits: Callable[[str], bool]) -> list[int]:
        """Everybody whose name is written or sounds like this one and whose number fits."""
        return [
            person for person in self.by_sound.get(sound(name), ()) if fits(self.numbers[person])
        ]

    def without_number(self, persons: Array, with_phone: Array) -> Array:
        """What name, township and village say: match where they (or the phone) point to one person,
        else review."""
        one = (self.in_village[persons] == 1) | (with_phone & (self.by_phone[persons] == 1))
        return np.where(one, "match", "review")

    def bearers(self, name: str) -> list[int]:
        """Everybody whose name is written like this one, dots aside."""
        return [
            p
            for p in self.by_sound.get(sound(name), ())
            if bare_name(self.names[p]) == bare_name(name)
        ]

    def alone_by_sound(self, person: int) -> bool:
        """Whether nobody else of the village has a name that sounds like this person's."""
        alike = self.by_sound[sound(self.names[person])]
        return [p for p in alike if self.places[p] == self.places[person]] == [person]

    def name_in_township(self, person: int, has_village: bool) -> str:
        """A name with a township or village and next to no number: either where one fits, else
        review."""
        where = self.places if has_village else self.townships
        same = [p for p in self.bearers(self.names[person]) if where[p] == where[person]]
        return "either" if same == [person] else "review"


def differ_by_a_slip(number: str, written: str) -> bool:
    """Whether one digit changed, or two neighbours swapped, makes the one from the other."""
    places = [n for n, (a, b) in enumerate(zip(number, written, strict=True)) if a != b]
    if len(places) == 2 and places[1] == places[0] + 1:
        return number[places[0]] == written[places[1]] and number[places[1]] == written[places[0]]
    return len(places) <= 1
