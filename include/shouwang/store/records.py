"""Tables of the departments' records, derived from their contracts: one a dataset, one row an accepted data row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Column, Connection, Date, Float, Integer, MetaData, String, Table, Text

from shouwang.county.contract import Contract
from shouwang.store.database import frame
from shouwang.store.tables import delivery, line, metadata

TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {"yuan": Float, "number": Float, "integer": Integer, "date": Date}


def record_table(contract: Contract) -> Table:
    """The table of a contract's records: ``delivery_id, line_no`` and the canonical columns."""
    name = f"record_{contract.department}_{contract.dataset}"
    columns = [Column(c, TYPES.get(definition.type, Text)) for c, definition in contract.columns.items()]
    if contract.has_identity:
        columns.append(Column("id_state", String(8)))
    return Table(
        name,
        MetaData(naming_convention=metadata.naming_convention),
        Column("delivery_id", String(16), primary_key=True),
        Column("line_no", Integer, primary_key=True),
        *columns,
    )


def ensure_record_tables(connection: Connection, contracts: Iterable[Contract]) -> None:
    """Make the tables that a contract needs and add the columns that it gained; nothing is ever dropped."""
    there = sa.inspect(connection)
    for contract in contracts:
        table = record_table(contract)
        if not there.has_table(table.name):
            table.create(connection)
            continue
        known = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                quoted = connection.dialect.identifier_preparer.quote(column.name)
                kind = column.type.compile(connection.dialect)
                connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN {quoted} {kind}')


def matched_records(connection: Connection, contract: Contract, first: str, last: str) -> pd.DataFrame:
    """Matched rows of the deliveries in force for the months ``first`` to ``last``.

    Columns: ``delivery_month, file, sheet, row, household_id, person_id`` and the canonical ones (numbers as
    ``float64``, dates as ``datetime64[ms]``, the rest text); sorted by month and line.
    """
    table = record_table(contract)
    wanted = [table.columns[name] for name in contract.columns]
    query = (
        sa.select(
            delivery.c.month.label("delivery_month"),
            *(line.c[name] for name in ("file", "sheet", "row", "household_id", "person_id")),
            *wanted,
        )
        .select_from(
            delivery.join(line, line.c.delivery_id == delivery.c.delivery_id).join(
                table, sa.and_(table.c.delivery_id == line.c.delivery_id, table.c.line_no == line.c.line_no)
            )
        )
        .where(
            delivery.c.in_force,
            delivery.c.department == contract.department,
            delivery.c.dataset == contract.dataset,
            delivery.c.month.between(first, last),
            line.c.outcome == "matched",
        )
        .order_by(delivery.c.month, line.c.line_no)
    )
    rows = frame(connection, query)
    kinds = {name: "float64" if c.type in ("yuan", "number") else "str" for name, c in contract.columns.items()}
    kinds |= {name: "Int64" for name, c in contract.columns.items() if c.type == "integer"}
    kinds |= {name: "datetime64[ms]" for name, c in contract.columns.items() if c.type == "date"}
    kinds |= dict.fromkeys(("delivery_month", "file", "sheet", "household_id", "person_id"), "str")
    return rows.astype(kinds | {"row": "int64"})


def identity_records(
    connection: Connection, contract: Contract, month: str, *more: sa.ColumnElement[bool]
) -> pd.DataFrame:
    """Accepted rows of a department's delivery in force: place, method, candidates, and the identity as text."""
    table = record_table(contract)
    names = [name for name in ("id_number", "name", "township", "village", "phone") if name in contract.columns]
    query = (
        sa.select(*(line.c[n] for n in ("file", "sheet", "row", "method", "candidates")), *(table.c[n] for n in names))
        .select_from(
            delivery.join(line, line.c.delivery_id == delivery.c.delivery_id).join(
                table, sa.and_(table.c.delivery_id == line.c.delivery_id, table.c.line_no == line.c.line_no)
            )
        )
        .where(delivery.c.in_force, delivery.c.department == contract.department, delivery.c.month == month)
        .where(*more)
        .order_by(line.c.line_no)
    )
    return frame(connection, query).astype(dict.fromkeys(names, "str"))
