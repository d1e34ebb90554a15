"""The columns that a township fills in: drop-downs, checks while typing, and colours for what is
still to be done."""

from __future__ import annotations

import datetime as dt

from openpyxl import Workbook
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.core.conclusions import CONCLUSIONS, MEASURE, MEASURES, REASON
from shouwang.documents.paper import Column

CHOICES = "选项"
CONCLUSION, VISITED, VISITOR, INCOME = "核查结论", "核查日期", "核查人", "人均纯收入"
_TO_DO, _LACKING = PatternFill(bgColor="FFF8DC"), PatternFill(bgColor="F8B878")
_A_YEAR = dt.timedelta(days=366)


FILL_IN = (
    Column(CONCLUSION, "conclusion", 12.5, "填写选项"),
    Column(REASON, "reason", 21, "填写文本"),
    Column(VISITED, "visited", 10, "填写日期"),
    Column(VISITOR, "visitor", 8, "填写居中"),
    Column(INCOME, "income", 10, "填写金额"),
    Column(MEASURE, "measure", 11, "填写选项"),
)
"""The columns to fill in; ``source``: their names when read back."""


def add_choices(workbook: Workbook) -> None:
    """The hidden sheet that the drop-downs point to: a list written into the cell's rule ends at
    255 characters."""
    sheet = workbook.create_sheet(CHOICES)
    sheet.sheet_state = "hidden"
    sheet.protection.sheet = True
    lists = (
        ("核查结论选项", [conclusion.choice for conclusion in CONCLUSIONS]),
        ("帮扶措施选项", [*MEASURES]),
    )
    for number, (name, choices) in enumerate(lists, start=1):
        letter = get_column_letter(number)
        for row, choice in enumerate(choices, start=1):
            sheet.cell(row, number).value = choice
        workbook.defined_names[name] = DefinedName(
            name, attr_text=f"{CHOICES}!${letter}$1:${letter}${len(choices)}"
        )


def guard_answers(
    sheet: Worksheet, first_column: int, first: int, last: int, prepared_on: dt.date
) -> None:
    """Put checks and colours on the rows ``first`` to ``last`` of the columns to fill in."""
    letters = {
        answer.header: get_column_letter(number)
        for number, answer in enumerate(FILL_IN, start=first_column)
    }
    for header, check in _checks(prepared_on).items():
        sheet.add_data_validation(check)
        check.add(f"{letters[header]}{first}:{letters[header]}{last}")
    conclusion = f"${letters[CONCLUSION]}{first}"
    area = f"{letters[CONCLUSION]}{first}:{letters[MEASURE]}{last}"
    for header in (VISITED, VISITOR, REASON, MEASURE):
        cell = f"{letters[header]}{first}"
        needing = [
            entry.code
            for entry in CONCLUSIONS
            if entry.column == header or header in (VISITED, VISITOR)
        ]
        codes = "{" + ",".join(f'"{code}"' for code in needing) + "}"
        lacking = f"AND(LEN(TRIM({cell}))=0,ISNUMBER(MATCH(LEFT({conclusion},2),{codes},0)))"
        sheet.conditional_formatting.add(
            f"{cell}:{letters[header]}{last}",
            FormulaRule([lacking], fill=_LACKING, stopIfTrue=True),
        )
    sheet.conditional_formatting.add(area, FormulaRule([f"LEN(TRIM({conclusion}))=0"], fill=_TO_DO))


def _checks(prepared_on: dt.date) -> dict[str, DataValidation]:
    """The check of each column, by its heading."""
    latest = prepared_on + _A_YEAR
    conclusion = DataValidation(
        type="list", formula1="核查结论选项", allow_blank=True, showErrorMessage=True
    )
    conclusion.errorTitle, conclusion.error = (
        "核查结论",
        "请从下拉列表中选择一个结论；代码含义见“填写说明”。",
    )
    measure = DataValidation(
        type="list", formula1="帮扶措施选项", allow_blank=True, showErrorMessage=False
    )
    visited = DataValidation(
        type="date",
        operator="between",
        formula1=f"DATE({prepared_on.year},{prepared_on.month},{prepared_on.day})",
        formula2=f"DATE({latest.year},{latest.month},{latest.day})",
        allow_blank=True,
        showErrorMessage=True,
    )
    visited.errorTitle = "核查日期"
    visited.error = (
        f"请填写入户核查的日期，不早于名单编制日期，写成 {prepared_on:%Y-%m-%d} 的样子。"
    )
    income = DataValidation(
        type="decimal",
        operator="greaterThanOrEqual",
        formula1="0",
        allow_blank=True,
        showErrorMessage=True,
    )
    income.errorTitle, income.error = "人均纯收入", "请填写年人均纯收入（元），只写数字，不小于 0。"
    return {CONCLUSION: conclusion, MEASURE: measure, VISITED: visited, INCOME: income}
