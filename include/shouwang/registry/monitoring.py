"""Who is monitored (监测对象), since when, and what changed: read from the registry's own history,
load by load.

The registry holds no dates of recognition or removal. A household that was monitored in the first
load was recognised before; when cannot be known here, and its ``recognised`` is null.
"""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.month import Month
from shouwang.core.terms import HEAD
from shouwang.registry.history import holds_in
from shouwang.store.database import frame
from shouwang.store.tables import person, registry_load

MONITORED_TYPES = ("脱贫不稳定户", "边缘易致贫户", "突发严重困难户")
REMOVED = "是"
RECOGNISED, REMOVAL, RETURN = "新识别", "风险消除", "风险消除回退"
RETYPED, STRUCK_OFF = "变更监测类型", "清退"
"""Movements (监测对象变动) in the words that reports use."""


def household_sizes(connection: Connection, month: Month) -> pd.Series[int]:
    """How many people each household has in a month, by ``household_id``."""
    people = sa.func.count().label("people")
    query = sa.select(person.c.household_id, people).where(holds_in(month))
    counted = frame(connection, query.group_by(person.c.household_id))
    counted = counted.astype({"household_id": "str", "people": "int64"})
    return counted.set_index("household_id")["people"]


def monitoring(connection: Connection, month: Month) -> pd.DataFrame:
    """What every load up to a month says of each household that was ever monitored by then.

    ``household_id, as_of`` (text)``, township, monitored`` (the household type, null if it is none
    of them or the household is not registered)``, removed`` (whether its risk is marked removed),
    in the order of time.
    """
    ever = sa.select(person.c.household_id).where(
        person.c.household_type.in_(MONITORED_TYPES), person.c.from_month <= str(month)
    )
    fixed = (person.c.household_id, person.c.township, person.c.household_type)
    dated = (person.c.risk_removed, person.c.relation, person.c.from_month, person.c.to_month)
    past = person.c.household_id.in_(ever), person.c.from_month <= str(month)
    rows = frame(connection, sa.select(*fixed, *dated).where(*past).distinct()).astype("str")
    loads = sa.select(registry_load.c.as_of).where(registry_load.c.as_of <= str(month))
    months = frame(connection, loads).astype("str").sort_values("as_of")
    each = rows[["household_id"]].drop_duplicates().merge(months, how="cross")
    said = rows.merge(months, how="cross")
    begun, ended = said["from_month"] <= said["as_of"], said["to_month"] <= said["as_of"]
    said = said[begun & ~ended]
    said["place"] = said["household_type"].isna() * 2 + (said["relation"] != HEAD)
    keys = ["household_id", "as_of"]
    said = said.sort_values("place", kind="stable").drop_duplicates(keys)
    each = each.merge(said, on=keys, how="left").sort_values(keys, ignore_index=True)
    is_monitored = each["household_type"].isin(MONITORED_TYPES)
    return each[["household_id", "as_of", "township"]].assign(
        monitored=each["household_type"].where(is_monitored).astype("str"),
        removed=is_monitored & (each["risk_removed"] == REMOVED),
    )


def since(history: pd.DataFrame) -> pd.DataFrame:
    """By ``household_id``, from the frame of `monitoring`: how a household stands, and since when.

    ``monitored, removed`` as of the last load; ``recognised`` and ``taken_off``: the load (text)
    that first said so without a break, null where the first load of all said so already;
    ``known_from``: the first load of all.
    """
    first, home = history["as_of"].min(), history["household_id"]
    last = history.drop_duplicates("household_id", keep="last").set_index("household_id")
    standing = last[["township", "monitored", "removed"]]
    holding = {"recognised": history["monitored"].notna(), "taken_off": history["removed"]}
    for name, holds in holding.items():
        broken = history["as_of"].where(~holds).groupby(home).max().reindex(standing.index)
        unbroken = holds & (history["as_of"] > home.map(broken).fillna(""))
        begun = history["as_of"].where(unbroken).groupby(home).min().reindex(standing.index)
        standing = standing.assign(**{name: begun.mask(begun == first).astype("str")})
    return standing.assign(known_from=first)


def movements(history: pd.DataFrame) -> pd.DataFrame:
    """What changed from each load to the next: ``household_id, month`` (text)``, movement``."""
    before = history.groupby("household_id")[["as_of", "monitored", "removed"]].shift()
    compared = before["as_of"].notna()
    was, now = before["monitored"], history["monitored"]
    removed_before = before["removed"].eq(True)
    kinds = {
        RECOGNISED: was.isna() & now.notna(),
        REMOVAL: was.notna() & ~removed_before & history["removed"],
        RETURN: removed_before & now.notna() & ~history["removed"],
        RETYPED: was.notna() & now.notna() & (was != now),
        STRUCK_OFF: was.notna() & ~removed_before & now.isna() & history["township"].notna(),
    }
    parts = [
        history.loc[compared & happened, ["household_id", "as_of"]].assign(movement=kind)
        for kind, happened in kinds.items()
    ]
    return pd.concat(parts, ignore_index=True).rename(columns={"as_of": "month"}).astype("str")
