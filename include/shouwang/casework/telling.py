"""A household's story (户情): its cases, each month's signals, what was sent, kept silent,
answered, and what is next."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import states
from shouwang.casework.entries import months_later
from shouwang.casework.states import state_on
from shouwang.core.errors import UsageError
from shouwang.core.identity import without_numbers
from shouwang.store.tables import case, case_event, release_item, signal, warning


def story(connection: Connection, key: str, day: dt.date, grown_by: float) -> dict[str, Any]:
    """The story of the household that a clue number or a household id means, as of a day;
    `UsageError` if none is known.

    Plain values for JSON and the terminal: no names but those of the clues' sentences (张某), no
    numbers of people.
    """
    household = household_of(connection, key)
    if household is None:
        said = without_numbers(key)  # who typed an identity number does not find it in a log
        raise UsageError(
            f"No case is known under “{said}”, a clue number or household id; `shouwang case list` shows all."
        )
    cases = [
        *connection.execute(
            _of(case, household).order_by(case.c.opened_month, case.c.clue_no)
        ).mappings()
    ]
    numbers = [c["clue_no"] for c in cases]
    events = sa.select(case_event).where(case_event.c.clue_no.in_(numbers))
    history = [
        *connection.execute(events.order_by(case_event.c.day, case_event.c.event_no)).mappings()
    ]
    warnings = [*connection.execute(_of(warning, household).order_by(warning.c.month)).mappings()]
    signals = [
        *connection.execute(
            _of(signal, household).order_by(signal.c.month, signal.c.signal_no)
        ).mappings()
    ]
    place = warnings[-1] if warnings else {"village": None, "township": cases[-1]["township"]}
    return {
        "household_id": household,
        "township": place["township"],
        "village": place["village"],
        "day": day.isoformat(),
        "cases": [_case(c, day) for c in cases],
        "signals": [
            {
                name: s[name]
                for name in ("month", "rule", "sentence", "department", "file", "sheet", "row")
            }
            for s in signals
        ],
        "history": [_event(e, grown_by) for e in history],
    }


def household_of(connection: Connection, key: str) -> str | None:
    """Whose a clue number is, under whichever it went out, or the household id itself; null if no
    case is known."""
    for table in (case, release_item):
        found = connection.scalar(sa.select(table.c.household_id).where(table.c.clue_no == key))
        if found:
            return str(found)
    return connection.scalar(sa.select(case.c.household_id).where(case.c.household_id == key))


def _of(table: sa.Table, household: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c.household_id == household)


def _case(c: Mapping[str, Any], day: dt.date) -> dict[str, Any]:
    names = (
        "clue_no",
        "numbers",
        "level",
        "category",
        "risks",
        "rules",
        "opened_month",
        "conclusion",
        "returned",
        "recognised_on",
        "measures",
        "due",
    )
    state = state_on(c["state"], c["turns_on"], day)
    return {name: c[name] for name in names} | {"state": state, "next": what_next(c, state, day)}


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


def _event(e: Mapping[str, Any], grown_by: float) -> dict[str, Any]:
    detail = e["detail"] if isinstance(e["detail"], dict) else json.loads(e["detail"])
    told = {
        "day": detail.get("released_on", str(e["day"])),
        "month": e["month"],
        "clue_no": e["clue_no"],
        "kind": e["kind"],
        "state": e["state"],
        "text": sentence(e["kind"], e["level"], e["rules"], detail, grown_by),
    }
    return told | {name: detail[name] for name in ("by", "file", "sheet", "row") if name in detail}


def sentence(kind: str, level: str, rules: str, detail: Mapping[str, Any], grown_by: float) -> str:
    """One change of a case in words, with the figures that decided it."""
    said = {
        **dict.fromkeys(
            ("conclusion", "measure", "reason", "due", "township", "version", "why", "on"), ""
        ),
        **detail,
    }
    reason = "：" + without_numbers(str(said["reason"])) if said["reason"] else ""
    match kind:
        case states.OPENED:
            return f"新线索（{level}）：{rules}"
        case states.RETURNED:
            return f"回退：已消除的风险再次预警，另立新线索（{level}）：{rules}"
        case states.RELAPSED:
            return "回退：乡镇核实已消除的风险再次出现，另立新线索"
        case states.SUPPLEMENT:
            return "补充下发：" + "；".join(
                _grown(mark, level, detail) for mark in detail.get("grown", ())
            )
        case states.REPEATED:
            return f"不重复下发：线索未了结（{detail.get('under', '')}），{_unchanged(detail, grown_by)}"
        case states.SILENCED:
            return f"静默：结论 {said['conclusion']}，{detail.get('until')} 以前同一规则不再下发；{_unchanged(detail, grown_by)}"
        case states.RELEASED:
            return f"下发{said['township']}（第{said['version']}版），{said['due']} 前反馈"
        case states.KEPT:
            return "所据数据后来更正，但名单已经下发，线索保留"
        case states.TIME:
            return f"{said['due']} 前未反馈，{detail.get('since', '')} 起列入督办"
        case states.FEEDBACK:
            return f"反馈 {said['conclusion']}{reason}"
        case states.LATE_WORD:
            return f"迟到的反馈 {said['conclusion']}，只记入历史{reason}"
        case states.MEASURE:
            return f"落实帮扶措施：{said['measure']}"
        case states.RETYPED:
            return f"类型变更：{detail.get('before')} → {detail.get('now')}"
        case states.REMOVAL:
            return f"风险消除（{said['on']}）" + (
                f"，措施：{said['measure']}" if said["measure"] else ""
            )
    return f"未予风险消除：{said['why']}"


def _grown(mark: str, level: str, detail: Mapping[str, Any]) -> str:
    if mark == "level":
        return f"等级升为{level}"
    if mark not in detail.get("amounts", {}):
        return f"新增风险类型{mark}"
    return f"{mark} {_figures(detail['amounts'][mark])}"


def _unchanged(detail: Mapping[str, Any], grown_by: float) -> str:
    figures = "，".join(
        f"{rule} {_figures(pair)}" for rule, pair in detail.get("amounts", {}).items()
    )
    return f"等级未升、没有新的风险类型{'，' + figures if figures else ''}，未增长 {grown_by:.0%}"


def _figures(pair: list[float]) -> str:
    """``上次 10,000 本月 12,000（+20%）``: all together, or the largest where that grew more."""
    total, largest, now, most = pair
    if largest > 0 and total > 0 and most / largest > now / total:
        total, now = largest, most
    if total <= 0:
        return f"本月 {now:,.6g}，此前没有下发"
    return f"上次 {total:,.6g}，本月 {now:,.6g}（{now / total - 1:+.0%}）"
