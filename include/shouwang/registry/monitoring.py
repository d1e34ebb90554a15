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
from shouwang.store.database import frame
from shouwang.store.tables import person, registry_load

MONITORED_TYPES = ("脱贫不稳定户", "边缘易致贫户", "突发严重困难户")
HEAD, REMOVED = "户主", "是"
RECOGNISED, REMOVAL, RETURN, RETYPED, STRUCK_OFF = (
    "新识别",
    "风险消除",
    "风险消除回退",
    "变更监测类型",
    "清退",
)
"""Movements (监测对象变动) in the words that reports use."""


def household_sizes(connection: Connection, month: Month) -> pd.Series[int]:
    """How many people each household has in a month, by ``household_id``."""
    holds = sa.and_(
        person.c.from_month <= str(month),
        sa.or_(person.c.to_month.is_(None), person.c.to_month > str(month)),
    )
    counted = frame(
        connection,
        sa.select(person.c.household_id, sa.func.count().label("people"))
        .where(holds)
        .group_by(person.c.household_id),
    )
    return counted.astype({"household_id": "str", "people": "int64"}).set_index("household_id")[
        "people"
    ]


def monitoring(connection: Connection, month: Month) -> pd.DataFrame:
    """What every load up to a month says of each household that was ever monitored by then.

    ``household_id, as_of`` (text)``, township, monitored`` (the household type, null if it is none
    of them or the household is not registered)``, removed`` (whether its risk is marked removed),
    in the order of time.
    """
    ever = sa.select(person.c.household_id).where(
        person.c.household_type.in_(MONITORED_TYPES), person.c.from_month <= str(month)
    )
    names = (
        "household_id",
        "township",
        "household_type",
        "risk_removed",
        "relation",
        "from_month",
        "to_month",
    )
    rows = frame(
        connection,
        sa.select(*(person.c[name] for name in names))
        .where(person.c.household_id.in_(ever), person.c.from_month <= str(month))
        .distinct(),
    ).astype("str")
    loads = frame(
        connection, sa.select(registry_load.c.as_of).where(registry_load.c.as_of <= str(month))
    )
    months = loads.astype("str").sort_values("as_of")
    each = rows[["household_id"]].drop_duplicates().merge(months, how="cross")
    said = rows.merge(months, how="cross")
    holds = (said["from_month"] <= said["as_of"]) & (
        said["to_month"].isna() | (said["to_month"] > said["as_of"])
    )
    said = said[holds].assign(
        place=lambda r: r["household_type"].isna() * 2 + (r["relation"] != HEAD)
    )
    said = said.sort_values("place", kind="stable").drop_duplicates(["household_id", "as_of"])
    each = each.merge(said, on=["household_id", "as_of"], how="left").sort_values(
        ["household_id", "as_of"]
    )
    is_monitored = each["household_type"].isin(MONITORED_TYPES)
    return pd.DataFrame(
        {
            "household_id": each["household_id"],
            "as_of": each["as_of"],
            "township": each["township"],
            "monitored": each["household_type"].where(is_monitored).astype("str"),
            "removed": is_monitored & (each["risk_removed"] == REMOVED),
        }
    ).reset_index(drop=True)


def since(history: pd.DataFrame) -> pd.DataFrame:
    """By ``household_id``, from the frame of `monitoring`: how a household stands, and since when.

    ``monitored, removed`` as of the last load; ``recognised`` and ``taken_off``: the load (text)
    that first said so without a break, null where the first load of all said so already;
    ``known_from``: the first load of all.
    """
    first = history["as_of"].min()
    last = history.drop_duplicates("household_id", keep="last").set_index("household_id")
    found = last[["township", "monitored", "removed"]]
    for name, holds in (
        ("recognised", history["monitored"].notna()),
        ("taken_off", history["removed"]),
    ):
        broken = (
            history["as_of"]
            .where(~holds)
            .groupby(history["household_id"])
            .max()
            .reindex(found.index)
        )
        after = history["as_of"].where(
            holds & (history["as_of"] > history["household_id"].map(broken).fillna(""))
        )
        begun = after.groupby(history["household_id"]).min().reindex(found.index)
        found = found.assign(**{name: begun.mask(begun == first).astype("str")})
    return found.assign(known_from=first)


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
    told = [
        history.loc[compared & happened, ["household_id", "as_of"]].assign(movement=kind)
        for kind, happened in kinds.items()
    ]
    return pd.concat(told, ignore_index=True).rename(columns={"as_of": "month"}).astype("str")
