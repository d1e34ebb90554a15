"""What papers say that are made when somebody asks: the supervision list, a household's story."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection

from shouwang.casework import supervision, telling
from shouwang.casework.warnings import UNKNOWN_TOWNSHIP
from shouwang.core.month import Month
from shouwang.core.terms import LEVEL_NAMES
from shouwang.documents.story import Story
from shouwang.registry.history import people_as_of
from shouwang.release.lists import head_first, households_of
from shouwang.store.tables import case
from shouwang.transfer.handout import headed
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace


def overdue(connection: Connection, workspace: Workspace) -> pd.DataFrame:
    """The clues to be supervised today, with the head of each household, as `OVERDUE_COLUMNS`."""
    today = workspace.today()
    rows = supervision.overdue(connection, today).astype({"household_id": "str"})
    rows["township"] = rows["township"].fillna(UNKNOWN_TOWNSHIP)
    homes = households_of(people_as_of(connection, Month.of(today))).set_index("household_id")
    return rows.assign(head=rows["household_id"].map(homes["head"]))


def story_of(connection: Connection, workspace: Workspace, key: str, by: str) -> Story:
    """The page of a clue number's or id's household; no number, diagnosis, account or phone is in
    it."""
    settings, today = workspace.county.settings, workspace.today()
    story = telling.story(connection, key, today, settings.casework.grown_by)
    household = (
        case.select()
        .with_only_columns(case.c.household_id)
        .where(case.c.household_id == story["household_id"])
    )
    people = head_first(people_as_of(connection, Month.of(today), household))
    head = people.iloc[0].to_dict() if len(people) else {}
    last = story["cases"][-1]
    facts = {
        "township": story["township"],
        "village": story["village"],
        **{name: head.get(name) for name in ("village_group", "household_type", "income")},
        "head": head.get("name"),
        "clue_no": last["clue_no"],
        "level": LEVEL_NAMES[last["level"]],
        "state": last["state"],
    }
    born = pd.to_datetime(people["birth_date"]).dt.year.astype("Int64")
    members = people.assign(born=born.astype(object).where(born.notna(), None))
    titles = {c.department: c.title for c in workspace.county.contracts.values()}
    signals = [
        (s["month"], s["rule"], s["sentence"], titles.get(s["department"], ""))
        for s in story["signals"]
    ]
    events = [(e["day"], e["state"], e["text"], e.get("by")) for e in story["history"]]
    return Story(
        **headed(workspace, by or COUNTY, by),
        household=str(head.get("name") or last["clue_no"]),
        facts=facts,
        members=members[["name", "relation", "sex", "born", "labour"]].to_numpy().tolist(),
        signals=signals[::-1],
        events=events[::-1],
        next_step=last["next"],
    )
