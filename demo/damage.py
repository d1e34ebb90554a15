"""The kinds of damage, each with what a careful clerk could still make of the row (handbook section
6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from demo.census import Census, differ_by_a_slip
from demo.names import OTHER_WRITING, bare_name
from demo.people import Generator

NOTHING = ("", "", "无", "-", "/", "暂无")


class Damage(NamedTuple):
    """What is written instead, and what is expected now (None: as before)."""

    name: str | None = None
    number: str | float | None = None
    expect: str | None = None


@dataclass(frozen=True)
class Record:
    """One row on its way to being damaged; ``in_cells``: its number may become a number cell (not
    in a csv)."""

    census: Census
    rng: Generator
    department: str
    in_cells: bool
    person: int
    name: str
    phone: str

    @property
    def has_village(self) -> bool:
        return self.department not in ("medical_insurance", "education")

    @property
    def number(self) -> str:
        return str(self.census.numbers[self.person])

    def pick(self, *choices: str) -> str:
        return choices[int(self.rng.integers(0, len(choices)))]

    def if_only(self, fitting: list[int]) -> str:
        """A match where exactly this person fits what is left of the number; otherwise a clerk
        would ask.

        Where others fit whose names only sound alike, both can be defended.
        """
        if fitting == [self.person]:
            return "match"
        names = self.census.names
        same = [person for person in fitting if bare_name(names[person]) == bare_name(self.name)]
        return "either" if same == [self.person] else "review"


def _format(r: Record) -> Damage:
    number = r.number
    full_width = number.translate({ord(c): chr(ord(c) + 0xFEE0) for c in "0123456789X"})
    spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
    shapes = [
        spaced,
        f" {number}",
        f"{number}  ",
        f"\u3000{number}",
        full_width,
        f"\t{number}",
        f"'{number}",
        f"{number}\u200b",
        f"\ufeff{number}",
        f'="{number}"',
        f"\u00a0{number}",
    ]
    if number.endswith("X"):
        shapes += [number.lower()] * 8
    return Damage(number=r.pick(*shapes))


def _typo(r: Record) -> Damage:
    place = int(r.rng.integers(3, 17))
    digit = str((int(r.number[place]) + int(r.rng.integers(1, 10))) % 10)
    written = r.number[:place] + digit + r.number[place + 1 :]
    return Damage(
        number=written,
        expect=r.if_only(r.census.of_name(r.name, lambda n: differ_by_a_slip(n, written))),
    )


def _swap(r: Record) -> Damage | None:
    able = [n for n in range(6, 16) if r.number[n] != r.number[n + 1]]
    if not able:
        return None
    at = able[int(r.rng.integers(0, len(able)))]
    written = r.number[:at] + r.number[at + 1] + r.number[at] + r.number[at + 2 :]
    return Damage(
        number=written,
        expect=r.if_only(r.census.of_name(r.name, lambda n: differ_by_a_slip(n, written))),
    )


def _masked(r: Record) -> Damage:
    head, tail = r.number[:6], r.number[14:]
    fitting = r.census.of_name(r.name, lambda n: n.startswith(head) and n.endswith(tail))
    return Damage(number=f"{head}{'*' * 8}{tail}", expect=r.if_only(fitting))


def _cut(r: Record) -> Damage:
    left = r.number[: -int(r.pick("1", "2", "4"))]
    return Damage(
        number=left, expect=r.if_only(r.census.of_name(r.name, lambda n: n.startswith(left)))
    )


def _float(r: Record) -> Damage:
    """A spreadsheet kept 15 digits; in a csv it wrote them as a power of ten, or filled up with
    zeros.

    The zeros look like digits, and five or six places of a power of ten leave much unsaid: a clerk
    may ask.
    """
    kept = r.number[:15]
    only = r.if_only(r.census.of_name(r.name, lambda n: n.startswith(kept)))
    if r.in_cells:
        return Damage(number=float(int(kept) * 1000), expect=only)
    shape = r.pick("power", "power", "zeros", "short")
    if shape == "power":
        return Damage(number=f"{kept[0]}.{kept[1:].rstrip('0')}E+17", expect=only)
    perhaps = "either" if only == "match" else "review"
    if shape == "zeros":
        return Damage(number=kept + "000", expect=perhaps)
    return Damage(
        number=f"{kept[0]}.{kept[1:6]}E+17",
        expect=r.census.name_in_township(r.person, r.has_village),
    )


def _certificate(r: Record) -> Damage:
    extra = f"{r.rng.integers(1, 8)}{r.rng.integers(1, 5)}"
    return Damage(number=r.number + extra + r.pick("", "B1"))


def _old15(r: Record) -> Damage:
    return Damage(number=r.number[:6] + r.number[8:17])


def _missing(r: Record) -> Damage:
    """No number: the village decides where it is given; with a township only, a unique name may do
    or not."""
    if r.has_village:
        expect = str(r.census.without_number(np.array([r.person]), np.array([False]))[0])
    else:
        expect = r.census.name_in_township(r.person, False)
    return Damage(number=r.pick(*NOTHING), expect=expect)


def _relative(r: Record) -> Damage:
    """A child under its parent's number: matched to the named member."""
    others = [p for p in r.census.household(r.person) if p != r.person]
    return Damage(number=str(r.census.numbers[others[int(r.rng.integers(0, len(others)))]]))


def _stranger(r: Record) -> Damage | None:
    """The number of somebody of another household in which no name is anything like the written
    one."""
    other = int(r.rng.integers(0, len(r.census.numbers)))
    home = r.census.household(other)
    own = set(bare_name(r.name))
    if r.person in home or any(own & set(bare_name(r.census.names[p])) for p in home):
        return None
    return Damage(number=str(r.census.numbers[other]), expect="review")


def _homophone(r: Record) -> Damage | None:
    able = [n for n, char in enumerate(r.name) if n > 0 and char in OTHER_WRITING]
    at = able[int(r.rng.integers(0, len(able)))]
    written = r.name[:at] + r.pick(*OTHER_WRITING[r.name[at]]) + r.name[at + 1 :]
    if r.census.bearers(written):
        return None  # somebody bears that name: another kind of mistake
    if r.department == "water":
        told_apart = r.census.alone_by_sound(r.person) or r.phone != ""
        return Damage(name=written, expect="either" if told_apart else "review")
    return Damage(name=written)


def _lost(r: Record) -> Damage:
    able = [n for n, char in enumerate(r.name) if n > 0 and char != "·"]
    at = able[int(r.rng.integers(0, len(able)))]
    return Damage(name=r.name[:at] + "?" + r.name[at + 1 :])


def _space(r: Record) -> Damage:
    return Damage(name=r.name[0] + r.pick(" ", "  ", "\u3000") + r.name[1:])


def _trailing(r: Record) -> Damage:
    return Damage(name=r.name + r.pick(" ", "\u3000", "\u200b"))


def _dot(r: Record) -> Damage:
    return Damage(name=r.name.replace("·", r.pick("•", ".", "．", "。", "・", "", " ")))


KINDS: dict[str, Callable[[Record], Damage | None]] = {
    "format": _format,
    "typo": _typo,
    "swap": _swap,
    "masked": _masked,
    "cut": _cut,
    "float": _float,
    "certificate": _certificate,
    "old15": _old15,
    "missing": _missing,
    "relative's id": _relative,
    "stranger": _stranger,
    "homophone": _homophone,
    "lost": _lost,
    "space": _space,
    "trailing": _trailing,
    "dot": _dot,
}
"""What each kind does to a record; None where it cannot be done to this one."""
