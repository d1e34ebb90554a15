"""The registry's history: each load says what holds from its month until the next load's; nothing
is forgotten."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import NotThereYet
from shouwang.core.identity import VALID
from shouwang.core.month import Month
from shouwang.store.database import arrow, frame, in_parts, insert, pandas_of
from shouwang.store.sealing import keys_of
from shouwang.store.tables import person, registry_load

COLUMNS = [
    "household_id",
    "township",
    "village",
    "village_group",
    "name",
    "id_number",
    "sex",
    "birth_date",
    "relation",
    "ethnicity",
    "household_type",
    "registered_type",
    "recognised_on",
    "policy",
    "risk_removed",
    "income",
    "health",
    "labour",
    "phone",
]
KEY = ["person_id", "household_id"]
ARROW = {
    "birth_date": pa.timestamp("ms"),
    "recognised_on": pa.timestamp("ms"),
    "income": pa.float64(),
    "line_no": pa.int64(),
}
"""What is no text."""


NOT_MONITORED = "非监测对象"
HEAD = "户主"
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
    month = str(as_of)
    known = (
        connection.execute(sa.select(registry_load).where(registry_load.c.as_of == month))
        .mappings()
        .first()
    )
    households = int(people["household_id"].nunique())
    if known and known["fingerprint"] == fingerprint:
        return RegistryChange(len(people), households, 0, 0, 0, True)
    keys = keys_of(connection)
    people = people.assign(
        person_id=keys.keyed(people["person_id"]), content=keys.keyed(people["content"])
    )
    until = connection.scalar(
        sa.select(sa.func.min(registry_load.c.as_of)).where(registry_load.c.as_of > month)
    )
    holding = _holding(connection, month, person.columns.keys())
    joined = holding.merge(
        people[[*KEY, "content"]], on=[*KEY, "content"], how="left", indicator=True
    )
    stays = joined["_merge"].eq("both").to_numpy()
    going, staying = holding[~stays], holding[stays]
    fresh = people.merge(staying[KEY], on=KEY, how="left", indicator=True)
    fresh = people[fresh["_merge"].eq("left_only").to_numpy()]
    _end(connection, going, month, until)
    insert(connection, person, fresh.assign(from_month=month, to_month=until))
    values = {
        "fingerprint": fingerprint,
        "file": file,
        "people": len(people),
        "households": households,
    }
    if known:
        connection.execute(
            registry_load.update().where(registry_load.c.as_of == month).values(**values)
        )
    else:
        connection.execute(registry_load.insert().values(as_of=month, **values))
    changed = len(going[KEY].merge(fresh[KEY], on=KEY))
    return RegistryChange(
        len(people), households, len(fresh) - changed, len(going) - changed, changed, False
    )


def _holding(
    connection: Connection, month: str, columns: list[str], households: sa.Select[Any] | None = None
) -> pd.DataFrame:
    kinds = {name: ARROW.get(name, pa.string()) for name in columns}
    asked = (
        sa.cast(person.c[n], sa.Text) if kind == ARROW["birth_date"] else person.c[n]
        for n, kind in kinds.items()
    )
    query = sa.select(*asked).where(
        person.c.from_month <= month, sa.or_(person.c.to_month.is_(None), person.c.to_month > month)
    )
    if households is not None:
        query = query.where(person.c.household_id.in_(households))
    return pandas_of(arrow(connection, query.order_by(person.c.line_no, person.c.person_id), kinds))


def _end(connection: Connection, going: pd.DataFrame, month: str, until: str | None) -> None:
    """Statements that no longer hold in ``month``: cut off there, and kept from the next load on if
    they hold again."""
    before, later = going[going["from_month"] < month], going[going["from_month"] == month]
    keys = [person.c[name] == sa.bindparam(f"k_{name}") for name in (*KEY, "from_month")]

    def bound(rows: pd.DataFrame) -> list[dict[str, object]]:
        return [
            {f"k_{name}": value for name, value in zip((*KEY, "from_month"), row, strict=True)}
            for row in rows[[*KEY, "from_month"]].to_numpy().tolist()
        ]

    if len(before):
        connection.execute(person.update().where(*keys).values(to_month=month), bound(before))
    if len(later):
        connection.execute(person.delete().where(*keys), bound(later))
    if until is not None:
        beyond = going[going["to_month"].isna() | (going["to_month"] > until)]
        insert(connection, person, beyond.assign(from_month=until))


def load_in_force(connection: Connection, month: Month) -> str:
    """The fingerprint of the registry load that holds in a month; `NotThereYet` when there is
    none."""
    query = (
        sa.select(registry_load)
        .where(registry_load.c.as_of <= str(month))
        .order_by(registry_load.c.as_of.desc())
    )
    found = connection.execute(query).mappings().first()
    if found is None:
        raise NotThereYet(
            f"There is no registry as of {month}; load one with `shouwang registry load FILE --as-of {month}` "
            "(or an earlier month)."
        )
    return hashlib.sha256(f"{found['as_of']} {found['fingerprint']}".encode()).hexdigest()[:16]


def people_as_of(
    connection: Connection, month: Month, households: sa.Select[Any] | None = None
) -> pd.DataFrame:
    """The ``people`` frame of a month (docs/architecture.md), in the order of the registry file.

    ``households`` is a query for the ids of those that are wanted; all of them when it is left out.
    """
    load_in_force(connection, month)
    return _holding(connection, str(month), ["person_id", *COLUMNS], households)


def former_people(connection: Connection, month: Month) -> pd.DataFrame:
    """Who bore a name in a village by the registry before ``month`` and does no longer: has died,
    moved, been renamed.

    ``person_id, township, village, name``; nobody of whose household somebody bears that name now.
    """
    once, now = person, person.alias()
    holds = sa.and_(
        now.c.from_month <= str(month),
        sa.or_(now.c.to_month.is_(None), now.c.to_month > str(month)),
    )
    said = ("township", "village", "name")
    stays = sa.and_(
        now.c.person_id == once.c.person_id, *(now.c[name] == once.c[name] for name in said)
    )
    at_home = sa.and_(now.c.household_id == once.c.household_id, now.c.name == once.c.name)
    query = (
        sa.select(once.c.person_id, *(once.c[name] for name in said))
        .where(once.c.to_month <= str(month))
        .distinct()
    )
    for still in (stays, at_home):
        query = query.where(~sa.exists().where(holds, still))
    return frame(connection, query).astype("str")
