"""A department's contract (数据约定): which columns its export has, how it words them, and what may stand in them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from shouwang.county.yamls import Problem, Strict, Written, read_model
from shouwang.errors import ConfigError
from shouwang.month import Month

ColumnType = Literal["text", "name", "identity", "phone", "code", "yuan", "number", "integer", "date"]
NUMBERS: frozenset[str] = frozenset({"yuan", "number", "integer"})


class Column(Strict):
    """One canonical column: its type, whether the file must have it, and the header wordings it is known by.

    ``unknown``: words (不详) with which an empty cell may be said; elsewhere they are no date, number or value.
    """

    type: ColumnType
    required: bool = False
    wordings: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _codes_need_values(self) -> Column:
        if (self.type == "code") != bool(self.values):
            raise ValueError("a column of type code lists its values, and only such a column does")
        return self


class Derived(Strict):
    """A helper column for the suite: the cells of ``plus`` less the cells of ``minus``, an empty one as nothing."""

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


class Cadence(Strict):
    """The calendar months whose data are handed over."""

    months: tuple[int, ...] = tuple(range(1, 13))


class Contract(Strict):
    """What one department hands over, and how it is read.

    ``ignored`` are headings that are known and not needed; any other that has no column is told to the department.
    """

    department: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    dataset: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    dataset_title: str
    contact: str = ""
    cadence: Cadence = Cadence()
    key: tuple[str, ...] = ()
    columns: dict[str, Column]
    ignored: tuple[str, ...] = ("序号", "备注")
    derived: dict[str, Derived] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_exist(self) -> Contract:
        for what, names in [("key", self.key), *((f"derived.{k}", v.plus + v.minus) for k, v in self.derived.items())]:
            unknown = [name for name in names if name not in self.columns]
            if unknown:
                raise ValueError(f"{what} names {', '.join(unknown)}, which is not among the columns")
        if "name" not in self.columns:
            raise ValueError("columns must hold “name”: nobody can be matched without it")
        seen: dict[str, str] = {}
        for name, column in self.columns.items():
            if not column.wordings:
                raise ValueError(f"columns.{name} has no header wordings, here or in wordings.yaml")
            for wording in column.wordings:
                if seen.setdefault(wording, name) != name:
                    raise ValueError(f"the wording {wording} belongs to {seen[wording]} and to {name}")
        return self

    @property
    def slug(self) -> str:
        """``department.dataset``, as suites and records are keyed."""
        return f"{self.department}.{self.dataset}"

    @property
    def has_identity(self) -> bool:
        """Whether the export carries identity numbers."""
        return "id_number" in self.columns

    def due(self, month: Month) -> bool:
        """Whether this department hands over data of that month."""
        return month.number in self.cadence.months

    def fingerprint(self) -> str:
        """Sixteen characters that change with anything in the contract."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def read_contract(path: Path, shared: dict[str, list[str]]) -> Contract:
    """One contract file, with the shared header wordings added to its own."""
    written = Written(path)
    columns = written.keys.get("columns")
    for name, column in columns.items() if isinstance(columns, dict) else ():
        if isinstance(column, dict) and isinstance(own := column.get("wordings") or [], list):
            column["wordings"] = [*shared.get(name, []), *(w for w in own if w not in shared.get(name, []))]
    return read_model(written, Contract)


def read_wordings(folder: Path) -> dict[str, list[str]]:
    """The header wordings that departments share, by column."""
    written = Written(folder / "wordings.yaml")
    for name, wordings in written.keys.items():
        if not isinstance(wordings, list) or not all(isinstance(word, str) for word in wordings):
            raise ConfigError(
                written.told(Problem((name,), "something else", "a list of header wordings, each a text"))
            )
    return written.keys


def read_contracts(folder: Path) -> dict[str, Contract]:
    """Every department's contract under ``departments/``, keyed by department, in alphabetical order."""
    shared = read_wordings(folder)
    contracts = {}
    for path in sorted((folder / "departments").glob("*.yaml")):
        contract = read_contract(path, shared)
        if contract.department != path.stem:
            raise ConfigError(
                f"{path}: department is “{contract.department}”; name the file {contract.department}.yaml."
            )
        contracts[contract.department] = contract
    if not contracts:
        raise ConfigError(f"{folder / 'departments'} holds no contract; add one YAML file a department.")
    return contracts
