"""Households (农户) as of a month, put together from the people of the registry."""

from __future__ import annotations

import re

import pandas as pd

from shouwang.core.identity import birth_dates, clean_names
from shouwang.core.month import Month
from shouwang.registry.households import first_said
from shouwang.screening.rules import RuleBook

COMPOUND = re.compile(
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|"
    "公冶|太叔|申屠|公孙|慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|令狐|东郭|南门|呼延|拓跋|完颜"
)


def households(people: pd.DataFrame, book: RuleBook) -> pd.DataFrame:
    """One row a household, indexed by ``household_id``.

    ``township, village, head`` (name)``, household_type, risk_removed, income`` (yuan a head and
    year)``, members`` (count)``, net_income`` (yuan a year)``, able_members`` (count; NaN when
    nobody is known to be able and somebody's labour is unknown)``, special``. What the registry
    says of a household is taken from its head, or from the first member of whom it says anything.
    """
    asked = ("household_type", "risk_removed", "income", "policy")
    homes = first_said(people, [c for c in asked if c in people])
    homes["income"] = homes["income"].astype("float64")
    homes["members"] = people.groupby("household_id").size()
    homes["net_income"] = (homes["income"] * homes["members"]).round(2)
    able = people["labour"].isin(book.able_to_work).groupby(people["household_id"]).sum()
    unknown = people["labour"].isna().groupby(people["household_id"]).any()
    homes["able_members"] = able.astype("float64").mask((able == 0) & unknown)
    homes["special"] = homes["household_type"].isin(book.special_households)
    if "policy" in homes:  # 脱贫不享受政策
        left_help = homes["household_type"].eq("脱贫户") & homes["policy"].eq("否")
        homes["special"] &= ~left_help.fillna(False)
    return homes.sort_index()


def persons(people: pd.DataFrame) -> pd.DataFrame:
    """Indexed by ``person_id``: ``household_id, name, id_number, birth_date, relation, health,
    labour``."""
    columns = ["household_id", "name", "id_number", "birth_date", "relation", "health", "labour"]
    return people.drop_duplicates("person_id").set_index("person_id").reindex(columns=columns)


def who(rows: pd.DataFrame, registered: pd.DataFrame) -> pd.Series[str]:
    """Whose row each is: the matched person; else the one member of the household who bears the
    name; else the name.

    A key for counting rows of one person together, not a match.
    """
    person = rows["person_id"].astype("str").copy()
    unknown = rows[person.isna()]
    if unknown.empty:
        return person
    members = registered[registered["household_id"].isin(unknown["household_id"].unique())]
    named = members["household_id"].astype("str") + "|" + clean_names(members["name"])
    named = named[named.notna() & ~named.duplicated(keep=False)]
    written = clean_names(unknown["name"]).fillna("") if "name" in unknown else ""
    key = unknown["household_id"].astype("str") + "|" + written
    of_key = pd.Series(named.index, index=named.array, dtype="str")
    person.loc[unknown.index] = looked_up(key, of_key).fillna(key)
    return person


def looked_up(keys: pd.Series, table: pd.Series) -> pd.Series:
    """The table's value for each key; unlike ``map`` it keeps the table's type where nothing is
    found."""
    return table.reindex(keys.array).set_axis(keys.index)


def about(
    name: str, rows: pd.DataFrame, homes: pd.DataFrame, registered: pd.DataFrame, month: Month
) -> pd.Series:
    """What `conditions.ABOUT` names, of the person (``_unit``) or the household of each row."""
    whose, _, fact = name.partition(".")
    if name == "person.age":
        return _ages(rows, registered, month)
    if whose == "person":
        return looked_up(rows["_unit"], registered[fact])
    return looked_up(rows["household_id"], homes["household_type" if fact == "type" else fact])


def _ages(rows: pd.DataFrame, registered: pd.DataFrame, month: Month) -> pd.Series[float]:
    """Completed years (周岁) at the month's end, by the registry's birth date, else by the row's
    own number."""
    concerned = registered[registered.index.isin(rows["_unit"].unique())]
    birth = concerned["birth_date"].astype("datetime64[ms]")
    birth = birth.fillna(birth_dates(concerned["id_number"].astype("str")))
    born = looked_up(rows["_unit"], birth)
    if "id_number" in rows:
        born = born.fillna(birth_dates(rows["id_number"].astype("str")))
    last = month.last
    this_month = (born.dt.month == last.month) & (born.dt.day > last.day)
    before = (born.dt.month > last.month) | this_month
    age: pd.Series[float] = last.year - born.dt.year - before.astype("float64")
    return age


def shown(name: object) -> str:
    """A person as a list may name them: ``张某``, ``欧阳某``."""
    cleaned = str(name).strip() if isinstance(name, str) else ""
    surname = cleaned[:2] if COMPOUND.match(cleaned) and len(cleaned) > 2 else cleaned[:1]
    return f"{surname}某"
