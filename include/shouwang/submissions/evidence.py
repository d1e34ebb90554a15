"""How the columns of an export are recognised, without taking it in: the evidence behind
`recognition`, to be read."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from shouwang.core.errors import FileRefused, NotThereYet
from shouwang.core.month import Month
from shouwang.intake.worker import open_file
from shouwang.recognition.cells import Registered
from shouwang.recognition.recognise import locate
from shouwang.submissions.receiving import contract_of, registered
from shouwang.workspace.workspace import Workspace


def evidence_of(workspace: Workspace, file: Path, department: str) -> list[dict[str, Any]]:
    """For each table of an export: its columns with heading and evidence, questions, what is
    missing and not used."""
    contract = contract_of(workspace, department)
    people = partial(_registered, workspace, Month.of(workspace.today()))
    sheets = open_file(file, workspace.passwords_of(department)).sheets
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


def _registered(workspace: Workspace, month: Month) -> Registered | None:
    """The registry, where one is loaded."""
    try:
        return registered(workspace, month)
    except NotThereYet:
        return None
