"""Units: in a heading, in the note above it, in a row under it; each as the factor that leads to
the column's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from shouwang.county.contract import Column
from shouwang.recognition.cells import Sampled
from shouwang.recognition.words import plain

MONEY = {"亿元": 1e8, "万元": 1e4, "千元": 1e3, "百元": 1e2, "元": 1.0, "角": 0.1}
KINDS: dict[str, dict[str, float]] = {
    "元": MONEY,
    "升": {
        "立方米": 1e3,
        "立方": 1e3,
        "m3": 1e3,
        "m³": 1e3,
        "吨": 1e3,
        "毫升": 1e-3,
        "ml": 1e-3,
        "升": 1.0,
        "l": 1.0,
    },
    "分钟": {
        "小时": 60.0,
        "分钟": 1.0,
        "分": 1.0,
        "min": 1.0,
        "秒": 1 / 60,
        "时": 60.0,
        "h": 60.0,
        "s": 1 / 60,
    },
    "米": {"千米": 1e3, "公里": 1e3, "km": 1e3, "米": 1.0, "m": 1.0, "里": 500.0},
    "天": {"小时": 1 / 24, "天": 1.0, "日": 1.0, "周": 7.0},
}
"""Of each unit of columns: how it may be written, and how much of it that is."""
OTHERS = {
    "元": ("万元", "千元"),
    "升": ("立方米", "立方米/月", "毫升"),
    "分钟": ("小时", "秒"),
    "米": ("公里",),
    "天": (),
}
"""In what else a column may be, where its numbers are not as large as usual (`Column.usual`)."""
ODD = 0.3
"""From which share of such numbers on it is asked."""
PERIODS = {"月": 30.0, "周": 7.0, "年": 365.0}
_OFFICE = re.compile(
    r"(填报|报送|编制|制表|填表|上报|主管|汇总|责任|负责|经办|所属|工作|本|各)单位"
)
_NOTE = re.compile(
    r"(?:^|[:、,，;；/()\s]|人民币|单位)((?:[亿万千百])?元)(?=$|[^\u4e00-\u9fff]|整|填|制|审|日|报|统|编|第)"
)
_AT_END = re.compile(r"([亿万千百]元)$")


def kind_of(column: Column) -> str | None:
    """What a column's numbers are counted in, if in anything."""
    return "元" if column.type == "yuan" else column.unit


def units_of_heading(heading: str, kind: str) -> dict[float, str]:
    """The units that a heading names, in brackets, behind a stroke or at its end, by their factor."""
    text = plain(heading)
    found: dict[float, str] = {}
    for told in re.findall(r"[(\[【](.*?)[)\]】]|/([^/()]+)$", text):
        for part in filter(None, told):
            found |= units_in(part, kind)
    end = _AT_END.search(text)
    return found or ({MONEY[end[1]]: end[1]} if end and kind == "元" else {})


def units_in(text: str, kind: str) -> dict[float, str]:
    """The units of a kind that a text names (``立方米/月``), by their factor."""
    text = text.removeprefix("单位").removeprefix("金额单位").lstrip(":").removeprefix("人民币")
    parts = re.split(r"[/·.*每、,，或]", text)
    days = [word for word in PERIODS if word in parts] if kind == "升" else []
    per, behind = (PERIODS[days[0]], f"/{days[0]}") if days else (1.0, "")
    found = {KINDS[kind][part] / per: part + behind for part in parts if part in KINDS[kind]}
    money = re.search(r"(?<![\u4e00-\u9fff])([亿万千百]?元)(?![\u4e00-\u9fff])", text)
    return found or ({MONEY[money[1]]: money[1]} if kind == "元" and money else {})


def other_units(cells: Sampled, column: Column) -> list[str]:
    """The units in which a column's cells may be where none is written: its own and others, the
    likelier first; none where nearly all are as large as they usually are in its own."""
    kind = kind_of(column)
    if kind is None or column.usual is None:
        return []
    size = np.abs(cells.amounts[np.isfinite(cells.amounts) & (cells.amounts != 0)])
    if len(size) < 5:
        return []
    least, most = column.usual
    odd = size[(size < least) | (size > most)]
    fits = {
        unit: float(((odd * factor >= least) & (odd * factor <= most)).sum()) / len(size)
        for unit in OTHERS[kind]
        for factor in units_in(unit, kind)
    }
    likely = sorted((unit for unit in fits if fits[unit] >= ODD), key=lambda unit: -fits[unit])
    own = [unit for unit, factor in KINDS[kind].items() if factor == 1.0][:1]
    return (likely + own if len(odd) > len(size) / 2 else own + likely)[:3] if likely else []


def units_of_notes(cells: Iterable[object]) -> set[str]:
    """The units of money that the lines above a header name (``单位：户、人、万元``); an office's
    name is none."""
    found: set[str] = set()
    for cell in cells:
        text = _OFFICE.sub("#", re.sub(r"[ \t\u3000\xa0]+(?=[^\s])", " ", str(cell)))
        for written in (text.replace(" ", ""), text):
            note = re.search(r"(?:单\s*位|单位)\s*[:：(（]?(.*)", plain_note(written), re.DOTALL)
            units = {match[1] for match in _NOTE.finditer(" " + note[1])} if note else set()
            if units:
                found |= units
                break
    return found


def plain_note(text: str) -> str:
    """A note in half width, its spaces kept: they part an office's name from a unit."""
    import unicodedata

    return unicodedata.normalize("NFKC", text).replace("位:", "位: ")


def unit_row(row: Iterable[object]) -> bool:
    """Whether a line holds nothing but units (``元``, ``人``, ``升/天``), two or more of them."""
    texts = [text for cell in row if (text := plain(cell))]
    return len(texts) >= 2 and all(_UNIT_CELL.fullmatch(text) for text in texts)


_UNIT_CELL = re.compile(
    r"[(\[【]?(?:单位:?)?(?:人民币)?(?:[亿万千百]?元|人|户|个|天|日|次|升|分钟|小时|米|公里|平方米|m2|m3|m³|m|吨|%|‰|岁|年|月|立方米|l|-|—|/)"
    r"(?:[/·每][人天日月年户次]+)*[)\]】]?"
)


def numbers_row(row: Iterable[object]) -> bool:
    """Whether a line numbers the columns (``1 2 3``, ``甲 乙 1 2``, ``(1) (2)``), maybe after
    ``栏次``."""
    texts = [text.strip("()[]<>") for cell in row if (text := plain(cell).removesuffix(".0"))]
    if texts and texts[0] in ("栏次", "列号", "序号", "行次"):
        texts = texts[1:]
    letters = [text for text in texts if text in "甲乙丙丁戊己庚辛"]
    numbers = [text for text in texts if text not in letters]
    if len(texts) < 3 or not all(text.split("=")[0].strip("()").isdigit() for text in numbers):
        return False
    counted = [int(text.split("=")[0].strip("()")) for text in numbers]
    return all(after - before == 1 for before, after in pairwise(counted)) and (
        not counted or counted[0] in (0, 1, 2)
    )
