"""What a run leaves behind in logs, Airflow's database and file names, searched for people."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineWorkbook

ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
BETWEEN_DIGITS = re.compile(r"(?<=\d)[ \-]{1,2}(?=\d)")
LONG_NUMBER = re.compile(r"\d{11,}[Xx]?")


@dataclass(frozen=True)
class People:
    """What must not be found: names, and numbers (identity and telephone) as digits.

    ``ordinary`` are the names that also occur in what the product says by itself, or in a village's
    or township's name: finding them proves nothing.
    """

    names: frozenset[str]
    numbers: frozenset[str]
    ordinary: frozenset[str]


def people_of(county: Path, texts: Iterable[str]) -> People:
    """Everybody in a made-up county's registry, and everything that departments wrote about people.

    ``texts`` say what is ordinary.
    """
    names, numbers, places = set(), set(), set()
    (registry,) = (county / "registry").iterdir()
    header, *rows = CalamineWorkbook.from_path(str(registry)).get_sheet_by_index(0).to_python()
    for row in (dict(zip(header, map(str, values), strict=True)) for values in rows):
        names.add(row["姓名"])
        numbers |= {row["证件号码"], row["联系电话"]}
        places |= {row["乡镇"], row["行政村"]}
    with (county / "truth" / "identities.csv").open(encoding="utf-8", newline="") as file:
        for written in csv.DictReader(file):
            names.add(written["name"].strip())
            numbers |= {written["id"], written["phone"]}
    names = {name for name in names if len(name) > 1}
    ordinary_text = "\n".join([*places, *texts])
    ordinary = frozenset(name for name in names if name in ordinary_text)
    digits = (
        LONG_NUMBER.fullmatch(BETWEEN_DIGITS.sub("", number.strip().strip("'")))
        for number in numbers
    )
    return People(
        names=frozenset(names - ordinary),
        numbers=frozenset(found[0].upper() for found in digits if found),
        ordinary=ordinary,
    )


def found_in(text: str, people: People) -> set[str]:
    """Who is named in a text, also when it is written as JSON or with gaps between its digits."""
    plain = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    speaking = "\n".join({line for line in plain.splitlines() if not line.isascii()})
    runs = "\n".join(
        {
            run
            for form in (plain, BETWEEN_DIGITS.sub("", plain))
            for run in LONG_NUMBER.findall(form)
        }
    )
    return {name for name in people.names if name in speaking} | {
        n for n in people.numbers if n in runs.upper()
    }


def texts_left(airflow: Path, *workspaces: Path) -> Iterator[tuple[str, str]]:
    """Everything an Airflow left (each file; each column of each table), and the names of all files
    of the workspaces."""
    yield (
        "file names",
        "\n".join(str(path) for top in (airflow, *workspaces) for path in top.rglob("*")),
    )
    for path in sorted(path for path in airflow.rglob("*") if path.is_file()):
        yield str(path.relative_to(airflow)), path.read_bytes().decode("utf-8", "replace")
    database = sqlite3.connect(f"file:{airflow / 'airflow.db'}?mode=ro", uri=True)
    try:
        for (table,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall():
            cursor = database.execute(f'SELECT * FROM "{table}"')
            rows = cursor.fetchall()
            for (column, *_), values in zip(
                cursor.description, zip(*rows, strict=True), strict=False
            ):
                yield f"{table}.{column}", "\n".join(map(_text, values))
    finally:
        database.close()


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def who_is_named(texts: Iterable[tuple[str, str]], people: People) -> dict[str, set[str]]:
    """Where somebody is named, and who."""
    return {where: found for where, text in texts if (found := found_in(text, people))}


def ordinary_texts(project: Path) -> list[str]:
    """What the product says by itself: configuration, expectations, DAGs, plugins and program,
    without the demo's names."""
    files = [
        path
        for top in ("dags", "plugins", "include", "expectations")
        for path in (project / top).rglob("*")
    ]
    return [
        path.read_text(encoding="utf-8")
        for path in files
        if path.suffix in (".py", ".yaml", ".json") and "demo" not in path.parts
    ]
