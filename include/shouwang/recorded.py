"""The records that the rules of a month look at, read from the database: neither other columns nor other deliveries."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from sqlalchemy import Connection

from shouwang.county.contract import Contract
from shouwang.month import Month
from shouwang.screening.columns import columns
from shouwang.screening.rules import RuleBook
from shouwang.store.deliveries import months_in_force
from shouwang.store.records import matched_records


def records_for(
    connection: Connection, contracts: Iterable[Contract], books: Iterable[RuleBook], months: list[Month]
) -> dict[str, pd.DataFrame]:
    """``department.dataset`` → the matched rows in force that one of the books needs to screen one of the months.

    A roster, which is whole each time, is read as of each month and as delivered last before it.
    """
    books = list(books)
    first, last = min(book.first_month(month) for book in books for month in months), max(months)
    found = {}
    for contract in contracts:
        there = [m for m in months_in_force(connection, contract) if str(first) <= m <= str(last)]
        if not all((d := book.datasets.get(contract.slug)) and d.key for book in books):
            there = sorted({m for month in months for m in [d for d in there if d <= str(month)][-2:]})
        asked = set().union(*(columns(book, contract.slug) for book in books))
        found[contract.slug] = matched_records(connection, contract, there, asked)
    return found
