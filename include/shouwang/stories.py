"""The facts behind papers that are made when somebody asks: the supervision list, a household's story."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import supervision
from shouwang.delivery.conclusions import BY_CODE
from shouwang.delivery.frames import LEVELS
from shouwang.delivery.story import Story
from shouwang.errors import UsageError
from shouwang.house import House
from shouwang.month import Month
from shouwang.registry.history import people_as_of
from shouwang.releasing import HEAD
from shouwang.store.database import frame
from shouwang.store.tables import case, feedback, release, release_item, signal, warning


def overdue(connection: Connection, house: House) -> pd.DataFrame:
    """The clues of today's supervision list as its paper wants them (`OVERDUE_COLUMNS`)."""
    rows = supervision.overdue(connection, house.today())
    last = sa.select(release_item.c.clue_no, sa.func.max(release.c.released_on).label("released_on"))
    same = [release.c[name] == release_item.c[name] for name in ("month", "township", "version")]
    last = last.join(release, sa.and_(*same)).group_by(release_item.c.clue_no)
    rows = rows.merge(frame(connection, last).astype({"clue_no": "str"}), on="clue_no", how="left")
    wanted = sa.select(case.c.household_id).where(case.c.open)
    people = people_as_of(connection, Month.of(house.today()), wanted)
    heads = people.assign(_later=people["relation"] != HEAD).sort_values("_later", kind="stable")
    heads = heads.drop_duplicates("household_id")[["household_id", "name"]].rename(columns={"name": "head"})
    rows = rows.astype({"household_id": "str"}).merge(heads, on="household_id", how="left")
    return rows.assign(days=rows["days_late"].astype("int64"), due=rows["due"].dt.date)


def story_of(connection: Connection, house: House, clue_no: str, by: str) -> Story:
    """The story of the household behind a clue number; no number, diagnosis, account or phone is in it."""
    known = connection.execute(sa.select(case).where(case.c.clue_no == clue_no)).mappings().one_or_none()
    if known is None:
        raise UsageError(f"There is no clue {clue_no}; write its number as the township's list does.")
    household, settings = known["household_id"], house.county.settings
    mine = sa.select(case.c.household_id).where(case.c.clue_no == clue_no)
    people = people_as_of(connection, Month.of(house.today()), mine)
    people = people.assign(_later=people["relation"] != HEAD).sort_values("_later", kind="stable")
    head = {str(name): value for name, value in people.iloc[0].items()} if len(people) else {}
    facts = [
        ("乡镇", known["township"]), ("村", head.get("village")), ("组", head.get("village_group")),
        ("户主", head.get("name")), ("户类型", head.get("household_type")), ("人均纯收入", head.get("income")),
        ("线索编号", clue_no), ("预警等级", LEVELS[known["level"]]), ("台账状态", known["state"]),
    ]  # fmt: skip
    members = people.assign(
        born=pd.to_datetime(people["birth_date"]).dt.year.astype("Int64").astype("str").replace("<NA>", None)
    )
    return Story(
        county=settings.name,
        office=settings.office,
        household=str(head.get("name") or known["clue_no"]),
        printed_by=by,
        printed_at=house.now(),
        facts=facts,
        members=members[["name", "relation", "sex", "born", "labour"]].to_numpy().tolist(),
        signals=_signals(connection, house, household),
        events=_events(connection, household),
    )


def _signals(connection: Connection, house: House, household: str) -> list[tuple[object, ...]]:
    query = (
        sa.select(signal.c.month, warning.c.level, signal.c.sentence, signal.c.department)
        .join(warning, sa.and_(warning.c.month == signal.c.month, warning.c.household_id == signal.c.household_id))
        .where(signal.c.household_id == household)
        .order_by(signal.c.month.desc(), signal.c.signal_no)
    )
    titles = {c.department: c.title for c in house.county.contracts.values()}
    return [(m, level, said, titles.get(d, d)) for m, level, said, d in connection.execute(query)]


def _events(connection: Connection, household: str) -> list[tuple[object, ...]]:
    """Releases and answers, the last first."""
    clues = sa.select(case.c.clue_no).where(case.c.household_id == household)
    same = [release.c[name] == release_item.c[name] for name in ("month", "township", "version")]
    sent = (
        sa.select(release.c.released_on, release.c.kind, release_item.c.clue_no, release.c.released_by)
        .join(release_item, sa.and_(*same))
        .where(release_item.c.clue_no.in_(clues))
    )
    found: list[tuple[Any, ...]] = [
        (day, "发布", f"{kind} {clue}", by) for day, kind, clue, by in connection.execute(sent)
    ]
    for f in connection.execute(sa.select(feedback).where(feedback.c.clue_no.in_(clues))).mappings():
        said = "；".join(str(x) for x in (BY_CODE[f["conclusion"]].choice, f["reason"], f["measure"]) if x)
        found.append((f["visited"] or f["received_at"].date(), "核查", said, f["visitor"]))
    return sorted(found, key=lambda event: event[0], reverse=True)
