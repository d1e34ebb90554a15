"""Small frames for screening: people of one household, and the matched rows of a department, from
plain YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from shouwang.county.contract import Contract, read_contract
from shouwang.county.yamls import read_yaml
from shouwang.screening.rulebook import RuleBook, load_rulebook

ROOT = Path(__file__).parents[2]
COUNTY, EXAMPLES = ROOT / "include" / "county", ROOT / "docs" / "examples"
FOLDERS = [COUNTY, EXAMPLES / "departments", EXAMPLES / "rules"]


def _contracts() -> dict[str, Contract]:
    wordings = read_yaml(COUNTY / "wordings.yaml")
    files = [path for folder in FOLDERS for path in sorted((folder / "departments").glob("*.yaml"))]
    found = [read_contract(path, wordings) for path in [*files, COUNTY / "registry.yaml"]]
    return {contract.slug: contract for contract in found}


CONTRACTS = _contracts()
"""The departments that the product ships with, those of the examples, and the registry."""
KINDS = {"date": "datetime64[ms]", "yuan": "float64", "number": "float64", "integer": "float64"}
ORDINARY: dict[str, dict[str, Any]] = {
    "medical_insurance.settlements": {"visit_type": "住院", "hospital": "县人民医院"},
    "civil_affairs.assistance": {"aid_type": "农村低保", "status": "在保", "amount": 500},
    "education.students": {
        "status": "在读",
        "tuition": 0,
        "boarding_fee": 0,
        "book_fee": 0,
        "grant": 0,
    },
    "housing.dwellings": {"grade": "A", "sole_dwelling": "是", "rebuild_status": "无需改造"},
    "water.supplies": {
        "quality": "达标",
        "litres_per_person_day": 80,
        "fetch_minutes": 0,
        "outage_days": 0,
    },
}
"""What a row says where a case does not: nothing that any rule would notice."""
PEOPLE = ["person_id", *CONTRACTS["registry.people"].columns]


def people_of(*households: dict[str, Any]) -> pd.DataFrame:
    """The registry of households like ``{id: H1, type: 一般农户, income: 15000, members: [{name:
    张一, …}]}``."""
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
                    **{k: v for k, v in member.items() if k in PEOPLE},
                }
            )
    return typed(pd.DataFrame(rows).reindex(columns=PEOPLE))


def records_of(
    month: str, people: pd.DataFrame, records: dict[str, list[dict[str, Any]]]
) -> dict[str, pd.DataFrame]:
    """Matched rows: a row's ``person`` is a member's name; a row without one is matched to the
    household only."""
    result = {}
    for source, rows in records.items():
        written = []
        for n, row in enumerate(rows, start=2):
            line = {
                "submission_month": month,
                "file": f"{source}.xlsx",
                "sheet": "Sheet1",
                "row": n,
                "household_id": "H1",
            }
            key = CONTRACTS[source].key if source in CONTRACTS else ()
            line |= dict.fromkeys(key, f"S{n}")
            line |= ORDINARY.get(source, {}) | {k: v for k, v in row.items() if k != "person"}
            if "person" in row:
                found = people[people["name"] == row["person"]].iloc[0]
                line |= {"person_id": found["person_id"], "household_id": found["household_id"]}
                line.setdefault("name", row["person"])
            written.append(line)
        place = ["submission_month", "file", "sheet", "row", "household_id", "person_id"]
        named = (
            CONTRACTS[source].columns if source in CONTRACTS else {"name": None, "indicator": None}
        )
        result[source] = typed(pd.DataFrame(written).reindex(columns=[*place, *named]), source)
    return result


def typed(frame: pd.DataFrame, source: str = "registry.people") -> pd.DataFrame:
    """The types that frames have between the rooms."""
    columns = CONTRACTS[source].columns if source in CONTRACTS else {}
    kinds = {
        name: KINDS.get(columns[name].type, "str") if name in columns else "str"
        for name in frame.columns
    }
    return frame.astype(kinds | ({"row": "int64"} if "row" in frame else {}))


def merged(folder: Path) -> RuleBook:
    """The rule book of the county with the examples' rules in it, as a clerk would paste them
    in."""
    book = yaml.safe_load((COUNTY / "rules.yaml").read_text(encoding="utf-8"))
    for examples in FOLDERS[1:]:
        for key, more in yaml.safe_load(
            (examples / "rules.yaml").read_text(encoding="utf-8")
        ).items():
            book[key] = {**book[key], **more} if isinstance(more, dict) else [*book[key], *more]
    rules = folder / "rules.yaml"
    rules.write_text(yaml.safe_dump(book, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load_rulebook(COUNTY, rules, CONTRACTS.values())
