"""The life of a case as one table: in which state, on what event, it takes which state, and what
that needs.

Handbook section 8. Whatever the table does not hold does not happen: the fact stays on record and
changes no state.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from shouwang.casework.conclusions import CONCLUSIONS

UNBORN = ""
WAITING_FOR_RELEASE, WAITING_FOR_VISIT, SUPERVISED = "待发布", "待核查", "督办"
HELPED, REMOVED, FINISHED, EXPELLED = "帮扶中", "风险消除", "结案", "清退"
ANSWERED = tuple(dict.fromkeys(c.state for c in CONCLUSIONS.values()))
MONITORED = tuple(dict.fromkeys(c.state for c in CONCLUSIONS.values() if c.recognises))
OPEN = (
    WAITING_FOR_RELEASE,
    WAITING_FOR_VISIT,
    *(c.state for c in CONCLUSIONS.values() if c.stays_open),
)
ANY = (*dict.fromkeys((*OPEN, *ANSWERED)), EXPELLED)

# Events: what the ledger's history is made of.
OPENED, RETURNED, RELAPSED, KEPT = "opened", "returned", "relapsed", "kept"
REPEATED, SILENCED, SUPPLEMENT = "repeated", "silenced", "supplement"
RELEASED, FEEDBACK, LATE_WORD = "released", "feedback", "late_word"
MEASURE, RETYPED = "measure", "retyped"
REMOVAL, REMOVAL_REFUSED, TIME = "removed", "removal_refused", "time"
EXPULSION = "12 of a monitored household"


@dataclass(frozen=True)
class Step:
    """One line of the table; ``needs`` in Chinese is what must be on record, checked where the fact
    is taken."""

    event: str
    sources: tuple[str, ...]
    target: str
    needs: str = ""


NEEDS_MONTHS = 6
"""Months from recognition before a risk may be called removed (风险消除), handbook section 2."""

STEPS = (
    Step(OPENED, (UNBORN,), WAITING_FOR_RELEASE),
    Step(RETURNED, (UNBORN,), WAITING_FOR_RELEASE, "该户上一条线索已风险消除"),
    Step(SUPPLEMENT, OPEN, WAITING_FOR_RELEASE, "等级上升、新增风险类型，或金额增长一半以上"),
    Step(RELEASED, OPEN, WAITING_FOR_VISIT),
    Step(TIME, (WAITING_FOR_VISIT,), SUPERVISED, "下发后超过督办天数仍未反馈"),
    Step("01", ANY, "拟纳入监测", "监测类别、风险类型"),
    Step("02", ANY, HELPED, "帮扶措施"),
    Step("03", ANY, "风险回退", "原因；风险消除的户另立新线索"),
    Step("04", ANY, "暂不纳入", "原因、下次走访日期"),
    Step("05", ANY, "无风险", "原因"),
    Step("06", ANY, "转行业部门", "部门"),
    Step("07", ANY, "已死亡", "死亡日期"),
    Step("08", ANY, "查无此人", "更正信息"),
    Step("09", ANY, "户口迁出", "迁往何处"),
    Step("12", ANY, "不符合条件", "哪一种负面情况"),
    Step(EXPULSION, ANY, EXPELLED, "哪一种负面情况；该户为监测对象"),
    Step("13", ANY, "数据有误", "哪一项有误"),
    Step(MEASURE, ("拟纳入监测", "风险回退"), HELPED, "帮扶措施"),
    Step(REMOVAL, MONITORED, REMOVED, f"认定满 {NEEDS_MONTHS} 个月、有帮扶措施记录"),
    Step(TIME, (REMOVED,), FINISHED, "静默期内没有新的线索"),
)
TABLE = {(source, step.event): step for step in STEPS for source in step.sources}


def supervised_from(released_on: dt.date, due: dt.date, overdue_days: int) -> dt.date:
    """The first day of 督办 of a clue without an answer: its due day is over, and so many days
    after its release are."""
    return max(due, released_on + dt.timedelta(days=overdue_days)) + dt.timedelta(days=1)


def state_on(state: str, turns_on: dt.date | None, day: dt.date) -> str:
    """The state on a day: what time alone makes of it (督办, 结案) is not stored but told."""
    step = TABLE.get((state, TIME))
    return step.target if step and turns_on is not None and day >= turns_on else state


def states_on(cases: pd.DataFrame, day: dt.date) -> pd.Series[str]:
    """`state_on` for a frame with ``state`` and ``turns_on``."""
    due = pd.to_datetime(cases["turns_on"]) <= pd.Timestamp(day)
    turned = cases["state"].map(
        {source: step.target for (source, event), step in TABLE.items() if event == TIME}
    )
    return cases["state"].mask(due & turned.notna(), turned).astype("str")
