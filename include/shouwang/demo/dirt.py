"""What goes wrong when identities are written down, and what a careful clerk could still make of each row.

Two steps. `expected` says of a clean row what the handbook's matching table asks for; `soil` damages some rows and
says it anew. Every row gets ``written_name`` and ``written_id`` (text, or a float where a spreadsheet made it one),
``expect`` (match, either, review, none, reject, duplicate), ``defect`` (what was done to it) and ``spoil`` (what is
wrong with its values, for `layouts` to write). "Either" stands where both matching and asking can be defended.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from shouwang.demo.census import Census, differ_by_a_slip
from shouwang.demo.names import OTHER_WRITING, bare_name
from shouwang.demo.people import Array, Generator

SHARES = {
    "format": 0.024, "typo": 0.009, "swap": 0.005, "masked": 0.005, "cut": 0.003, "float": 0.008, "certificate": 0.003,
    "old15": 0.002, "missing": 0.006, "relative's id": 0.003, "stranger": 0.002, "homophone": 0.003, "lost": 0.0015,
    "space": 0.005, "trailing": 0.006, "dot": 0.003,
}  # fmt: skip
"""Shares of rows with each kind of damage, for datasets that carry identity numbers."""

NAME_SHARES = {"space": 0.01, "trailing": 0.015, "dot": 0.004, "homophone": 0.006}
"""The same for the water ledger, which has names only."""

SPOILS = {
    "medical_insurance": {"text": 0.0015, "sum": 0.0015, "order": 0.0015, "future": 0.0015, "unknown value": 0.001},
    "civil_affairs": {"text": 0.008, "unknown value": 0.006},
    "education": {"unknown value": 0.003, "text": 0.0015},
    "housing": {"unknown value": 0.005},
    "water": {"range": 0.005, "text": 0.002},
}
"""Shares of rows whose values cannot be accepted; beside them ``no identity``, everywhere."""

NO_IDENTITY = 0.0015
DUPLICATES = 0.004
NOTHING = ("", "", "无", "-", "/", "暂无")


def expected(rows: pd.DataFrame, department: str, census: Census) -> pd.DataFrame:
    """The clean rows with their identity as written and what is expected of them."""
    rows = rows.copy()
    rows["written_name"] = rows["name"].astype(object)
    rows["expect"] = np.where(rows["person"] >= 0, "match", "none")
    rows["defect"] = np.where(rows["person"] >= 0, "", "outsider")
    rows["spoil"] = ""
    if department == "water":
        rows["defect"] = "no id"
        rows["written_id"] = ""
        rows["expect"] = census.without_number(rows["person"].to_numpy(), (rows["phone"] != "").to_numpy())
    else:
        rows["written_id"] = rows["id_number"].astype(object)
    return rows


def soil(rows: pd.DataFrame, department: str, census: Census, in_cells: bool, rng: Generator) -> pd.DataFrame:
    """Damage some rows (`expected` ones), repeat some. ``in_cells``: a number can be a number cell (not in a csv)."""
    rows = rows.copy()
    shares = NAME_SHARES if department == "water" else SHARES
    free = _Free(rows, census, rng)
    for kind, share in shares.items():
        for row in free.take(kind, share).tolist():
            damage = _DAMAGE[kind](_Record(rows, row, department, census, in_cells, rng))
            if damage is not None:
                free.free[row] = False
                _write(rows, row, damage, kind, department)
    limit = len(rows) // 20
    for kind, share in {**SPOILS[department], "no identity": NO_IDENTITY}.items():
        chosen = free.take(kind, share)[:limit]
        limit -= len(chosen)
        rows.loc[chosen, "spoil"] = rows.loc[chosen, "defect"] = kind
        rows.loc[chosen, "expect"] = "reject"
        if kind == "no identity":
            rows.loc[chosen, ["written_name", "written_id"]] = ""
        free.free[chosen] = False
    return _repeat(rows, rng)


def _repeat(rows: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Repeat some rows: half of them right below, the others at the foot."""
    able = np.flatnonzero((rows["expect"] != "reject").to_numpy() & ~rows["firm"].to_numpy())
    chosen = rng.permutation(able)[: math.ceil(DUPLICATES * len(rows))]
    again = rows.iloc[chosen].copy()
    again["expect"] = "duplicate"
    place = np.where(rng.random(len(chosen)) < 0.5, chosen + 0.5, len(rows) + np.arange(len(chosen)))
    order = np.argsort(np.concatenate([np.arange(len(rows)), place]), kind="stable")
    return pd.concat([rows, again], ignore_index=True).iloc[order].reset_index(drop=True)


class _Free:
    """The rows that nothing has happened to yet, drawn at random for each kind of damage."""

    def __init__(self, rows: pd.DataFrame, census: Census, rng: Generator) -> None:
        known = (rows["person"] >= 0).to_numpy()
        person = rows["person"].to_numpy()
        self.free = known & ~rows["firm"].to_numpy()
        self.rng, self.count = rng, len(rows)
        names = rows["name"]
        number = census.numbers[np.where(known, person, 0)]
        self.fits = {
            "dot": names.str.contains("·", regex=False).to_numpy(),
            "homophone": (names.map(lambda name: any(c in OTHER_WRITING for c in name[1:]))).to_numpy(dtype=bool)
            & ~names.str.contains("·", regex=False).to_numpy(),
            "lost": (names.str.len() >= 3).to_numpy(),
            "old15": np.array([n[6:8] == "19" for n in number]),
            "relative's id": census.sizes[np.where(known, person, 0)] > 1,
        }

    def take(self, kind: str, share: float) -> Array:
        able = np.flatnonzero(self.free & self.fits.get(kind, True))
        count = math.floor(share * self.count + self.rng.random())
        return self.rng.permutation(able)[:count]


@dataclass(frozen=True)
class _Record:
    """One row on its way to being damaged."""

    rows: pd.DataFrame
    row: int
    department: str
    census: Census
    in_cells: bool
    rng: Generator

    @property
    def person(self) -> int:
        return int(self.rows["person"].iloc[self.row])

    @property
    def name(self) -> str:
        return str(self.rows["name"].iloc[self.row])

    @property
    def has_village(self) -> bool:
        return self.department in ("civil_affairs", "housing")

    @property
    def number(self) -> str:
        return str(self.census.numbers[self.person])

    def pick(self, *choices: str) -> str:
        return choices[int(self.rng.integers(0, len(choices)))]

    def if_only(self, fitting: list[int]) -> str:
        """A match where exactly this person fits what is left of the number; otherwise a clerk would ask."""
        return "match" if fitting == [self.person] else "review"


@dataclass(frozen=True)
class _Damage:
    """What is written instead, and what is expected now (None: as before)."""

    name: str | None = None
    number: str | float | None = None
    expect: str | None = None


def _write(rows: pd.DataFrame, row: int, damage: _Damage, kind: str, department: str) -> None:
    if damage.name is not None:
        rows.loc[row, "written_name"] = damage.name
    if damage.number is not None:
        rows.loc[row, "written_id"] = damage.number
    if damage.expect is not None:
        rows.loc[row, "expect"] = damage.expect
    rows.loc[row, "defect"] = "homophone, no id" if kind == "homophone" and department == "water" else kind


def _format(r: _Record) -> _Damage:
    number = r.number
    full_width = number.translate({ord(c): chr(ord(c) + 0xFEE0) for c in "0123456789X"})
    spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
    shapes = [spaced, f" {number}", f"{number}  ", f"\u3000{number}", full_width, f"\t{number}", f"'{number}",
              f"{number}\u200b", f"\ufeff{number}", f'="{number}"', f"\u00a0{number}"]  # fmt: skip
    if number.endswith("X"):
        shapes += [number.lower()] * 8
    return _Damage(number=r.pick(*shapes))


def _typo(r: _Record) -> _Damage:
    place = int(r.rng.integers(3, 17))
    digit = str((int(r.number[place]) + int(r.rng.integers(1, 10))) % 10)
    written = r.number[:place] + digit + r.number[place + 1 :]
    return _Damage(number=written, expect=r.if_only(r.census.of_name(r.name, lambda n: differ_by_a_slip(n, written))))


def _swap(r: _Record) -> _Damage | None:
    able = [n for n in range(6, 16) if r.number[n] != r.number[n + 1]]
    if not able:
        return None
    at = able[int(r.rng.integers(0, len(able)))]
    written = r.number[:at] + r.number[at + 1] + r.number[at] + r.number[at + 2 :]
    return _Damage(number=written, expect=r.if_only(r.census.of_name(r.name, lambda n: differ_by_a_slip(n, written))))


def _masked(r: _Record) -> _Damage:
    head, tail = r.number[:6], r.number[14:]
    fitting = r.census.of_name(r.name, lambda n: n.startswith(head) and n.endswith(tail))
    return _Damage(number=f"{head}{'*' * 8}{tail}", expect=r.if_only(fitting))


def _cut(r: _Record) -> _Damage:
    left = r.number[: -int(r.pick("1", "2", "4"))]
    return _Damage(number=left, expect=r.if_only(r.census.of_name(r.name, lambda n: n.startswith(left))))


def _float(r: _Record) -> _Damage:
    """A spreadsheet kept 15 digits; in a csv it wrote them as a power of ten, or filled up with zeros.

    The zeros look like digits, and five or six places of a power of ten leave much unsaid: a clerk may ask.
    """
    kept = r.number[:15]
    only = r.if_only(r.census.of_name(r.name, lambda n: n.startswith(kept)))
    if r.in_cells:
        return _Damage(number=float(int(kept) * 1000), expect=only)
    shape = r.pick("power", "power", "zeros", "short")
    if shape == "power":
        return _Damage(number=f"{kept[0]}.{kept[1:].rstrip('0')}E+17", expect=only)
    perhaps = "either" if only == "match" else "review"
    if shape == "zeros":
        return _Damage(number=kept + "000", expect=perhaps)
    return _Damage(number=f"{kept[0]}.{kept[1:6]}E+17", expect=r.census.name_in_township(r.person, r.has_village))


def _certificate(r: _Record) -> _Damage:
    extra = f"{r.rng.integers(1, 8)}{r.rng.integers(1, 5)}"
    return _Damage(number=r.number + extra + r.pick("", "B1"))


def _old15(r: _Record) -> _Damage:
    return _Damage(number=r.number[:6] + r.number[8:17])


def _missing(r: _Record) -> _Damage:
    """No number: the village decides where it is given; with a township only, a unique name may do or not."""
    if r.has_village:
        expect = str(r.census.without_number(np.array([r.person]), np.array([False]))[0])
    else:
        expect = r.census.name_in_township(r.person, False)
    return _Damage(number=r.pick(*NOTHING), expect=expect)


def _relative(r: _Record) -> _Damage:
    """A child under its parent's number: matched to the named member."""
    others = [p for p in r.census.household(r.person) if p != r.person]
    return _Damage(number=str(r.census.numbers[others[int(r.rng.integers(0, len(others)))]]))


def _stranger(r: _Record) -> _Damage | None:
    """The number of somebody of another household in which no name is anything like the written one."""
    other = int(r.rng.integers(0, len(r.census.numbers)))
    home = r.census.household(other)
    own = set(bare_name(r.name))
    if r.person in home or any(own & set(bare_name(r.census.names[p])) for p in home):
        return None
    return _Damage(number=str(r.census.numbers[other]), expect="review")


def _homophone(r: _Record) -> _Damage | None:
    able = [n for n, char in enumerate(r.name) if n > 0 and char in OTHER_WRITING]
    at = able[int(r.rng.integers(0, len(able)))]
    written = r.name[:at] + r.pick(*OTHER_WRITING[r.name[at]]) + r.name[at + 1 :]
    if r.census.bearers(written):
        return None  # somebody bears that name: another kind of mistake
    if r.department == "water":
        return _Damage(name=written, expect="either" if r.census.alone_by_sound(r.person) else "review")
    return _Damage(name=written)


def _lost(r: _Record) -> _Damage:
    able = [n for n, char in enumerate(r.name) if n > 0 and char != "·"]
    at = able[int(r.rng.integers(0, len(able)))]
    return _Damage(name=r.name[:at] + "?" + r.name[at + 1 :])


def _space(r: _Record) -> _Damage:
    return _Damage(name=r.name[0] + r.pick(" ", "  ", "\u3000") + r.name[1:])


def _trailing(r: _Record) -> _Damage:
    return _Damage(name=r.name + r.pick(" ", "\u3000", "\u200b"))


def _dot(r: _Record) -> _Damage:
    return _Damage(name=r.name.replace("·", r.pick("•", ".", "．", "。", "・", "", " ")))


_DAMAGE = {
    "format": _format, "typo": _typo, "swap": _swap, "masked": _masked, "cut": _cut, "float": _float,
    "certificate": _certificate, "old15": _old15, "missing": _missing, "relative's id": _relative,
    "stranger": _stranger, "homophone": _homophone, "lost": _lost, "space": _space, "trailing": _trailing, "dot": _dot,
}  # fmt: skip
