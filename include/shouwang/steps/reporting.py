"""The papers of a month: bulletin, departments' results, the registry's checks."""

from __future__ import annotations

from typing import Any

from shouwang.arriving import receiving
from shouwang.house import open_house
from shouwang.month import Month
from shouwang.steps.releasing import _require_screened


def write_bulletin(month: str, months: int = 1) -> dict[str, Any]:
    """Write the bulletin (通报) of the one or two months that end with ``month``."""
    from shouwang.papers import bulletin

    house, of = open_house(), Month.parse(month)
    _require_screened(house, of)
    return bulletin(house, of, months)


def write_results(month: str, department: str) -> dict[str, Any]:
    """Tell a department what became of its rows of a month (结果反馈)."""
    from shouwang.papers import results

    house = open_house()
    receiving.contract_of(house, department)
    return results(house, Month.parse(month), department)


def check_registry(month: str, by: str) -> dict[str, Any]:
    """List what of the registry does not fit together (数据清洗), and corrections that others' data
    suggest."""
    from shouwang.papers import check_registry as check

    return check(open_house(), Month.parse(month), by)
