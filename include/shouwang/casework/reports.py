"""The other two channels (农户自主申报, 干部排查): what they report joins the month's signals like a department's clue."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.month import Month
from shouwang.store.database import frame, insert
from shouwang.store.tables import report, signal, warning

CHANNEL_NAMES = {"SELF-1": "农户自主申报", "OFFI-1": "干部排查"}
"""The rule-like codes of the channels; they stand where a department and its rule would."""
_LEVEL = "蓝"


def join_reports(connection: Connection, month: Month) -> None:
    """Add what was reported for a month to its signals and warnings; again changes nothing."""
    reports = frame(connection, sa.select(report).where(report.c.month == str(month)).order_by(report.c.content))
    ours = [signal.c.month == str(month), signal.c.department.in_(CHANNEL_NAMES)]
    connection.execute(signal.delete().where(*ours))
    if reports.empty:
        return
    last = connection.scalar(sa.select(sa.func.max(signal.c.signal_no)).where(signal.c.month == str(month)))
    names = ["month", "rule", "risk", "household_id", "person_id", "sentence", "file", "sheet", "row"]
    first = 0 if last is None else last + 1
    codes = reports["rule"]
    insert(connection, signal, reports[names].assign(
        signal_no=range(first, first + len(reports)), department=codes, dataset=codes, delivery_month=str(month),
    ))  # fmt: skip
    known = sa.select(warning).where(warning.c.month == str(month), warning.c.household_id.in_(reports["household_id"]))
    warned = {w["household_id"]: w for w in connection.execute(known).mappings()}
    fresh = []
    for household, told in reports.groupby("household_id", sort=True):
        before = warned.get(str(household))
        rules = sorted({*told["rule"], *(before["rules"].split() if before else ())})
        risks = list(dict.fromkeys([*(before["risks"].split("、") if before else ()), *told["risk"]]))
        said = {"rules": " ".join(rules), "risks": "、".join(risks)}
        if before:
            where = [warning.c.month == str(month), warning.c.household_id == household]
            connection.execute(warning.update().where(*where).values(said))
        else:
            place = {name: told[name].iloc[0] for name in ("township", "village")}
            empty = {"measures": "", "missing": "", "negatives": ""}
            fresh.append({"month": str(month), "household_id": household, "level": _LEVEL, **said, **place, **empty})
    insert(connection, warning, pd.DataFrame(fresh))
