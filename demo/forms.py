"""What each department hands over (``forms.yaml``), and what spoils a row of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from shouwang.county.yamls import read_yaml

Cell = str | int | float | dt.date | None


@dataclass(frozen=True)
class Column:
    """A canonical column: what it is called, and which kind of cell it holds."""

    name: str
    wordings: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Form:
    """The title of a department's file and its columns; ``spoilt``: columns and values that spoil a
    row, by kind."""

    title: str
    office: str
    columns: tuple[Column, ...]
    spoilt: dict[str, dict[str, list[Cell]]]


def _columns(written: dict[str, str]) -> tuple[Column, ...]:
    return tuple(
        Column(name, tuple(words), kind)
        for name, text in written.items()
        for kind, *words in [text.split()]
    )


FORMS = {
    department: Form(form["title"], form["office"], _columns(form["columns"]), form["spoilt"])
    for department, form in read_yaml(Path(__file__).with_name("forms.yaml")).items()
}
