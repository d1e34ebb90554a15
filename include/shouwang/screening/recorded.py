"""What a month is screened by, read from the database: the records its rules look at, and what was
reported for it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from sqlalchemy import Connection

from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.screening import evaluate
from shouwang.screening.checking import columns_of
from shouwang.screening.reports import reported
from shouwang.screening.rules import RuleBook
from shouwang.store.database import insert
from shouwang.store.records import matched_records
from shouwang.store.submissions import months_in_force
from shouwang.store.tables import signal, warning


def records_for(
    connection: Connection,
    contracts: Iterable[Contract],
    books: Iterable[RuleBook],
    months: list[Month],
) -> dict[str, pd.DataFrame]:
    """``department.dataset`` → the matched rows in force that one of the books needs to screen one
    of the months.

    A roster, which is whole each time, is read as of each month and as delivered last before it.
    """
    books = list(books)
    first, last = min(book.first_month(month) for book in books for month in months), max(months)
    records = {}
    for contract in contracts:
        submitted = [
            m for m in months_in_force(connection, contract) if str(first) <= m <= str(last)
        ]
        if not all((d := book.datasets.get(contract.slug)) and d.key for book in books):
            submitted = sorted(
                {m for month in months for m in [d for d in submitted if d <= str(month)][-2:]}
            )
        asked = set().union(*(columns_of(book, contract.slug) for book in books))
        records[contract.slug] = matched_records(connection, contract, submitted, asked)
    return records


def screened(
    connection: Connection,
    contracts: Iterable[Contract],
    book: RuleBook,
    month: Month,
    people: pd.DataFrame,
) -> evaluate.Screening:
    """What a month's screening finds; ``people`` as of the month. Nothing is written."""
    records = records_for(connection, contracts, [book], [month])
    return evaluate.screen(book, month, records, people, reported(connection, month))


def keep_screening(connection: Connection, month: Month, screening: evaluate.Screening) -> None:
    """Put a month's signals and warnings in the place of those of before."""
    for table in (signal, warning):
        connection.execute(table.delete().where(table.c.month == str(month)))
    insert(
        connection,
        signal,
        screening.signals.assign(month=str(month), signal_no=range(len(screening.signals))),
    )
    insert(connection, warning, screening.warnings.assign(month=str(month)))
