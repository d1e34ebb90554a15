"""Small frames for screening: people of one household, and the matched rows of a department, from plain YAML."""

from __future__ import annotations

from typing import Any

import pandas as pd

DATES = ("admitted", "discharged", "settled", "start", "stopped", "appraised", "birth_date")
NUMBERS = (
    "self_paid",
    "amount",
    "tuition",
    "boarding_fee",
    "book_fee",
    "grant",
    "litres_per_person_day",
    "fetch_minutes",
    "outage_days",
    "income",
    "row",
)
COLUMNS = {
    "medical_insurance.settlements": (
        "settlement_id name id_number visit_type admitted discharged settled self_paid hospital"
    ),
    "civil_affairs.assistance": "name id_number aid_type amount start status stopped stop_reason",
    "education.students": "name id_number school stage status tuition boarding_fee book_fee grant",
    "housing.dwellings": "name id_number grade appraised sole_dwelling rebuild_status",
    "water.supplies": "name supply litres_per_person_day quality fetch_minutes outage_days",
    "negative_screen.indicators": "name indicator",
}
ORDINARY: dict[str, dict[str, Any]] = {
    "medical_insurance.settlements": {"visit_type": "住院", "hospital": "县人民医院"},
    "civil_affairs.assistance": {"aid_type": "农村低保", "status": "在保", "amount": 500},
    "education.students": {"status": "在读", "tuition": 0, "boarding_fee": 0, "book_fee": 0, "grant": 0},
    "housing.dwellings": {"grade": "A", "sole_dwelling": "是", "rebuild_status": "无需改造"},
    "water.supplies": {"quality": "达标", "litres_per_person_day": 80, "fetch_minutes": 0, "outage_days": 0},
    "negative_screen.indicators": {},
}
"""What a row says where a case does not: nothing that any rule would notice."""
PEOPLE = [
    "person_id",
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
    "risk_removed",
    "income",
    "health",
    "labour",
    "phone",
]


def people_of(*households: dict[str, Any]) -> pd.DataFrame:
    """The registry of households like ``{id: H1, type: 一般农户, income: 15000, members: [{name: 张一, …}]}``."""
    rows = []
    for home in households:
        home_id = home.get("id", "H1")
        for n, member in enumerate(home.get("members", [{"name": "张一"}]), start=1):
            rows.append(
                {
                    "person_id": f"{home_id}-{n}",
                    "household_id": home_id,
                    "township": home.get("township", "甲乡"),
                    "village": home.get("village", "一村"),
                    "household_type": home.get("type", "一般农户"),
                    "risk_removed": home.get("risk_removed"),
                    "income": home.get("income", 15000),
                    "relation": member.get("relation", "户主" if n == 1 else "之子"),
                    "labour": member.get("labour", "普通劳动力"),
                    **{k: v for k, v in member.items() if k in ("name", "birth_date", "id_number", "person_id")},
                }
            )
    return typed(pd.DataFrame(rows).reindex(columns=PEOPLE))


def records_of(month: str, people: pd.DataFrame, records: dict[str, list[dict[str, Any]]]) -> dict[str, pd.DataFrame]:
    """Matched rows: a row's ``person`` is a member's name; a row without one is matched to the household only."""
    result = {}
    for source, rows in records.items():
        written = []
        for n, row in enumerate(rows, start=2):
            line = {
                "delivery_month": month,
                "file": f"{source}.xlsx",
                "sheet": "Sheet1",
                "row": n,
                "household_id": "H1",
            }
            line |= {"settlement_id": f"S{n}"} if source.startswith("medical") else {}
            line |= ORDINARY[source] | {k: v for k, v in row.items() if k != "person"}
            if "person" in row:
                found = people[people["name"] == row["person"]].iloc[0]
                line |= {"person_id": found["person_id"], "household_id": found["household_id"]}
                line.setdefault("name", row["person"])
            written.append(line)
        place = ["delivery_month", "file", "sheet", "row", "household_id", "person_id"]
        result[source] = typed(pd.DataFrame(written).reindex(columns=[*place, *COLUMNS[source].split()]))
    return result


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The types that frames have between the rooms."""
    kinds = {c: "datetime64[ms]" if c in DATES else "float64" if c in NUMBERS else "str" for c in frame.columns}
    return frame.astype({**kinds, **({"row": "int64"} if "row" in frame else {})})
