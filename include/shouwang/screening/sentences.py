"""Sentences (预警原因): why a household is on the list, with value, threshold and department, in
one line."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from shouwang.core.month import Month
from shouwang.screening.rules import Comparison, Rule


def money(value: float) -> str:
    """``18,320.50``."""
    return f"{value:,.2f}"


def whole_money(value: float) -> str:
    """``10,000``; the cents only where there are any."""
    return f"{value:,.0f}" if value == round(value) else money(value)


def number(value: float) -> str:
    """``36``, ``34.9``: as many places as it has, two at most."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def percent(value: float) -> str:
    """``54.5%``; rounded down, so that no value is shown on the wrong side of its threshold."""
    return number(int(value * 1000 + 1e-6) / 10) + "%"


SHOWN = {"money": (money, whole_money), "percent": (percent,) * 2, "number": (number,) * 2}
"""How a value and how its threshold is written, by ``shown_as``."""


def sentence(rule: Rule, words: Mapping[str, object]) -> str:
    """Fill a rule's template; what is not known is said (未注明)."""
    return re.sub(r"\{([^{}]*)\}", lambda name: _written(words.get(name[1])), rule.sentence)


def figures(rule: Rule, row: Mapping[str, Any]) -> dict[str, str]:
    """The words for what was measured, and under ``also.`` for the second measure, from the figures
    in a row."""
    words: dict[str, str] = {}
    for prefix, compared in rule.comparisons.items():
        measured, value, line, divisor, before = (
            row[f"_{prefix}{name}"] for name in ("measured", "value", "line", "divisor", "before")
        )
        show, show_line = SHOWN[compared.shown_as]
        counted = compared.shown_as == "number" or compared.measure.kind == "count"
        amount = number if counted else money
        words |= {
            f"{prefix}value": show(value),
            f"{prefix}threshold": show_line(line),
            f"{prefix}measured": amount(measured),
            f"{prefix}divisor": whole_money(divisor),
            f"{prefix}beyond": _beyond(value, line, compared),
        }
        if before == before:
            words[f"{prefix}before"] = amount(before)
    return words


def calendar_words(month: Month, school_year: Month) -> dict[str, str]:
    """The words for the time: ``2026年9月``, ``2026年``, ``9``, ``2026—2027``."""
    return {
        "month": month.chinese,
        "year": f"{month.year}年",
        "month_number": str(month.number),
        "school_year": f"{school_year.year}—{school_year.year + 1}",
    }


def _beyond(value: float, line: float, compared: Comparison) -> str:
    """A value that equals its threshold has reached it (达到), not gone beyond (超过)."""
    if value == line:
        return "达到"
    return "低于" if compared.compare in ("<", "<=") else "超过"


def _written(value: object) -> str:
    if value is None or value is pd.NaT or value != value or value == "":
        return "未注明"
    if isinstance(value, dt.date):
        return f"{value.year}年{value.month}月{value.day}日"
    return number(float(value)) if isinstance(value, int | float) else str(value)
