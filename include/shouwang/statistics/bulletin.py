"""The bulletin (通报): the counts of a month or two in the phrases that such reports use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from shouwang.core.terms import LEVEL_NAMES, LEVELS
from shouwang.documents.bulletin import Section
from shouwang.registry.monitoring import STRUCK_OFF
from shouwang.statistics.counts import HOUSEHOLDS, MOVES, PEOPLE, Counts
from shouwang.statistics.facts import NEW, REPEATED, SUPPLEMENT

NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True)
class DepartmentLine:
    """How a department delivered in the period: months due and on time, rows, and rows that were
    wrong."""

    title: str
    due: int
    missing: int
    late: int
    rows: int
    rejected: int
    unmatched: int
    wrong_on_foot: int

    @property
    def on_time(self) -> int:
        """Months delivered by the hand-over day."""
        return self.due - self.missing - self.late

    @property
    def rejected_share(self) -> float:
        """Rows turned down, of all that were read."""
        return self.rejected / self.rows if self.rows else 0.0


def share(part: float, whole: float) -> str:
    """``37.5%``; a dash where there is no whole."""
    return f"{part / whole:.1%}" if whole else "—"


def both(row: Any) -> str:
    """``12 户 40 人``."""
    return f"{int(row[HOUSEHOLDS]):,} 户 {int(row[PEOPLE]):,} 人"


def change(now: int, before: int, unit: str = "户") -> str:
    """``比上期增加 5 户，上升 12.5%``."""
    if now == before:
        return "与上期持平"
    more = now > before
    text = f"比上期{'增加' if more else '减少'} {abs(now - before):,} {unit}"
    return text + (
        f"，{'上升' if more else '下降'} {abs(now - before) / before:.1%}" if before else ""
    )


def listed(parts: Sequence[str], most: int = 8) -> str:
    """Parts joined by 、, the first few of many."""
    return "、".join(parts[:most]) + ("等" if len(parts) > most else "")


def sections(
    counts: Counts, departments: Sequence[DepartmentLine], titles: Mapping[str, str], cut_off: str
) -> tuple[Section, ...]:
    """The text of the bulletin; ``titles`` words department codes, ``cut_off`` is the day up to
    which was counted."""
    parts = (
        ("总体情况", _overall(counts, departments, titles)),
        ("核查处置情况", _visits(counts, cut_off)),
        ("监测对象动态", _monitored(counts)),
        ("帮扶措施落实情况", _measures(counts)),
        ("部门数据报送情况", _departments(departments)),
        ("有关要求", _demands(counts, departments)),
    )
    return tuple(
        Section(f"{NUMERALS[n]}、{heading}", tuple(paragraphs))
        for n, (heading, paragraphs) in enumerate(parts)
    )


def _overall(
    counts: Counts, departments: Sequence[DepartmentLine], titles: Mapping[str, str]
) -> list[str]:
    now = counts.now
    total: Any = now.totals.loc["预警"]
    rows = sum(line.rows for line in departments)
    first = (
        f"{counts.label}，共接收 {sum(line.rows > 0 for line in departments)} 个部门数据 "
        f"{rows:,} 条，"
        f"经信息比对和规则筛查，预警风险户 {both(total)}"
    )
    if not total[HOUSEHOLDS]:
        return [first + "。"]
    if counts.before is not None:
        first += (
            f"，{change(int(total[HOUSEHOLDS]), int(counts.before.totals[HOUSEHOLDS]['预警']))}"
        )
    levels = "；".join(f"{LEVEL_NAMES[level]}级 {both(now.levels.loc[level])}" for level in LEVELS)
    risks = {
        name: f"{name} {both(row)}，占 {share(row[HOUSEHOLDS], total[HOUSEHOLDS])}"
        for name, row in now.risks.iterrows()
    }
    sources = [
        f"{titles.get(str(name), name)} {int(row[HOUSEHOLDS]):,} 户"
        for name, row in now.departments.iterrows()
    ]
    return [
        f"{first}。按预警等级分，{levels}。",
        f"按风险类型分，{'；'.join(risks.values())}（一户有多种风险的分别计入）。"
        f"按线索来源分，{listed(sources)}。",
    ]


def _visits(counts: Counts, cut_off: str) -> list[str]:
    totals = counts.now.totals
    households = totals[HOUSEHOLDS]
    sentences = [
        f"本期预警中，新增 {both(totals.loc[NEW])}，补充 {both(totals.loc[SUPPLEMENT])}；"
        f"重复 {both(totals.loc[REPEATED])}，"
        "因已在台账内或近期核查无风险，未再下发。"
    ]
    if not households["下发"]:
        return [*sentences, "本期没有下发核查线索。"]
    progress = (
        f"下发乡镇核查 {both(totals.loc['下发'])}。截至{cut_off}，"
        f"已核查反馈 {both(totals.loc['已核查'])}，"
        f"核查率 {share(households['已核查'], households['下发'])}；"
        f"经核查确认存在风险 {both(totals.loc['确认'])}，"
        f"确认率 {share(households['确认'], households['已核查'])}。"
    )
    if households["逾期"]:
        late = counts.now.townships["逾期"]
        where = [
            f"{name} {int(count):,} 户"
            for name, count in late.sort_values(ascending=False, kind="stable").items()
            if count
        ]
        progress += f"逾期未反馈 {both(totals.loc['逾期'])}（{listed(where)}）"
        progress += (
            f"，其中列入督办 {int(households['督办']):,} 户。" if households["督办"] else "。"
        )
    return ["".join(sentences) + progress]


def _monitored(counts: Counts) -> list[str]:
    registered = counts.registered
    every = registered.sum()
    kinds = [f"{name} {both(row)}" for name, row in registered.iterrows()]
    removed = f"{int(every['已消除户']):,} 户 {int(every['已消除人']):,} 人"
    stock = (
        f"按农户信息登记，全县现有监测对象 {both(every)}，其中{'、'.join(kinds)}；"
        f"风险已消除 {removed}，"
        f"占 {share(every['已消除户'], every[HOUSEHOLDS])}。"
    )
    year = counts.moves["今年以来"]
    moved = [f"{name} {both(year.loc[name])}" for name in MOVES]
    reasons = [f"{name} {int(row[HOUSEHOLDS]):,} 户" for name, row in counts.struck_off.iterrows()]
    if year.loc[STRUCK_OFF, HOUSEHOLDS]:
        moved[-1] += f"（{'、'.join(reasons)}）"
    return [f"{stock}今年以来，{'、'.join(moved)}。"]


def _measures(counts: Counts) -> list[str]:
    measures = counts.measures
    if measures.empty:
        return ["今年以来，乡镇尚未反馈帮扶措施。"]
    kinds = [
        f"{name} {int(row['户次']):,} 户次，占 {row['占比']:.1%}"
        for name, row in measures.iterrows()
    ]
    return [
        f"今年以来，对核查确认的户落实帮扶措施 {int(measures['户次'].sum()):,} 户次："
        f"{'；'.join(kinds)}。"
    ]


def _departments(departments: Sequence[DepartmentLine]) -> list[str]:
    due = [line for line in departments if line.due]
    text = (
        f"本期应报送部门 {len(due)} 个，按时报送 {sum(line.on_time == line.due for line in due)} 个"
    )
    late, missing = (
        [line.title for line in due if line.late],
        [line.title for line in due if line.missing],
    )
    text += f"；逾期报送：{listed(late)}" if late else ""
    text += f"；未报送或整份退回：{listed(missing)}" if missing else ""
    rows, rejected = sum(line.rows for line in due), sum(line.rejected for line in due)
    unmatched, wrong = sum(line.unmatched for line in due), sum(line.wrong_on_foot for line in due)
    text += f"。数据退回率 {share(rejected, rows)}"
    worst = max(due, key=lambda line: line.rejected_share, default=None)
    if worst is not None and worst.rejected:
        text += f"，最高的是{worst.title}（{worst.rejected_share:.1%}）"
    text += f"；有 {unmatched:,} 条与农户信息比对不上"
    return [text + (f"；乡镇入户核查发现部门数据有误 {wrong:,} 户。" if wrong else "。")]


def _demands(counts: Counts, departments: Sequence[DepartmentLine]) -> list[str]:
    townships = counts.now.townships
    demands = []
    if late := [str(name) for name in townships.index[townships["逾期"] > 0]]:
        demands.append(f"{listed(late)}要对逾期未反馈的线索逐户入户核查，尽快报送核查结论")
    if missing := [line.title for line in departments if line.missing]:
        demands.append(f"{listed(missing)}要抓紧补报数据，补报后将重新筛查并下发补充名单")
    if wrong := [line.title for line in departments if line.wrong_on_foot]:
        demands.append(f"{listed(wrong)}要对照结果反馈表核实更正有误数据")
    demands.append("各乡镇对核查确认的户要按程序及时识别纳入、落实措施，对暂不纳入的户要持续跟踪")
    demands.append("名单和数据只用于防止返贫致贫监测帮扶，各单位要妥善保管，不得外传")
    return [f"（{NUMERALS[n]}）{demand}。" for n, demand in enumerate(demands)]


def compared(counts: Counts) -> list[tuple[str, int, int, int | None]]:
    """What is set beside the two periods before: word, now, then, and before that; nothing where
    nothing was screened."""
    if counts.before is None:
        return []
    now, before = counts.now.totals[HOUSEHOLDS], counts.before.totals[HOUSEHOLDS]
    first = counts.first.totals[HOUSEHOLDS] if counts.first else None
    words = [word for word in now.index if word not in ("逾期", "督办")]
    return [
        (str(w), int(now[w]), int(before[w]), None if first is None else int(first[w]))
        for w in words
    ]


def as_int(frame: pd.DataFrame) -> list[list[str | int]]:
    """A frame of counts as rows of a table, its index first."""
    return [
        [str(name), *(int(figure) for figure in row)]
        for name, row in zip(frame.index, frame.to_numpy().tolist(), strict=True)
    ]
