"""The registry's history: each load says what holds from its month until the next load's; nothing
is forgotten."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.digests import short_digest
from shouwang.core.errors import NotThereYet
from shouwang.core.identity import VALID
from shouwang.core.month import Month
from shouwang.core.terms import HEAD
from shouwang.store.database import arrow, frame, in_parts, insert, pandas_of
from shouwang.store.sealing import keys_of
from shouwang.store.tables import person, registry_load

COLUMNS = [
    *("household_id", "township", "village", "village_group", "name", "id_number", "sex"),
    *("birth_date", "relation", "ethnicity", "household_type", "registered_type"),
    *("recognised_on", "policy", "risk_removed", "income", "health", "labour", "phone"),
]
log = logging.getLogger(__name__)
KEY = ["person_id", "household_id"]
ARROW = {
    "birth_date": pa.timestamp("ms"),
    "recognised_on": pa.timestamp("ms"),
    "income": pa.float64(),
    "line_no": pa.int64(),
}
"""What is no text."""
NOT_MONITORED = "非监测对象"
WRITTEN_HEADS = ("本人或户主", "户主本人", "本人（户主）", "本人(户主)", "户主（本人）")
"""How the head of a household may be written as his own relation."""


@dataclass(frozen=True)
class RegistryChange:
    """What a load did to the registry of its month, in people."""

    people: int
    households: int
    added: int
    removed: int
    changed: int
    already_loaded: bool


def _digest(text: pd.Series) -> pd.Series:
    hashes: Any = pd.util.hash_array(text.to_numpy(dtype=object), categorize=False)
    return pd.Series(list(map("{:016x}".format, hashes)), index=text.index, dtype="str")


def _content(people: pd.DataFrame) -> pd.Series:
    text = people[COLUMNS].astype("str").fillna("\0")
    return _digest(text[COLUMNS[0]].str.cat(text[COLUMNS[1:]], sep="\x1f"))


def snapshot(table: pd.DataFrame) -> pd.DataFrame:
    """A registry reading's accepted rows as rows of `person`, still without months.

    A person is known by a sound identity number, else by household, name and birth date; the same
    number twice in one household is told apart by its order. Both digests (``person_id, content``)
    get a key when they are loaded.
    """
    people = _monitored(table).reindex(columns=COLUMNS).reset_index(drop=True)
    people["recognised_on"] = people["recognised_on"].astype("datetime64[ms]")
    born = people["birth_date"].dt.strftime("%Y%m%d").fillna("")
    described = people["household_id"] + "|" + people["name"].fillna("") + "|" + born
    who = people["id_number"].where(table["id_state"].reset_index(drop=True) == VALID, described)
    order = people.assign(who=who).groupby(["who", "household_id"]).cumcount()
    people["person_id"] = _digest(who.where(order == 0, who + "#" + order.astype("str")))
    people["content"] = pd.concat([_content(some) for some in in_parts(people)])
    people["line_no"] = range(len(people))
    return people


def _monitored(table: pd.DataFrame) -> pd.DataFrame:
    """The reading with one type a household: what 监测对象类别 says wins over 户类型, which is kept
    beside it."""
    if "monitored_type" not in table:
        return table
    monitored = table["monitored_type"].where(table["monitored_type"] != NOT_MONITORED)
    return table.assign(
        registered_type=table["household_type"].where(monitored.notna()).astype("str"),
        household_type=monitored.fillna(table["household_type"]).astype("str"),
        relation=table["relation"].replace(dict.fromkeys(WRITTEN_HEADS, HEAD)),
    )


def load_snapshot(
    connection: Connection, people: pd.DataFrame, as_of: Month, fingerprint: str, file: str
) -> RegistryChange:
    """Make the registry from ``as_of`` until the next load say what ``people`` says; the same load
    again does nothing."""
    month, start = str(as_of), time.monotonic()
    this_load = registry_load.c.as_of == month
    earlier = connection.scalar(sa.select(registry_load.c.fingerprint).where(this_load))
    households = int(people["household_id"].nunique())
    if earlier == fingerprint:
        return RegistryChange(len(people), households, 0, 0, 0, True)
    keys = keys_of(connection)
    digests = {name: keys.keyed(people[name]) for name in ("person_id", "content")}
    people = people.assign(**digests)
    later = sa.select(sa.func.min(registry_load.c.as_of)).where(registry_load.c.as_of > month)
    until = connection.scalar(later)
    holding = _holding(connection, as_of, person.columns.keys())
    stays = _among(holding, people, [*KEY, "content"])
    going, fresh = holding[~stays], people[~_among(people, holding[stays], KEY)]
    _end(connection, going, month, until)
    insert(connection, person, fresh.assign(from_month=month, to_month=until))
    connection.execute(registry_load.delete().where(this_load))
    values = {"fingerprint": fingerprint, "file": file, "as_of": month}
    counts = {"people": len(people), "households": households}
    connection.execute(registry_load.insert().values(**values, **counts))
    changed = len(going[KEY].merge(fresh[KEY], on=KEY))
    change = RegistryChange(
        len(people), households, len(fresh) - changed, len(going) - changed, changed, False
    )
    log.info("registry of %s: %s, %.1f s", month, change, time.monotonic() - start)
    return change


def _among(rows: pd.DataFrame, others: pd.DataFrame, columns: list[str]) -> npt.NDArray[np.bool_]:
    """Which rows say the same in some columns as one of the others."""
    joined = rows[columns].merge(others[columns], on=columns, how="left", indicator=True)
    return joined["_merge"].eq("both").to_numpy()


def holds_in(month: Month, statements: sa.FromClause = person) -> sa.ColumnElement[bool]:
    """What the registry says in a month, of all that it ever said."""
    begun, ended = statements.c.from_month, statements.c.to_month
    return sa.and_(begun <= str(month), sa.or_(ended.is_(None), ended > str(month)))


def _holding(
    connection: Connection,
    month: Month,
    columns: list[str],
    households: sa.Select[Any] | None = None,
) -> pd.DataFrame:
    kinds = {name: ARROW.get(name, pa.string()) for name in columns}
    asked = (
        sa.cast(person.c[n], sa.Text) if kind == ARROW["birth_date"] else person.c[n]
        for n, kind in kinds.items()
    )
    query = sa.select(*asked).where(holds_in(month))
    if households is not None:
        query = query.where(person.c.household_id.in_(households))
    return pandas_of(arrow(connection, query.order_by(person.c.line_no, person.c.person_id), kinds))


def _end(connection: Connection, going: pd.DataFrame, month: str, until: str | None) -> None:
    """Statements that no longer hold in ``month``: cut off there, and kept from the next load on if
    they hold again."""
    keys = (*KEY, "from_month")
    which = [person.c[name] == sa.bindparam(f"k_{name}") for name in keys]
    begun = going["from_month"] < month
    cut_off = person.update().where(*which).values(to_month=month)
    for statement, rows in (
        (cut_off, going[begun]),
        (person.delete().where(*which), going[~begun]),
    ):
        bound = rows[[*keys]].add_prefix("k_").to_dict("records")
        if bound:
            connection.execute(statement, [{str(k): v for k, v in one.items()} for one in bound])
    if until is not None:
        beyond = going[going["to_month"].isna() | (going["to_month"] > until)]
        insert(connection, person, beyond.assign(from_month=until))


def load_in_force(connection: Connection, month: Month) -> str:
    """The fingerprint of the registry load that holds in a month; `NotThereYet` when there is
    none."""
    query = sa.select(registry_load.c.as_of, registry_load.c.fingerprint)
    query = query.where(registry_load.c.as_of <= str(month))
    newest = connection.execute(query.order_by(registry_load.c.as_of.desc())).first()
    if newest is None:
        raise NotThereYet(
            f"There is no registry as of {month}; load one with `shouwang registry load FILE "
            f"--as-of {month}` (or an earlier month)."
        )
    return short_digest(f"{newest.as_of} {newest.fingerprint}")


def people_as_of(
    connection: Connection, month: Month, households: sa.Select[Any] | None = None
) -> pd.DataFrame:
    """The ``people`` frame of a month (docs/architecture.md), in the order of the registry file.

    ``households`` is a query for the ids of those that are wanted; all of them when it is left out.
    """
    load_in_force(connection, month)
    return _holding(connection, month, ["person_id", *COLUMNS], households)


def former_people(connection: Connection, month: Month) -> pd.DataFrame:
    """Who bore a name in a village by the registry before ``month`` and does no longer: has died,
    moved, been renamed.

    ``person_id, township, village, name``; nobody of whose household somebody bears that name now.
    """
    once, now = person, person.alias()
    said = ("township", "village", "name")

    def alike(*names: str) -> sa.ColumnElement[bool]:
        return sa.and_(*(now.c[name] == once.c[name] for name in names))

    query = sa.select(once.c.person_id, *(once.c[name] for name in said))
    query = query.where(once.c.to_month <= str(month)).distinct()
    for still in (alike("person_id", *said), alike("household_id", "name")):
        query = query.where(~sa.exists().where(holds_in(month, now), still))
    return frame(connection, query).astype("str")
