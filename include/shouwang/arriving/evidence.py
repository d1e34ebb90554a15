"""How the columns of an export are recognised, without taking it in: the evidence behind
`recognition`, to be read."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from shouwang.arriving.receiving import contract_of, registered
from shouwang.errors import FileRefused, NotThereYet
from shouwang.house import House
from shouwang.intake.worker import open_file
from shouwang.month import Month
from shouwang.recognition.cells import Registered
from shouwang.recognition.recognise import locate


def evidence_of(house: House, file: Path, department: str) -> list[dict[str, Any]]:
    """For each table of an export: its columns with heading and evidence, questions, what is
    missing and not used."""
    contract = contract_of(house, department)
    people = partial(_registered, house, Month.of(house.today()))
    sheets = open_file(file, house.passwords_of(department)).sheets
    found = [(sheet, locate(sheet, contract, people)) for sheet in sheets if not sheet.hidden]
    tables = [
        {
            "sheet": sheet.name,
            "header_row": sheet.numbers[header.last_row],
            "columns": [
                {
                    "column": name,
                    "heading": header.titles[place],
                    "evidence": header.evidence.get(name, ""),
                }
                for name, place in header.columns.items()
            ],
            "questions": [asdict(question) for question in header.questions],
            "missing": list(header.missing),
            "ignored": list(header.ignored),
        }
        for sheet, header in found
        if header
    ]
    if not tables:
        raise FileRefused(
            "no_header", f"文件“{file.name}”里没有找到《{contract.dataset_title}》的表头。"
        )
    return tables


def _registered(house: House, month: Month) -> Registered | None:
    """The registry, where one is loaded."""
    try:
        return registered(house, month)
    except NotThereYet:
        return None
