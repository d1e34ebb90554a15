"""One department's delivery on its way from the inbox into the database: take in → validate → match → load.

Between the steps a delivery is a `Reference`: small, plain, free of personal data. What a step makes lies in the work
folder under the delivery's id; a step that finds its predecessor's frames gone makes them again from the vault.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict, cast

import pandas as pd

from shouwang.county.contract import Contract
from shouwang.errors import FileRefused, NotThereYet, UsageError
from shouwang.house import House
from shouwang.intake.files import find_files, fingerprint
from shouwang.intake.names import shown
from shouwang.intake.reading import read_files
from shouwang.matching.index import RegistryIndex
from shouwang.month import Month
from shouwang.registry.history import load_in_force, people_as_of
from shouwang.staging import Staging
from shouwang.store import deliveries
from shouwang.store.database import Database

PARSER = "2"
"""Raised when the same file would be read otherwise than before: a delivery then becomes a new version."""


class Reference(TypedDict, total=False):
    """What one step tells the next about a delivery."""

    month: str
    department: str
    dataset: str
    delivery_id: str
    content: str
    contract: str
    files: list[str]
    status: str
    message: str
    version: int
    rows: int
    accepted: int
    rejected: int
    duplicate: int
    matched: int
    review: int
    unmatched: int


def contract_of(house: House, department: str) -> Contract:
    """A department's contract; `UsageError` naming those there are."""
    contract = house.county.contract(department)
    if contract is None:
        raise UsageError(f"There is no department “{department}”; there are {', '.join(house.county.contracts)}.")
    return contract


def take_in(house: House, month: Month, department: str) -> Reference:
    """Fingerprint what lies in the inbox, keep it in the vault, read it.

    ``status``: ``unchanged`` (this very version is in force already), ``refused`` (with ``message``) or ``read``.
    """
    contract = contract_of(house, department)
    inbox = house.inbox_of(month, department)
    files = find_files(inbox)
    if not files:
        raise NotThereYet(f"{department} has handed over nothing for {month}: {inbox} is empty.")
    try:
        content = fingerprint(files)
    except FileRefused as gone:
        return _moving(month, contract, files, gone)
    how = f"{PARSER}-{contract.fingerprint()}-{house.suite_fingerprint(contract.slug)}"
    reference = Reference(
        month=str(month),
        department=department,
        dataset=contract.dataset,
        content=content,
        contract=fingerprint_text(how),
        delivery_id=deliveries.delivery_id(month, department, content, how),
        files=[path.name for path in files],
    )
    with house.database.read() as connection:
        registry = load_in_force(connection, month)
        known = deliveries.find(connection, reference["delivery_id"])
    refused = known and known["status"] == deliveries.REFUSED and _staging(house, reference).has("receipt.done")
    if known and refused and not ("密码" in known["refusal"] and house.passwords_of(department)):
        return _refused(reference, known["refusal"], known)
    if known and known["in_force"] and known["registry"] == registry and _has_receipt(house, known):
        return _with(reference, **known["counts"], status="unchanged", version=known["version"])
    try:
        _keep(files, house.vault_of(month, department, content))
    except FileRefused as moving:
        return _moving(month, contract, files, moving)
    return _read(house, reference, contract)


def fingerprint_text(text: str) -> str:
    """Sixteen characters for a text."""
    return deliveries.delivery_id("", "", text, "")


def _has_receipt(house: House, known: dict[str, Any]) -> bool:
    return _staging_of(house, known["delivery_id"]).has("receipt.done")


def _staging_of(house: House, identifier: str) -> Staging:
    return Staging(house.work_of(identifier))


def _staging(house: House, reference: Reference) -> Staging:
    return _staging_of(house, reference["delivery_id"])


def _moving(month: Month, contract: Contract, files: list[Path], why: FileRefused) -> Reference:
    """The answer while files come and go: there is nothing yet that could be kept or put on record."""
    names = [path.name for path in files]
    return Reference(
        month=str(month), department=contract.department, dataset=contract.dataset, files=names, status="refused",
        message=str(why), rows=0,
    )  # fmt: skip


def _keep(files: list[Path], vault: Path) -> None:
    """Copy the files into the vault, whole or not at all; `FileRefused` if they change or vanish meanwhile."""
    if vault.exists():
        return
    vault.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in vault.parent.glob(f".{vault.name}.*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(dir=vault.parent, prefix=f".{vault.name}."))
    try:
        copies = [Path(shutil.copy2(path, part / path.name)) for path in files]
        whole = fingerprint(copies) == vault.name
    except OSError:
        whole = False
    if not whole:
        shutil.rmtree(part, ignore_errors=True)
        raise FileRefused(
            "unreadable", f"文件“{'、'.join(shown(p.name) for p in files)}”还在传输或已被移走，请传完后再试。"
        )
    try:
        os.replace(part, vault)  # noqa: PTH105 (a folder)
    except OSError:  # another process kept the same files in the meantime
        shutil.rmtree(part, ignore_errors=True)


def _read(house: House, reference: Reference, contract: Contract) -> Reference:
    vault = house.vault_of(reference["month"], reference["department"], reference["content"])
    staging = _staging(house, reference)
    try:
        files = [vault / name for name in reference["files"]]
        reading = read_files(files, contract, house.passwords_of(contract.department))
    except FileRefused as refusal:
        return refuse(house, reference, str(refusal), {}, {})
    staging.write_frame("cells.parquet", reading.cells())
    staging.write_note("report.json", reading.report())
    staging.write_frame("reading.parquet", reading.table)
    return _with(reference, status="read", rows=len(reading.table))


def refuse(
    house: House, reference: Reference, message: str, counts: dict[str, int], report: dict[str, Any]
) -> Reference:
    """Put a refusal on record and write its receipt."""
    with house.database.write() as connection:
        known = deliveries.record_refusal(connection, dict(reference), counts, report, message)
    _receipt(house, reference, known, None)
    return _refused(reference, message, known)


def _with(reference: Reference, **more: Any) -> Reference:
    """A reference that says more."""
    return cast(Reference, {**reference, **more})


def _refused(reference: Reference, message: str, known: dict[str, Any]) -> Reference:
    return _with(reference, **known["counts"], status="refused", message=message, version=known["version"])


def validate(house: House, reference: Reference) -> Reference:
    """Judge every row; the file gate may refuse the whole. ``status``: ``checked`` or ``refused``."""
    from shouwang.quality.check import check, gate

    contract = contract_of(house, reference["department"])
    staging = _staging(house, reference)
    table = _frame(house, reference, "reading.parquet")
    verdicts = check(table, contract, house.expectations, Month.parse(reference["month"]))
    judged = table.assign(verdict=verdicts.verdict, reason=verdicts.reason, bad_columns=verdicts.bad_columns)
    staging.write_frame("checked.parquet", judged)
    counts = verdicts.counts()
    try:
        limit = house.county.settings.intake.refuse_above_rejected_share
        gate(counts, contract, limit, "、".join(reference["files"]))
    except FileRefused as refusal:
        return refuse(house, reference, str(refusal), {"rows": len(table), **counts}, staging.read_note("report.json"))
    return _with(reference, **counts, rows=len(table), status="checked")


def match(house: House, reference: Reference) -> Reference:
    """Match every accepted row to the registry as of the data month."""
    from shouwang.matching.ladder import match as match_rows

    checked = _frame(house, reference, "checked.parquet")
    accepted = checked[checked["verdict"] == "accepted"]
    matches = match_rows(accepted, registry_index(house, Month.parse(reference["month"])))
    texts = matches["candidates"].map(lambda c: json.dumps(list(c)) if isinstance(c, list | tuple) and len(c) else None)
    _staging(house, reference).write_frame("matched.parquet", matches.assign(candidates=texts.astype("str")))
    counted = matches["outcome"].value_counts()
    counts = {name: int(counted.get(name, 0)) for name in ("matched", "review", "unmatched")}
    return _with(reference, **counts, status="matched")


def load(house: House, reference: Reference) -> Reference:
    """Write lines and records in one transaction, make the version the one in force, write the receipt."""
    contract = contract_of(house, reference["department"])
    month = Month.parse(reference["month"])
    checked, matches = _frame(house, reference, "checked.parquet"), _frame(house, reference, "matched.parquet")
    lines = pd.DataFrame({"line_no": range(len(checked))}, index=checked.index)
    lines = lines.join(checked[["file", "sheet", "row", "reason"]]).join(matches)
    lines["outcome"] = lines["outcome"].fillna(checked["verdict"])
    accepted = checked["verdict"] == "accepted"
    names = [*contract.columns, *(["id_state"] if contract.has_identity else [])]
    records = lines.loc[accepted, ["line_no"]].join(checked.loc[accepted, names])
    values: dict[str, Any] = {**reference, "rows": len(checked)}
    with house.database.write() as connection:
        values["registry"] = load_in_force(connection, month)
        report = _staging(house, reference).read_note("report.json")
        known = deliveries.put_in_force(connection, values, contract, report, lines, records)
    _receipt(house, reference, known, checked)
    return _with(reference, **known["counts"], status="loaded", version=known["version"])


def _receipt(house: House, reference: Reference, known: dict[str, Any], checked: pd.DataFrame | None) -> None:
    """Write the department's receipt and clear the work folder: from here on the database and the vault suffice."""
    from shouwang.receipts import write_receipt_of

    staging = _staging(house, reference)
    if checked is None and staging.has("checked.parquet"):
        checked = staging.read_frame("checked.parquet")
    cells = None if checked is None else _frame(house, reference, "cells.parquet")
    contract = contract_of(house, reference["department"])
    folder = house.receipts_of(reference["month"], reference["department"])
    name = f"{contract.title}数据回执_{reference['month']}_第{known['version']}版.xlsx"
    with house.outgoing(folder / name) as part:
        write_receipt_of(part, house, contract, known, checked, cells)
    staging.clear()
    staging.write_note("receipt.done", {"receipt": name})


def _frame(house: House, reference: Reference, name: str) -> pd.DataFrame:
    """A frame of an earlier step; made again when it has been cleared away."""
    staging = _staging(house, reference)
    if not staging.has(name):
        if name in ("cells.parquet", "reading.parquet"):
            _read(house, reference, contract_of(house, reference["department"]))
        else:
            {"checked.parquet": validate, "matched.parquet": match}[name](house, reference)
    return staging.read_frame(name)


def registry_index(house: House, month: Month) -> RegistryIndex:
    """The registry of a month ready for matching; kept for the departments that follow in this process."""
    with house.database.read() as connection:
        force = load_in_force(connection, month)
    return _registry_index(house.database, month, force)


@lru_cache(maxsize=1)
def _registry_index(database: Database, month: Month, force: str) -> RegistryIndex:
    return RegistryIndex(_registry(database, month, force))


def registry_of(house: House, month: Month) -> pd.DataFrame:
    """The people of a month (docs/architecture.md); kept for what follows in this process."""
    with house.database.read() as connection:
        force = load_in_force(connection, month)
    return _registry(house.database, month, force)


@lru_cache(maxsize=1)
def _registry(database: Database, month: Month, _force: str) -> pd.DataFrame:
    with database.read() as connection:
        return people_as_of(connection, month)
