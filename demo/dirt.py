"""What goes wrong when identities are written down, and what a careful clerk could still make of
each row.

Two steps. `expected` says of a clean row what the handbook's matching table asks for; `soil`
damages some rows and says it anew. Every row gets ``written_name`` and ``written_id`` (text, or a
float where a spreadsheet made it one), ``expect`` (match, either, review, none, reject, duplicate),
``defect`` (what was done to it) and ``spoil`` (what is wrong with its values, for `layouts` to
write). "Either" stands where both matching and asking can be defended.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from demo.census import Census
from demo.damage import KINDS, Record
from demo.names import OTHER_WRITING
from demo.people import Array, Generator

SHARES = {
    "format": 0.024,
    "typo": 0.009,
    "swap": 0.005,
    "masked": 0.005,
    "cut": 0.003,
    "float": 0.008,
    "certificate": 0.003,
    "old15": 0.002,
    "missing": 0.006,
    "relative's id": 0.003,
    "stranger": 0.002,
    "homophone": 0.003,
    "lost": 0.0015,
    "space": 0.005,
    "trailing": 0.006,
    "dot": 0.003,
}
"""Shares of rows with each kind of damage, for datasets that carry identity numbers."""

NAME_SHARES = {"space": 0.01, "trailing": 0.015, "dot": 0.004, "homophone": 0.006}
"""The same for the water ledger, which has names only."""

SPOILS = {
    "medical_insurance": {
        "text": 0.0015,
        "sum": 0.0015,
        "order": 0.0015,
        "future": 0.0015,
        "unknown value": 0.001,
    },
    "civil_affairs": {"text": 0.008, "unknown value": 0.006},
    "education": {"unknown value": 0.003, "text": 0.0015},
    "housing": {"text": 0.005, "unknown value": 0.003},
    "water": {"range": 0.005, "text": 0.002},
    "emergency": {"text": 0.03, "range": 0.01, "future": 0.01, "unknown value": 0.01},
    "disabled": {"unknown value": 0.03, "future": 0.01},
}
"""Shares of rows whose values cannot be accepted, or (an unknown value) say nothing; beside them
``no identity``, everywhere."""

NO_IDENTITY = 0.0015
WRITTEN = ("written_name", "written_id", "expect", "defect", "spoil")
DUPLICATES = 0.004


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
        rows["expect"] = census.without_number(
            rows["person"].to_numpy(), (rows["phone"] != "").to_numpy()
        )
    else:
        rows["written_id"] = rows["id_number"].astype(object)
    return rows


def soil(
    rows: pd.DataFrame, department: str, census: Census, in_cells: bool, rng: Generator
) -> pd.DataFrame:
    """Damage some rows (`expected` ones), repeat some. ``in_cells``: a number can be a number cell
    (not in a csv)."""
    columns = {name: rows[name].to_numpy(dtype=object).copy() for name in WRITTEN}
    persons, names = rows["person"].to_numpy(), rows["name"].tolist()
    phones = rows["phone"].tolist() if "phone" in rows else [""] * len(rows)
    free = (persons >= 0) & ~rows["firm"].to_numpy()
    fits = _fitting(rows, census)

    def take(kind: str, share: float) -> Array:
        """Rows drawn at random among those that nothing has happened to yet."""
        count = math.floor(share * len(rows) + rng.random())
        return rng.permutation(np.flatnonzero(free & fits.get(kind, True)))[:count]

    for kind, share in (NAME_SHARES if department == "water" else SHARES).items():
        for row in take(kind, share).tolist():
            damage = KINDS[kind](
                Record(census, rng, department, in_cells, persons[row], names[row], phones[row])
            )
            if damage is not None:
                free[row] = False
                defect = (
                    "homophone, no id" if department == "water" and kind == "homophone" else kind
                )
                for column, value in zip(WRITTEN, (*damage, defect), strict=False):
                    columns[column][row] = columns[column][row] if value is None else value
    limit = len(rows) // 20
    for kind, share in {**SPOILS[department], "no identity": NO_IDENTITY}.items():
        chosen = take(kind, share)[:limit]
        limit -= len(chosen)
        free[chosen] = False
        columns["spoil"][chosen] = columns["defect"][chosen] = kind
        columns["expect"][chosen] = "either" if kind == "unknown value" else "reject"
        if kind == "no identity":
            columns["written_name"][chosen] = columns["written_id"][chosen] = ""
    kinds = {
        "expect": "str",
        "defect": "str",
        "spoil": "str",
    }  # a number may be a float among texts
    written = {
        name: pd.Series(values, dtype=kinds.get(name, "object")) for name, values in columns.items()
    }
    return _repeat(rows.assign(**written), rng)


def _fitting(rows: pd.DataFrame, census: Census) -> dict[str, Array]:
    """To which rows a kind of damage can be done, where not to every one."""
    person, names = np.maximum(rows["person"].to_numpy(), 0), rows["name"]
    dotted = names.str.contains("·", regex=False).to_numpy()
    heard = names.map(lambda name: any(c in OTHER_WRITING for c in name[1:])).to_numpy(dtype=bool)
    return {
        "dot": dotted,
        "homophone": heard & ~dotted,
        "lost": (names.str.len() >= 3).to_numpy(),
        "old15": np.array([n[6:8] == "19" for n in census.numbers[person]]),
        "relative's id": census.sizes[person] > 1,
    }


def _repeat(rows: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Repeat some rows: half of them right below, the others at the foot."""
    able = np.flatnonzero((rows["spoil"] == "").to_numpy() & ~rows["firm"].to_numpy())
    chosen = rng.permutation(able)[: math.ceil(DUPLICATES * len(rows))]
    again = rows.iloc[chosen].copy()
    again["expect"] = "duplicate"
    place = np.where(
        rng.random(len(chosen)) < 0.5, chosen + 0.5, len(rows) + np.arange(len(chosen))
    )
    order = np.argsort(np.concatenate([np.arange(len(rows)), place]), kind="stable")
    return pd.concat([rows, again], ignore_index=True).iloc[order].reset_index(drop=True)
