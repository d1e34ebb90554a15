"""What the registry says of households, taken together from what it says of their members."""

from __future__ import annotations

import pandas as pd

from shouwang.core.terms import HEAD


def first_said(people: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """By ``household_id``: ``head`` (name), and each of some columns as the head has it, else the
    first member of whom anything is said; the first member stands in for a head who is not there.
    """
    order = people.assign(not_head=people["relation"] != HEAD)
    order = order.sort_values(["household_id", "not_head"], kind="stable")
    first = order.drop_duplicates("household_id").set_index("household_id")
    places = [name for name in ("township", "village", "village_group") if name in first]
    homes = first[places].assign(head=first["name"])
    for column in columns:
        said = order[order[column].notna()].drop_duplicates("household_id")
        homes[column] = said.set_index("household_id")[column].reindex(homes.index)
    return homes
