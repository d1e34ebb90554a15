"""How a department's file looks this month: kind, header wordings, order of columns, ways to write
dates and money.

`choose` draws a layout; `sheets` lays the rows out as grids of cells, each with the row numbers
that the records got.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from demo.forms import FORMS, Cell
from demo.people import Generator
from shouwang.core.month import Month

Grid = list[list[Cell]]

GAP_EVERY = 25
"""Rows after which a gap or the header of a new page stands, in a file that has them."""

MONEY: dict[str, Callable[[float, str], Cell]] = {
    "number": lambda amount, unit: amount,
    "plain": lambda amount, unit: _digits(amount),
    "comma": lambda amount, unit: _digits(amount, ","),
    "unit": lambda amount, unit: f"{_digits(amount)}{unit}",
    "sign": lambda amount, unit: f"￥{_digits(amount)}",
    "padded": lambda amount, unit: f" {_digits(amount)} ",
}
CENTS = {"元": 100, "万元": 1_000_000}
"""Cents in a unit of money."""
DATES: dict[str, Callable[[dt.date], Cell]] = {
    "cell": lambda day: day,
    "dashes": lambda day: day.isoformat(),
    "slashes": lambda day: f"{day:%Y/%m/%d}",
    "dots": lambda day: f"{day.year}.{day.month}.{day.day}",
    "digits": lambda day: f"{day:%Y%m%d}",
    "digits as number": lambda day: int(f"{day:%Y%m%d}"),
    "serial": lambda day: (day - dt.date(1899, 12, 30)).days,
    "chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "with time": lambda day: f"{day} 09:30:00",
}
KINDS = {
    "xlsx": "xlsx",
    "xls": "xls",
    "csv": "csv",
    "ods": "ods",
    "tsv": "tsv",
    "html": "xls",
    "xml": "xls",
}
"""Kinds of files, and how their names end: many systems save HTML or XML and call it xls."""

ONE_TABLE = frozenset({"csv", "tsv", "html"})
"""Kinds without sheets."""

GRADES: dict[str, Callable[[str], Cell]] = {
    "plain": lambda grade: grade,
    "suffix": lambda grade: f"{grade}级",
    "wide": lambda grade: chr(ord(grade) + 0xFEE0),
}


def _digits(amount: float, thousands: str = "") -> str:
    text = f"{amount:{thousands}.6f}".rstrip("0")
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2}"


@dataclass(frozen=True)
class Layout:
    """How one file looks; ``unit_in`` says where a unit other than yuan stands: in a ``row``,
    ``header`` or ``tier``."""

    kind: str = "xlsx"
    encoding: str = "utf-8-sig"
    wordings: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    money: str = "number"
    date: str = "cell"
    grade: str = "plain"
    blank: str = ""
    title: bool = False
    unit_row: bool = False
    serial: bool = False
    remark: bool = False
    foot: bool = False
    dictionary: bool = False
    two_tiers: bool = False
    by_township: bool = False
    blank_row: bool = False
    blank_column: bool = False
    tabs: bool = False
    unit: str = "元"
    unit_in: str = "row"
    gaps: bool = False
    pages: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet of cells; record ``records[i]`` lies in row ``lines[i]`` (1-based)."""

    name: str
    grid: Grid
    records: np.ndarray[Any, np.dtype[np.int64]]
    merges: tuple[tuple[int, int, int, int], ...] = ()
    hidden: bool = False
    lines: tuple[int, ...] = field(default=(), repr=False)


def neat(department: str) -> Layout:
    """The first wording of every column in the contract's order, nothing around it."""
    columns = FORMS[department].columns
    return Layout(wordings=tuple(c.wordings[0] for c in columns), order=tuple(range(len(columns))))


def choose(department: str, rows: int, rng: Generator) -> Layout:
    """A layout as departments really hand them over."""
    columns = FORMS[department].columns

    def maybe(share: float) -> bool:
        return bool(rng.random() < share)

    kind = str(rng.choice(["xlsx", "csv", "xls"], p=[0.5, 0.3, 0.2]))
    if kind == "xls" and rows > 60_000:
        kind = "xlsx"
    text = kind == "csv"
    two_tiers = maybe(0.15) and not text and department in ("medical_insurance", "education")
    order = list(range(len(columns)))
    if maybe(0.4) and not two_tiers:
        order = rng.permutation(len(columns)).tolist()
    wordings = []
    spread = maybe(0.15)
    units = maybe(0.2)
    for column in columns:
        word = str(rng.choice(column.wordings))
        if spread and len(word) == 2:
            word = f"{word[0]} {word[1]}" if text or maybe(0.5) else f"{word[0]}\n{word[1]}"
        if units and column.kind == "money":
            word += "（元）" if maybe(0.7) else "(元)"
        wordings.append(word)
    money = [m for m in MONEY if not (text and m == "comma")]
    dates = [d for d in DATES if not (text and d in ("cell", "digits as number", "serial"))]
    layout = Layout(
        kind=kind,
        encoding=str(rng.choice(["utf-8-sig", "utf-8", "gb18030"])),
        wordings=tuple(wordings),
        order=tuple(order),
        money=str(rng.choice(money)),
        date=str(rng.choice(dates)),
        grade=str(rng.choice(list(GRADES), p=[0.6, 0.25, 0.15])),
        blank=str(rng.choice(["", "-"])),
        title=maybe(0.7),
        unit_row=maybe(0.5),
        serial=maybe(0.35),
        remark=maybe(0.2),
        foot=maybe(0.3),
        dictionary=not text and maybe(0.25),
        two_tiers=two_tiers,
        by_township=not text and maybe(0.15),
        blank_row=maybe(0.1),
        blank_column=not text and maybe(0.1),
        tabs=text and maybe(0.25),
    )
    return _odder(layout, rows, rng)


def _odder(layout: Layout, rows: int, rng: Generator) -> Layout:
    """Perhaps one of the rarer kinds of file, gaps between the rows, headers on every page, amounts
    in 万元."""
    kind, encoding = layout.kind, layout.encoding
    if rng.random() < 0.3 and rows < 30_000:
        flat = not (layout.by_township or layout.dictionary)
        kind = {
            "xlsx": "ods",
            "csv": "tsv",
            "xls": "html" if flat and rng.random() < 0.6 else "xml",
        }[kind]
    if kind in ONE_TABLE and rng.random() < 0.15:
        encoding = "utf-16"
    gaps, pages, large = (bool(rng.random() < 0.1) for _ in range(3))
    large = large and not any("元" in word for word in layout.wordings)
    places = ["row", "header", "tier"] if layout.two_tiers else ["row", "header"]
    return replace(
        layout,
        kind=kind,
        encoding=encoding,
        gaps=gaps,
        pages=pages,
        unit="万元" if large else "元",
        unit_in=str(rng.choice(places)),
    )


def cells(rows: pd.DataFrame, department: str, layout: Layout, seed: int) -> list[list[Cell]]:
    """The columns of a file, in its order, each a list of cells."""
    rng = np.random.default_rng([seed, 9])
    columns = FORMS[department].columns
    written = {c.name: _column(rows[c.name], c.kind, layout) for c in columns}
    spoil = rows["spoil"].to_numpy()
    for row in np.flatnonzero((spoil != "") & (spoil != "no identity")):
        choices = FORMS[department].spoilt[str(spoil[row])]
        column = list(choices)[int(rng.integers(0, len(choices)))]
        written[column][int(row)] = choices[column][int(rng.integers(0, len(choices[column])))]
    if layout.tabs and "written_id" in written:
        written["written_id"] = [
            f"\t{n}" if isinstance(n, str) and n else n for n in written["written_id"]
        ]
    return [written[columns[n].name] for n in layout.order]


def _column(values: pd.Series, kind: str, layout: Layout) -> list[Cell]:
    if kind == "date":
        shape = DATES[layout.date]
        days = {
            day: (layout.blank if pd.isna(day) else shape(day.date())) for day in values.unique()
        }
        return [days[day] for day in values]
    if kind == "money":
        money = MONEY[layout.money]
        return [money(cents / CENTS[layout.unit], layout.unit) for cents in values.tolist()]
    if kind == "grade":
        return [GRADES[layout.grade](grade) for grade in values.tolist()]
    out: list[Cell] = values.tolist()
    return out


def sheets(
    rows: pd.DataFrame, department: str, month: Month, layout: Layout, seed: int
) -> list[Sheet]:
    """The whole file as grids of cells: one sheet, or one a township, perhaps with a hidden
    dictionary."""
    columns = cells(rows, department, layout, seed)
    body: Grid = [list(row) for row in zip(*columns, strict=True)]
    if layout.by_township:
        towns = rows["township"].to_numpy(dtype=object)
        parts = [(str(town), np.flatnonzero(towns == town)) for town in pd.unique(rows["township"])]
    else:
        parts = [("Sheet1", np.arange(len(rows)))]
    out = [_sheet(name, body, records, department, month, layout) for name, records in parts]
    if layout.dictionary:
        words: Grid = [["代码", "含义"], ["1", "是"], ["0", "否"]]
        out.append(Sheet("字典", words, np.array([], dtype=np.int64), hidden=True))
    return out


def _sheet(
    name: str,
    body: Grid,
    records: np.ndarray[Any, np.dtype[np.int64]],
    department: str,
    month: Month,
    layout: Layout,
) -> Sheet:
    form = FORMS[department]
    kinds = [form.columns[n].kind for n in layout.order]
    head = [layout.wordings[n] for n in layout.order]
    if layout.unit != "元" and layout.unit_in == "header":
        head = [
            f"{w}（{layout.unit}）" if kind == "money" else w
            for w, kind in zip(head, kinds, strict=True)
        ]
    noted = layout.unit if layout.unit_in == "row" else "元"
    left = int(layout.blank_column)
    front: list[Cell] = [*[None] * left, *(["序号"] if layout.serial else [])]
    width = len(front) + len(head) + int(layout.remark)
    grid: Grid = [[]] if layout.blank_row else []
    merges: list[tuple[int, int, int, int]] = []
    at = len(front)
    if layout.title:
        merges.append((len(grid), at, len(grid), width - 1))
        grid.append([*[None] * at, f"{month.chinese}{form.title}"])
    if layout.unit_row or noted != "元":
        line: list[Cell] = [None] * width
        line[at], line[-1] = f"填报单位：{form.office}", f"单位：{noted}"
        grid.append(line)
    tail: list[Cell] = ["备注"] if layout.remark else []
    top = len(grid)
    if layout.two_tiers:
        money = [at + n for n, kind in enumerate(kinds) if kind == "money"]
        above: list[Cell] = [
            *front,
            *(None if kind == "money" else word for word, kind in zip(head, kinds, strict=True)),
            *tail,
        ]
        above[money[0]] = "费用情况" + (f"（{layout.unit}）" if layout.unit_in == "tier" else "")
        below: list[Cell] = [None] * width
        for column in money:
            below[column] = head[column - at]
        merges += [(len(grid), c, len(grid) + 1, c) for c in range(left, width) if c not in money]
        merges.append((len(grid), money[0], len(grid), money[-1]))
        grid += [above, below]
    else:
        grid.append([*front, *head, *tail])
    header = grid[top:]
    lines = []
    for n, record in enumerate(records.tolist()):
        if n and n % GAP_EVERY == 0:
            grid += [[]] if layout.gaps else []
            grid += header if layout.pages else []
        number = [n + 1] if layout.serial else []
        grid.append([*[None] * left, *number, *body[record]])
        lines.append(len(grid))
    if layout.foot:
        grid.append([*[None] * left, "合计"])
        line = [None] * width
        line[left], line[-1] = "填表人：李某", "审核人：王某"
        grid.append(line)
    return Sheet(name, grid, records, tuple(merges), lines=tuple(lines))
