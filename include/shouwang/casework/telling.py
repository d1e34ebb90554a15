"""A household's story (户情): its cases, each month's signals, what was sent, kept silent,
answered, and what is next."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import states
from shouwang.casework.cases import months_later
from shouwang.core.errors import UsageError
from shouwang.core.identity import without_numbers
from shouwang.store.tables import case, case_event, release_item, signal, warning

_OF_A_SIGNAL = ("month", "rule", "sentence", "department", "file", "sheet", "row")
SENTENCES = {
    states.OPENED: "新线索（{level}）：{rules}",
    states.RELAPSED: "回退：已消除的风险再次预警，另立新线索（{level}）：{rules}",
    states.RELAPSE_FOUND: "回退：乡镇核实已消除的风险再次出现，另立新线索",
    states.SUPPLEMENT: "补充下发：{grown}",
    states.REPEATED: "不重复下发：线索未了结（{under}），{unchanged}",
    states.SILENCED: "静默：结论 {conclusion}，{until} 以前同一规则不再下发；{unchanged}",
    states.RELEASED: "下发{township}（第{version}版），{due} 前反馈",
    states.KEPT: "所据数据后来更正，但名单已经下发，线索保留",
    states.TIME: "{due} 前未反馈，{since} 起列入督办",
    states.FEEDBACK: "反馈 {conclusion}{reason}",
    states.LATE_WORD: "迟到的反馈 {conclusion}，只记入历史{reason}",
    states.MEASURE: "落实帮扶措施：{measure}",
    states.RETYPED: "类型变更：{before} → {now}",
    states.REMOVAL: "风险消除（{on}）{measures}",
    states.REMOVAL_REFUSED: "未予风险消除：{why}",
}
"""What each entry of the history says; the words in braces stand in its detail, or see
`sentence`."""


def story(connection: Connection, key: str, day: dt.date, grown_by: float) -> dict[str, Any]:
    """The story of the household that a clue number or a household id means, as of a day;
    `UsageError` if none is known.

    Plain values for JSON and the terminal: no names but those of the clues' sentences (张某), no
    numbers of people.
    """
    household = household_of(connection, key)
    if household is None:
        shown = without_numbers(key)  # who typed an identity number does not find it in a log
        raise UsageError(
            f"No case is known under “{shown}”, a clue number or household id; "
            "`shouwang case list` shows all."
        )

    def rows(table: sa.Table, *order: str) -> list[Mapping[str, Any]]:
        query = sa.select(table).where(table.c.household_id == household)
        ordered = query.order_by(*(table.c[name] for name in order))
        return [dict(row) for row in connection.execute(ordered).mappings()]

    cases, warnings = rows(case, "opened_month", "clue_no"), rows(warning, "month")
    entries = sa.select(case_event).where(case_event.c.clue_no.in_([c["clue_no"] for c in cases]))
    history = connection.execute(entries.order_by(case_event.c.day, case_event.c.event_no))
    place = warnings[-1] if warnings else {"village": None, "township": cases[-1]["township"]}
    return {
        "household_id": household,
        "township": place["township"],
        "village": place["village"],
        "day": day.isoformat(),
        "cases": [_case(each, day) for each in cases],
        "signals": [
            {name: each[name] for name in _OF_A_SIGNAL}
            for each in rows(signal, "month", "signal_no")
        ],
        "history": [_entry(dict(each), grown_by) for each in history.mappings()],
    }


def household_of(connection: Connection, key: str) -> str | None:
    """Whose a clue number is, under whichever it went out, or the household id itself; null if no
    case is known."""
    for table in (case, release_item):
        same = sa.select(table.c.household_id).where(table.c.clue_no == key)
        if household := connection.scalar(same):
            return str(household)
    return connection.scalar(sa.select(case.c.household_id).where(case.c.household_id == key))


def _case(row: Mapping[str, Any], day: dt.date) -> dict[str, Any]:
    state = states.state_on(row["state"], row["turns_on"], day)
    return {**row, "state": state, "next": what_next(row, state, day)}


def what_next(c: Mapping[str, Any], state: str, day: dt.date) -> str:
    """What happens next to a case, and when."""
    due, turns = c["due"], c["turns_on"]
    if state == states.SUPERVISED:
        return f"应于 {due} 前反馈，已超期 {(day - due).days} 天，列入督办"
    if state == states.REMOVED:
        return f"{turns} 前没有新的线索即结案；再次预警为回退"
    if state in states.MONITORED and c["recognised_on"]:
        earliest = f"最早 {months_later(c['recognised_on'], states.NEEDS_MONTHS)} 可风险消除"
        return earliest if c["measures"] else f"待落实帮扶措施（以结论 02 报回）；{earliest}"
    if state == "暂不纳入" and c["next_visit"]:
        return f"下次走访 {c['next_visit']}"
    return {
        states.WAITING_FOR_RELEASE: "等待随名单下发",
        states.WAITING_FOR_VISIT: f"乡镇 {due} 前反馈，{turns} 起列入督办",
        "暂不纳入": "继续关注，有变化再发",
        "转行业部门": "等待行业部门办理",
    }.get(state, "已了结；静默期内同一规则没有明显变化不再下发")


def _entry(row: Mapping[str, Any], grown_by: float) -> dict[str, Any]:
    detail = row["detail"]
    entry = {
        "day": detail.get("released_on", str(row["day"])),
        **{name: row[name] for name in ("month", "clue_no", "kind", "state")},
        "text": sentence(row["kind"], row["level"], row["rules"], detail, grown_by),
    }
    return entry | {name: detail[name] for name in ("by", "file", "sheet", "row") if name in detail}


def sentence(kind: str, level: str, rules: str, detail: Mapping[str, Any], grown_by: float) -> str:
    """One change of a case in words, with the figures that decided it."""
    figures = {rule: _figures(pair) for rule, pair in detail.get("amounts", {}).items()}
    same = ["等级未升、没有新的风险类型", *(f"{rule} {text}" for rule, text in figures.items())]
    grown = [
        f"等级升为{level}"
        if mark == "level"
        else f"{mark} {figures[mark]}"
        if mark in figures
        else f"新增风险类型{mark}"
        for mark in detail.get("grown", ())
    ]
    words = defaultdict(str, detail, level=level, rules=rules)
    words["grown"] = "；".join(grown)
    words["unchanged"] = f"{'，'.join(same)}，未增长 {grown_by:.0%}"
    if detail.get("reason"):
        words["reason"] = "：" + without_numbers(str(detail["reason"]))
    if detail.get("measure"):
        words["measures"] = f"，措施：{detail['measure']}"
    return SENTENCES[kind].format_map(words)


def _figures(pair: list[float]) -> str:
    """``上次 10,000 本月 12,000（+20%）``: all together, or the largest where that grew more."""
    total, largest, now, most = pair
    if largest > 0 and total > 0 and most / largest > now / total:
        total, now = largest, most
    if total <= 0:
        return f"本月 {now:,.6g}，此前没有下发"
    return f"上次 {total:,.6g}，本月 {now:,.6g}（{now / total - 1:+.0%}）"
