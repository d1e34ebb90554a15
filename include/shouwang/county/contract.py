"""A department's contract (数据约定): which columns its export has, how it words them, and what may
stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from shouwang.core.digests import short_digest
from shouwang.core.errors import ConfigError
from shouwang.core.month import Month
from shouwang.county.yamls import Problem, Strict, Written, read_model

SHIPPED = Path(__file__).resolve().parents[2] / "county"
ColumnType = Literal[
    "text", "name", "identity", "phone", "code", "yuan", "number", "integer", "date"
]
NUMBERS: frozenset[str] = frozenset({"yuan", "number", "integer"})
REGISTRY = "registry"
BY_CELLS = "@cells"
"""In a line of words: where a heading holds none of them, the cells may say it (``入院``)."""
RESERVED: frozenset[str] = frozenset(
    [
        *("file", "sheet", "row", "line_no", "row_id", "submission_id", "submission_month"),
        *("id_state", "unreadable", "unknown", "unbalanced", "correction", "batch"),
        *("verdict", "reason", "bad_columns"),
        *("outcome", "household_id", "person_id", "method", "confidence", "candidates"),
    ]
)
"""Columns that a reading gains on its way through the workspace: a contract's own may not bear
these names."""


class Column(Strict):
    """One canonical column: its type, whether the file must have it, and the header wordings it is
    known by.

    ``says``: an unlisted heading may be this column if it holds a word of each line, and none
    of ``excludes``; a word of ``doubts`` names somebody else whom a row may be about, or
    leaves it to a question. ``values``: code → its spellings; ``words``: a value that is no
    spelling is the first code of which it holds a word. ``unknown``: words (不详) with which an
    empty cell may be said; elsewhere they are no date, number or value. ``meaningless``:
    values of which a clerk has said that they lead to no code, not asked about again;
    ``unclear``: words in a value that point to more than one code, so that it is asked.
    ``range``: least and largest number (of days: year); ``unit``: what a number is counted in;
    ``only_month``: what a date says that gives no day: the first of the month, that it is not
    known, or a mistake; ``usual``: how large most numbers are in that unit, where others are
    thinkable; ``ages``: of the people of an identity column; ``several``: cells of several
    columns add up to it.
    """

    type: ColumnType
    required: bool = False
    wordings: tuple[str, ...] = ()
    says: tuple[tuple[str, ...], ...] = ()
    excludes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    meaningless: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    unit: Literal["升", "分钟", "米", "天"] | None = None
    usual: tuple[float, float] | None = None
    only_month: Literal["first", "unknown", "error"] = "first"
    ages: tuple[int, int] | None = None
    several: bool = False

    @model_validator(mode="after")
    def _codes_need_values(self) -> Column:
        if (self.type == "code") != bool(self.values):
            raise ValueError("a column of type code lists its values, and only such a column does")
        if strange := sorted(set(self.words) - set(self.values)):
            raise ValueError(f"words lead to {', '.join(strange)}, which is not among the values")
        return self


class Derived(Strict):
    """A helper column for the suite: the cells of ``plus`` less the cells of ``minus``, an empty
    one as nothing."""

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


class Balance(Strict):
    """What adds up: ``total`` is the sum of ``parts`` within a yuan; holds where all of ``given``
    are in the file."""

    total: str
    parts: tuple[str, ...]
    given: tuple[str, ...] = ()


class Cadence(Strict):
    """The calendar months whose data are handed over: ``{months: [3, 9]}``, ``quarter``, or ``on
    arrival`` (none: never missing, never late)."""

    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = tuple(range(1, 13))

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, written: object) -> object:
        names: dict[object, tuple[int, ...]] = {"quarter": (3, 6, 9, 12), "on arrival": ()}
        if isinstance(written, dict) and written.get("months") == []:
            raise ValueError("months lists none; write `cadence: on arrival`")
        return (
            {"months": names[written]} if isinstance(written, str) and written in names else written
        )


class Contract(Strict):
    """What one department hands over, and how it is read.

    ``cadence``: when its data come; ``submissions``: whether each is the whole month or adds
    to those before it. ``ignored`` are headings that are known and not needed; any other that
    has no column is told to the department. ``subjects``: whom its rows are about.
    ``balances`` and ``ascending``: what its numbers and days must keep to. ``any_of``: one
    column of each group is enough. ``second_identity``: a column of text that holds the
    identity number too (学籍号), used where that is missing or damaged. ``void``: column → the
    value that takes a row back. ``empty``, ``asked_last`` and ``surnames`` come from the
    vocabulary; ``sums_as_they_are`` and ``units`` (heading or note → the unit it stands for)
    from a clerk's answers.
    """

    department: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    dataset: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    dataset_title: str
    contact: str = ""
    cadence: Cadence = Cadence()
    submissions: Literal["whole", "additions"] = "whole"
    key: tuple[str, ...] = ()
    columns: dict[str, Column]
    ignored: tuple[str, ...] = ("序号", "备注")
    derived: dict[str, Derived] = Field(default_factory=dict)
    subjects: tuple[str, ...] = ()
    balances: tuple[Balance, ...] = ()
    ascending: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    second_identity: str | None = None
    empty: tuple[str, ...] = ()
    asked_last: tuple[str, ...] = ()
    surnames: str = ""
    sums_as_they_are: bool = False
    units: dict[str, str] = Field(default_factory=dict)
    void: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_exist(self) -> Contract:
        ours = RESERVED - ({"household_id"} if self.department == REGISTRY else set())
        for name in [*self.columns, *self.derived]:
            if name in ours:
                raise ValueError(f"columns.{name}: a name of our own; call the column otherwise")
            if not re.fullmatch(r"[^\W_]\w*", name):
                raise ValueError(
                    f"columns.{name}: a name has letters, digits and _ only, no _ at its beginning"
                )
        named = [("key", self.key), ("ascending", self.ascending), ("void", tuple(self.void))]
        named += [(f"derived.{k}", v.plus + v.minus) for k, v in self.derived.items()]
        named += [("balances", (b.total, *b.parts, *b.given)) for b in self.balances]
        named += [("any_of", group) for group in self.any_of]
        named += [("second_identity", (self.second_identity,))] if self.second_identity else []
        for what, names in named:
            unknown = [name for name in names if name not in self.columns]
            if unknown:
                raise ValueError(
                    f"{what} names {', '.join(unknown)}, which is not among the columns"
                )
        for name, code in self.void.items():
            if code not in self.columns[name].values:
                raise ValueError(f"void.{name}: {code} is not among the values of the column")
        if "name" not in self.columns:
            raise ValueError("columns must hold “name”: nobody can be matched without it")
        seen: dict[str, str] = {}
        for name, column in self.columns.items():
            if not column.wordings:
                raise ValueError(f"columns.{name} has no header wordings, here or in wordings.yaml")
            for wording in column.wordings:
                if seen.setdefault(wording, name) != name:
                    raise ValueError(
                        f"the wording {wording} belongs to {seen[wording]} and to {name}"
                    )
        return self

    @property
    def slug(self) -> str:
        """``department.dataset``, as suites and records are keyed."""
        return f"{self.department}.{self.dataset}"

    @property
    def has_identity(self) -> bool:
        """Whether the export carries identity numbers."""
        return "id_number" in self.columns

    @property
    def on_arrival(self) -> bool:
        """Whether nobody waits for this dataset."""
        return not self.cadence.months

    @property
    def adds(self) -> bool:
        """Whether what comes later adds to a month, and does not replace it."""
        return self.submissions == "additions"

    def due(self, month: Month) -> bool:
        """Whether this department hands over data of that month."""
        return month.number in self.cadence.months

    def fingerprint(self) -> str:
        """Sixteen characters that change with anything in the contract."""
        return short_digest(self.model_dump_json())


class Said(Strict):
    """How an unlisted heading says a column (see `Column`)."""

    says: tuple[tuple[str, ...], ...] = ()
    excludes: tuple[str, ...] = ()


class Vocabulary(Strict):
    """``vocabulary.yaml``: what the words in a heading say; ``@list`` in a column stands for a
    list's words."""

    lists: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    empty: tuple[str, ...] = ()
    asked_last: tuple[str, ...] = ()
    columns: dict[str, Said] = Field(default_factory=dict)
    surnames: str = ""

    def words(self, written: Iterable[str]) -> list[str]:
        """Words with those of the lists in place of ``@list``; `ValueError` for a list that is not
        there."""
        spelt: list[str] = []
        for word in written:
            is_list = word.startswith("@") and word != BY_CELLS
            if is_list and word[1:] not in self.lists:
                raise ValueError(f"{word} is no list of vocabulary.yaml")
            spelt += self.lists[word[1:]] if is_list else [word]
        return spelt


def read_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a county; of one that has none, the one that we ship."""
    own = folder / "vocabulary.yaml"
    return read_model(Written(own if own.exists() else SHIPPED / "vocabulary.yaml"), Vocabulary)


def read_contract(
    path: Path, shared: dict[str, list[str]], vocabulary: Vocabulary | None = None
) -> Contract:
    """One contract file, with the shared header wordings and what headings say added to its own."""
    written = Written(path)
    vocabulary = vocabulary or read_vocabulary(path.resolve().parent.parent)
    columns = written.keys.get("columns")
    for name, column in columns.items() if isinstance(columns, dict) else ():
        if isinstance(column, dict) and isinstance(own := column.get("wordings") or [], list):
            column["wordings"] = [
                *shared.get(name, []),
                *(w for w in own if w not in shared.get(name, [])),
            ]
    contract = read_model(written, Contract)
    try:
        spoken = {
            name: _spoken(name, column, contract, vocabulary)
            for name, column in contract.columns.items()
        }
    except ValueError as error:
        raise ConfigError(
            f"{path.name}: {error}; the lists are {', '.join(vocabulary.lists)}."
        ) from None
    return contract.model_copy(
        update={
            "columns": spoken,
            **vocabulary.model_dump(include={"empty", "asked_last", "surnames"}),
        }
    )


def _spoken(name: str, column: Column, contract: Contract, vocabulary: Vocabulary) -> Column:
    """A column with all the words that say it; of another person's, none that its contract has for
    its own."""
    said = vocabulary.columns.get(name, Said())
    excludes, doubts = vocabulary.words([*said.excludes, *column.excludes]), list(column.doubts)
    if column.type in ("name", "identity", "phone"):
        doubts += [role for role in vocabulary.words(["@roles"]) if role not in contract.subjects]
    says = tuple(tuple(vocabulary.words(line)) for line in column.says or said.says)
    spoken = {"says": says, "excludes": tuple(dict.fromkeys(excludes)), "doubts": tuple(doubts)}
    return column.model_copy(update=spoken)


def read_wordings(folder: Path) -> dict[str, list[str]]:
    """The header wordings that departments share, by column."""
    written = Written(folder / "wordings.yaml")
    for name, wordings in written.keys.items():
        if not isinstance(wordings, list) or not all(isinstance(word, str) for word in wordings):
            raise ConfigError(
                written.told(
                    Problem((name,), "something else", "a list of header wordings, each a text")
                )
            )
    return written.keys


def read_contracts(folder: Path) -> dict[str, Contract]:
    """Every department's contract under ``departments/``, keyed by department, in alphabetical
    order."""
    shared = read_wordings(folder)
    contracts = {}
    vocabulary = read_vocabulary(folder)
    for path in sorted((folder / "departments").glob("*.yaml")):
        contract = read_contract(path, shared, vocabulary)
        if contract.department != path.stem:
            name = contract.department
            raise ConfigError(f"{path}: department is “{name}”; name the file {name}.yaml.")
        contracts[contract.department] = contract
    if not contracts:
        raise ConfigError(
            f"{folder / 'departments'} holds no contract; add one YAML file a department."
        )
    return contracts
