"""Tables of the departments' records, derived from their contracts: one a dataset, one row an
accepted data row."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Column, Connection, Date, Float, Integer, MetaData, String, Table, Text

from shouwang.county.contract import Contract
from shouwang.store.database import arrow, frame, pandas_of
from shouwang.store.sealing import Guarded, Sealed
from shouwang.store.tables import metadata, submission, submission_row

ARROW = {
    "yuan": pa.float64(),
    "number": pa.float64(),
    "integer": pa.float64(),
    "date": pa.timestamp("ms"),
}
TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "yuan": Float,
    "number": Float,
    "integer": Integer,
    "date": Date,
    "identity": Sealed,
    "phone": Sealed,
    "text": Guarded,
    "name": Guarded,
}


def record_table(contract: Contract) -> Table:
    """The table of a contract's records: ``submission_id, line_no`` and the canonical columns."""
    name = f"record_{contract.department}_{contract.dataset}"
    columns = [
        Column(c, TYPES.get(definition.type, Text)()) for c, definition in contract.columns.items()
    ]
    if contract.has_identity:
        columns.append(Column("id_state", String(8)))
    return Table(
        name,
        MetaData(naming_convention=metadata.naming_convention),
        Column("submission_id", String(16), primary_key=True),
        Column("line_no", Integer, primary_key=True),
        *columns,
    )


def ensure_record_tables(connection: Connection, contracts: Iterable[Contract]) -> None:
    """Make the tables that a contract needs and add the columns that it gained; nothing is ever
    dropped."""
    inspector = sa.inspect(connection)
    for contract in contracts:
        table = record_table(contract)
        if not inspector.has_table(table.name):
            table.create(connection)
            continue
        existing = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in existing:
                quoted = connection.dialect.identifier_preparer.quote(column.name)
                kind = column.type.compile(connection.dialect)
                connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN {quoted} {kind}')


def _joined(table: Table) -> sa.Join:
    """Records with the rows that they come from."""
    same = [table.c[n] == submission_row.c[n] for n in ("submission_id", "line_no")]
    return submission_row.join(table, sa.and_(*same))


def matched_records(
    connection: Connection,
    contract: Contract,
    months: Collection[str],
    columns: Collection[str] | None = None,
) -> pd.DataFrame:
    """Accepted rows of the submissions in force for some months; all canonical columns, or those of
    ``columns``.

    Those that are not matched (yet) have no ``household_id``: somebody's they are. Columns:
    ``submission_month, file, sheet, row, household_id, person_id`` and the canonical ones (numbers
    as ``float64``, dates as ``datetime64[ms]``, the rest text); sorted by month and line.
    """
    table = record_table(contract)
    types = {
        name: c.type for name, c in contract.columns.items() if columns is None or name in columns
    }
    fixed = ("file", "sheet", "row", "household_id", "person_id")
    canonical = [
        sa.cast(table.c[n], Text).label(n) if kind == "date" else table.c[n]
        for n, kind in types.items()
    ]
    kinds = dict.fromkeys(fixed, pa.string()) | {"row": pa.int64()}
    kinds |= {name: ARROW.get(kind, pa.string()) for name, kind in types.items()}
    in_force = sa.select(submission.c.month, submission.c.submission_id).where(
        submission.c.in_force,
        submission.c.department == contract.department,
        submission.c.dataset == contract.dataset,
        submission.c.month.in_(months),
    )
    schema = pa.schema({"submission_month": pa.string()} | kinds)
    parts = [schema.empty_table()]
    # A submission at a time, in the order of the tables' keys: nothing is sorted.
    for month, identifier in connection.execute(in_force.order_by(submission.c.month)).all():
        query = (
            sa.select(*(submission_row.c[name] for name in fixed), *canonical)
            .select_from(_joined(table))
            .where(submission_row.c.submission_id == identifier)
            .order_by(submission_row.c.line_no)
        )
        rows = arrow(connection, query, kinds)
        months_of_rows = pa.array([month] * len(rows), pa.string())
        parts.append(rows.add_column(0, "submission_month", months_of_rows))
    return pandas_of(pa.concat_tables(parts))


def identity_records(
    connection: Connection, contract: Contract, month: str, *more: sa.ColumnElement[bool]
) -> pd.DataFrame:
    """Accepted rows of a department's submission in force: place, method, candidates, and the
    identity as text."""
    table = record_table(contract)
    identity = ("id_number", "name", "township", "village", "phone")
    place = ("submission_id", "file", "sheet", "row", "method", "candidates")
    query = (
        sa.select(
            *(submission_row.c[n] for n in place),
            *(table.c[n] for n in identity if n in contract.columns),
        )
        .select_from(submission.join(_joined(table)))
        .where(
            submission.c.in_force,
            submission.c.department == contract.department,
            submission.c.month == month,
            *more,
        )
        .order_by(submission_row.c.line_no)
    )
    return frame(connection, query)
