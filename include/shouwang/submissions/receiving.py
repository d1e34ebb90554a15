"""One department's submission on its way from the inbox into the database: take in → validate → match
→ load.

Between the steps a submission is a `Reference`: small, plain, free of personal data. What a step
makes lies in the work folder under the submission's id; a step that finds its predecessor's frames
gone makes them again from the vault.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypedDict, cast

import pandas as pd

from shouwang.core.errors import FileRefused, NotThereYet, unknown
from shouwang.core.files import atomic_write
from shouwang.core.month import Month
from shouwang.core.staging import Staging
from shouwang.county.contract import Contract
from shouwang.intake.files import find_files, fingerprint, named
from shouwang.matching.index import RegistryIndex
from shouwang.matching.reviewing import decisions_in_force
from shouwang.matching.reviewing import fingerprint as matched_against
from shouwang.recognition.cells import Registered
from shouwang.recognition.columns import Question
from shouwang.recognition.reading import Reading, read_files
from shouwang.registry.history import former_people, load_in_force, people_as_of
from shouwang.store import submissions
from shouwang.store.database import Database
from shouwang.submissions.arrival import Arrival, arrive
from shouwang.submissions.correcting import answer, refuse_rows_without_keys, with_corrections
from shouwang.submissions.questions import ask, taught
from shouwang.submissions.vault import keep, kept, plainly
from shouwang.workspace.workspace import Workspace

PARSER = "3"
"""Raised when the same file would be read otherwise than before: a submission then becomes a new
version."""


class Reference(TypedDict, total=False):
    """What one step tells the next about a submission."""

    month: str
    department: str
    dataset: str
    submission_id: str
    content: str
    contract: str
    base: str | None
    inbox: str
    files: list[str]
    status: str
    message: str
    passed_over: list[str]
    version: int
    rows: int
    accepted: int
    rejected: int
    duplicate: int
    void: int
    questions: list[int]
    matched: int
    review: int
    unmatched: int
    warnings: list[str]


def contract_of(workspace: Workspace, department: str) -> Contract:
    """A department's contract with what clerks have answered; `UsageError` naming those there
    are."""
    contract = workspace.county.contract(department)
    if contract is None:
        raise unknown("department", department, workspace.county.contracts)
    with workspace.database.read() as connection:
        return taught(connection, contract)


def take_in(workspace: Workspace, month: Month, department: str, again: bool = False) -> Reference:
    """Fingerprint what lies in the inbox, keep it in the vault, read it.

    ``status``: ``unchanged`` (this very version is in force already), ``refused`` (with
    ``message``), ``held`` (a clerk is asked) or ``read``. ``again``: a file that was refused is
    judged anew.
    """
    contract = contract_of(workspace, department)
    inbox = workspace.inbox_of(month, department)
    files = find_files(inbox)
    with workspace.database.read() as connection:
        versions = submissions.versions(connection, month, department)
        again_from = None if files else kept_version(workspace, versions)
        if not files and again_from is None:
            raise NotThereYet(
                f"{department} has handed over nothing for {month}: {inbox} is empty."
            )
        registry = matched_against(connection, load_in_force(connection, month))
    with plainly(workspace.keys) as plain:
        try:
            of_content = partial(kept, workspace, versions, plain)
            if again_from is None:
                passwords = workspace.passwords_of(department)
                arrival = arrive(files, versions, of_content, passwords, contract.adds)
            else:
                content = again_from["content"]
                arrival = Arrival(content, again_from["base"], of_content(content))
            reference = reference_to(workspace, contract, month, arrival)
            reference["inbox"] = fingerprint(files) if again_from is None else again_from["inbox"]
        except FileRefused as gone:
            return _moving(month, contract, files, gone)
        known = next(
            (v for v in versions if v["submission_id"] == reference["submission_id"]), None
        )
        refused = (
            known
            and known["status"] == submissions.REFUSED
            and _staging(workspace, reference).has("receipt.done")
        )
        closed = (
            known
            and (known["report"] or {}).get("refusal_code") == "encrypted"
            and workspace.passwords_of(department)
        )
        if known and refused and not again and not closed:
            return _refused(reference, known["refusal"], known)
        if (
            known
            and known["in_force"]
            and known["registry"] == registry
            and _has_receipt(workspace, known)
        ):
            if any(version["status"] == submissions.REFUSED for version in versions):
                with workspace.database.write() as connection:
                    submissions.answer_refusals(connection, month, department)
            with workspace.database.write() as connection:
                ask(connection, month, contract, _questions(known["report"]))
            return _with(reference, **known["counts"], status="unchanged", version=known["version"])
        own = named(files)
        vault = workspace.vault_of(month, department, arrival.content)
        if not arrival.files:
            keep(workspace.keys, own, vault)
            return refuse(
                workspace, _with(reference, files=[name for _, name in own]), STALE, {}, {}
            )
        try:
            keep(workspace.keys, arrival.files, vault, arrival.base is None)
        except FileRefused as moving:
            return _moving(month, contract, files, moving)
    return read(workspace, reference)


def kept_version(workspace: Workspace, versions: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The version that is read on where the inbox is empty by now: the last one held, else the one
    in force."""
    found = [version for version in versions if version["status"] == submissions.HELD]
    found = found or [version for version in versions if version["in_force"]]
    there = (
        v
        for v in found[-1:]
        if workspace.vault_of(v["month"], v["department"], v["content"]).is_dir()
    )
    return next(there, None)


STALE = (
    "交回的回执不是本部门本月现行版本的回执（该版本之后又报送过新文件，或回执属于别的部门、别的月份）。"
    "请在最近一次的回执上更正后交回，或重新报送全部数据。"
)


def reference_to(
    workspace: Workspace, contract: Contract, month: Month, arrival: Arrival
) -> Reference:
    """A submission of this content, as today's contract and suite judge it."""
    how = f"{PARSER}-{contract.fingerprint()}-{workspace.suite_fingerprint(contract.slug)}"
    return Reference(
        month=str(month),
        department=contract.department,
        dataset=contract.dataset,
        content=arrival.content,
        base=arrival.base,
        contract=fingerprint_text(how),
        submission_id=submissions.submission_id(month, contract.department, arrival.content, how),
        files=[name for _, name in arrival.files],
        passed_over=list(arrival.passed_over),
    )


def fingerprint_text(text: str) -> str:
    """Sixteen characters for a text."""
    return submissions.submission_id("", "", text, "")


def _has_receipt(workspace: Workspace, known: dict[str, Any]) -> bool:
    return _staging_of(workspace, known["submission_id"]).has("receipt.done")


def _staging_of(workspace: Workspace, identifier: str) -> Staging:
    return Staging(workspace.work_of(identifier), workspace.keys)


def _staging(workspace: Workspace, reference: Reference) -> Staging:
    return _staging_of(workspace, reference["submission_id"])


def _moving(month: Month, contract: Contract, files: list[Path], why: FileRefused) -> Reference:
    """The answer while files come and go: there is nothing yet that could be kept or put on
    record."""
    names = [path.name for path in files]
    return Reference(
        month=str(month),
        department=contract.department,
        dataset=contract.dataset,
        files=names,
        status="refused",
        message=str(why),
        rows=0,
    )


def reading_of(workspace: Workspace, reference: Reference) -> Reading:
    """What the files in the vault say, each receipt's corrections in place of the rows that they
    correct."""
    contract = contract_of(workspace, reference["department"])
    vault = workspace.vault_of(reference["month"], reference["department"], reference["content"])
    passwords = workspace.passwords_of(contract.department)
    with plainly(workspace.keys) as plain:
        paths = [plain(vault / name) for name in reference["files"]]
        receipts = [path for path in paths if answer(path, passwords)]
        people = partial(registered, workspace, Month.parse(reference["month"]))
        reading = read_files(
            [path for path in paths if path not in receipts], contract, passwords, people
        )
        refuse_rows_without_keys(reading)
        same = _as_read(contract, reading)
        return with_corrections(
            reading, [read_files([path], same, passwords, people) for path in receipts]
        )


def _as_read(contract: Contract, reading: Reading) -> Contract:
    """The contract with the headings of a reading as wordings: its receipts have the same."""
    columns = dict(contract.columns)
    for sheet in reading.sheets:
        for name, place in sheet.columns.items():
            wordings = (sheet.titles[place], *columns[name].wordings)
            columns[name] = columns[name].model_copy(
                update={"wordings": wordings, "doubts": (), "excludes": ()}
            )
    return contract.model_copy(update={"columns": columns})


def read(workspace: Workspace, reference: Reference) -> Reference:
    """Read a submission's files; leaves its rows and their cells for the steps that follow."""
    staging = _staging(workspace, reference)
    try:
        reading = reading_of(workspace, reference)
    except FileRefused as refusal:
        return refuse(workspace, reference, str(refusal), {}, {"refusal_code": refusal.code})
    if reading.held:
        return hold(workspace, reference, reading.questions, {}, reading.report())
    staging.write_frame("cells.parquet", reading.cells())
    staging.write_note("report.json", reading.report())
    staging.write_frame("reading.parquet", reading.table)
    return _with(reference, status="read", rows=len(reading.table))


def refuse(
    workspace: Workspace,
    reference: Reference,
    message: str,
    counts: dict[str, int],
    report: dict[str, Any],
) -> Reference:
    """Put a refusal on record and write its receipt."""
    with workspace.database.write() as connection:
        known = submissions.record_refusal(connection, dict(reference), counts, report, message)
    _receipt(workspace, reference, known, None)
    return _refused(reference, message, known)


def hold(
    workspace: Workspace,
    reference: Reference,
    questions: Sequence[Question],
    counts: dict[str, int],
    report: dict[str, Any],
) -> Reference:
    """Put on record that a submission waits for a clerk's answer, and ask."""
    contract = contract_of(workspace, reference["department"])
    report = {**report, "questions": [asdict(question) for question in questions]}
    with workspace.database.write() as connection:
        known = submissions.record_refusal(
            connection, dict(reference), counts, report, None, submissions.HELD
        )
        waiting = ask(connection, Month.parse(reference["month"]), contract, questions)
    with workspace.database.alone():
        _staging(workspace, reference).clear()
    return _with(
        reference,
        **known["counts"],
        status="held",
        version=known["version"],
        questions=waiting,
        message=f"待确认：{len(waiting)} 个问题，见 shouwang questions 或看板",
    )


def _questions(report: Mapping[str, Any] | None) -> list[Question]:
    """The questions that a submission's report tells of."""
    found = (report or {}).get("questions", ())
    return [
        Question(**{**q, "candidates": tuple(q["candidates"]), "samples": tuple(q["samples"])})
        for q in found
    ]


def _with(reference: Reference, **more: Any) -> Reference:
    """A reference that says more."""
    return cast(Reference, {**reference, **more})


def _refused(reference: Reference, message: str, known: dict[str, Any]) -> Reference:
    return _with(
        reference, **known["counts"], status="refused", message=message, version=known["version"]
    )


def validate(workspace: Workspace, reference: Reference) -> Reference:
    """Judge every row; the file gate may refuse the whole. ``status``: ``checked`` or
    ``refused``."""
    from shouwang.quality.check import check, gate, other_base
    from shouwang.quality.drift import drift, profile

    contract = contract_of(workspace, reference["department"])
    staging = _staging(workspace, reference)
    table = _frame(workspace, reference, "reading.parquet")
    if wrong := other_base(table, contract):
        report = staging.read_note("report.json")
        total = contract.columns[contract.balances[0].total]
        asked = Question(
            "sum", contract.balances[0].total, total.wordings[0], "", ("accept",), rows=wrong
        )
        return hold(
            workspace, reference, [*_questions(report), asked], {"rows": len(table)}, report
        )
    verdicts = check(table, contract, workspace.expectations, Month.parse(reference["month"]))
    judged = table.assign(
        verdict=verdicts.verdict, reason=verdicts.reason, bad_columns=verdicts.bad_columns
    )
    counts = verdicts.counts()
    settings = workspace.county.settings
    figures = profile(table, contract)
    with workspace.database.read() as connection:
        before = submissions.profiles_before(
            connection, reference["month"], reference["department"], settings.drift.deliveries
        )
    warnings = [
        *unknown_values(staging.read_note("report.json"), contract),
        *without_day(staging.read_note("report.json"), contract),
        *verdicts.warnings,
        *drift(figures, before, contract, settings.drift),
    ]
    report = {**staging.read_note("report.json"), "profile": figures, "warnings": warnings}
    staging.write_note("report.json", report)
    page = workspace.validation_page_of(
        reference["month"], reference["department"], reference["submission_id"]
    )
    with atomic_write(page) as part:
        part.write_text(verdicts.page, encoding="utf-8")
    staging.write_frame("checked.parquet", judged)
    try:
        gate(
            verdicts,
            contract,
            settings.intake.refuse_above_rejected_share,
            "、".join(reference["files"]),
        )
    except FileRefused as refusal:
        code = {"refusal_code": refusal.code}
        return refuse(
            workspace, reference, str(refusal), {"rows": len(table), **counts}, {**report, **code}
        )
    return _with(reference, **counts, rows=len(table), status="checked")


def unknown_values(
    report: Mapping[str, Any], contract: Contract, quoted: bool = False
) -> list[str]:
    """What is told of values that lead to no code: in how many rows; to the department itself also
    which."""
    told: dict[str, list[Question]] = {}
    for question in _questions(report):
        if question.kind == "value":
            told.setdefault(question.column, []).append(question)
    found = []
    for name, asked in told.items():
        said = "、".join(f"{question.value}（{question.rows} 行）" for question in asked[:8])
        counted = f"{len(asked)} 种，{sum(question.rows for question in asked)} 行"
        found.append(
            f"“{contract.columns[name].wordings[0]}”有不认得的写法：{said if quoted else counted}。"
            "这些行已收下，这一列按不详处理，已请县里确认"
        )
    return found


def without_day(report: Mapping[str, Any], contract: Contract) -> list[str]:
    """What is told of days of which only the month is written, and which count as not known."""
    rows: dict[str, int] = {}
    for sheet in report.get("sheets", ()):
        for name, count in sheet.get("without_day", {}).items():
            rows[name] = rows.get(name, 0) + count
    return [
        f"“{contract.columns[name].wordings[0]}”有 {count} 行只写到月，没有日，按不详处理"
        for name, count in rows.items()
    ]


def match(workspace: Workspace, reference: Reference) -> Reference:
    """Match every accepted row to the registry as of the data month."""
    from shouwang.matching.ladder import match as match_rows
    from shouwang.matching.remembered import apply_decisions

    checked = _frame(workspace, reference, "checked.parquet")
    accepted = checked[checked["verdict"] == "accepted"]
    month = Month.parse(reference["month"])
    matches = match_rows(accepted, registry_index(workspace, month))
    with workspace.database.read() as connection:
        decisions = decisions_in_force(connection)
    rows = accepted.assign(submission_id=reference["submission_id"])
    matches = apply_decisions(
        matches, rows, decisions, registry_of(workspace, month), workspace.keys.keyed
    )
    texts = matches["candidates"].map(
        lambda c: json.dumps(list(c)) if isinstance(c, list | tuple) and len(c) else None
    )
    _staging(workspace, reference).write_frame(
        "matched.parquet", matches.assign(candidates=texts.astype("str"))
    )
    counted = matches["outcome"].value_counts()
    counts = {name: int(counted.get(name, 0)) for name in ("matched", "review", "unmatched")}
    return _with(reference, **counts, status="matched")


def load(workspace: Workspace, reference: Reference) -> Reference:
    """Write lines and records in one transaction, make the version the one in force, write the
    receipt."""
    contract = contract_of(workspace, reference["department"])
    month = Month.parse(reference["month"])
    checked, matches = (
        _frame(workspace, reference, "checked.parquet"),
        _frame(workspace, reference, "matched.parquet"),
    )
    lines = pd.DataFrame({"line_no": range(len(checked))}, index=checked.index)
    lines = lines.join(checked[["file", "sheet", "row", "reason", "correction"]]).join(matches)
    lines["outcome"] = lines["outcome"].fillna(checked["verdict"])
    accepted = checked["verdict"] == "accepted"
    names = [*contract.columns, *(["id_state"] if contract.has_identity else [])]
    records = lines.loc[accepted, ["line_no"]].join(checked.loc[accepted, names])
    values: dict[str, Any] = {**reference, "rows": len(checked)}
    if not _staging(workspace, reference).has(
        "report.json"
    ):  # killed in the midst of clearing the work folder
        validate(workspace, reference)
    report = _staging(workspace, reference).read_note("report.json")
    with workspace.database.write() as connection:
        values["registry"] = matched_against(connection, load_in_force(connection, month))
        known = submissions.put_in_force(connection, values, contract, report, lines, records)
        waiting = ask(connection, month, contract, _questions(report))
    _receipt(workspace, reference, known, checked)
    told = report.get("warnings", [])
    return _with(
        reference,
        **known["counts"],
        status="loaded",
        version=known["version"],
        warnings=told,
        questions=waiting,
    )


def _receipt(
    workspace: Workspace, reference: Reference, known: dict[str, Any], checked: pd.DataFrame | None
) -> None:
    """Write the department's receipt and clear the work folder: from here on the database and the
    vault suffice."""
    from shouwang.documents.paper import SYSTEM
    from shouwang.submissions.receipts import write_receipt_of
    from shouwang.transfer.handout import put_out

    staging = _staging(workspace, reference)
    if checked is None and staging.has("checked.parquet"):
        checked = staging.read_frame("checked.parquet")
    cells = None if checked is None else _frame(workspace, reference, "cells.parquet")
    contract = contract_of(workspace, reference["department"])
    folder = workspace.receipts_of(reference["month"], reference["department"])
    name = f"{contract.title}数据回执_{reference['month']}_第{known['version']}版.xlsx"
    write = partial(
        write_receipt_of,
        workspace=workspace,
        contract=contract,
        known=known,
        checked=checked,
        cells=cells,
    )
    with workspace.database.write() as connection:
        put_out(
            connection,
            workspace,
            folder / name,
            reference["month"],
            contract.department,
            SYSTEM,
            write,
        )
    with workspace.database.alone():
        staging.clear()
    staging.write_note("receipt.done", {"receipt": name})


def _frame(workspace: Workspace, reference: Reference, name: str) -> pd.DataFrame:
    """A frame of an earlier step; made again when it has been cleared away."""
    staging = _staging(workspace, reference)
    if not staging.has(name):
        if name in ("cells.parquet", "reading.parquet"):
            read(workspace, reference)
        else:
            {"checked.parquet": validate, "matched.parquet": match}[name](workspace, reference)
    return staging.read_frame(name)


def registry_index(workspace: Workspace, month: Month) -> RegistryIndex:
    """The registry of a month ready for matching; kept for the departments that follow in this
    process."""
    with workspace.database.read() as connection:
        force = load_in_force(connection, month)
    return _registry_index(workspace.database, month, force)


def registered(workspace: Workspace, month: Month) -> Registered:
    """What recognition asks of the registry of a month; kept for what follows in this process."""
    with workspace.database.read() as connection:
        force = load_in_force(connection, month)
    return _registered(workspace.database, month, force)


@lru_cache(maxsize=1)
def _registered(database: Database, month: Month, force: str) -> Registered:
    return Registered.of(_registry(database, month, force))


@lru_cache(maxsize=1)
def _registry_index(database: Database, month: Month, force: str) -> RegistryIndex:
    with database.read() as connection:
        former = former_people(connection, month)
    return RegistryIndex(_registry(database, month, force), former)


def registry_of(workspace: Workspace, month: Month) -> pd.DataFrame:
    """The people of a month (docs/architecture.md); kept for what follows in this process."""
    with workspace.database.read() as connection:
        force = load_in_force(connection, month)
    return _registry(workspace.database, month, force)


@lru_cache(maxsize=1)
def _registry(database: Database, month: Month, _force: str) -> pd.DataFrame:
    with database.read() as connection:
        return people_as_of(connection, month)
