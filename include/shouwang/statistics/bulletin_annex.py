"""What follows a bulletin's text: its tables and its charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from shouwang.core.terms import LEVEL_NAMES, LEVELS
from shouwang.documents.bulletin import CountTable, Figure
from shouwang.documents.charts import chart
from shouwang.statistics.bulletin import DepartmentLine, as_int, compared, share
from shouwang.statistics.counts import HOUSEHOLDS, PEOPLE, Counts


def tables(
    counts: Counts, departments: Sequence[DepartmentLine], titles: Mapping[str, str]
) -> tuple[CountTable, ...]:
    """The bulletin's tables in their order; one that has nothing to say is left out."""
    now, label = counts.now, counts.label
    every = pd.concat([now.townships, now.townships.sum().rename("合计").to_frame().T])
    answered = zip(as_int(every), every["已核查"], every["下发"], strict=True)
    groups = {
        "等级": now.levels.rename(index=LEVEL_NAMES),
        "风险": now.risks,
        "类别": now.categories,
        "来源": now.departments.rename(index=dict(titles)),
    }
    tables = (
        CountTable(
            f"各乡镇预警和核查情况（{label}）",
            ("乡镇", *map(str, every.columns), "核查率"),
            [[*row, share(int(done), int(sent))] for row, done, sent in answered],
            total=True,
            note="红、黄、蓝及新增以后各列为户数；逾期含督办。",
        ),
        CountTable(
            "与前两期比较（户）",
            ("项目", "本期", "上期", "增减", "增幅", "再上期"),
            [
                [word, one, two, one - two, _growth(one, two), "—" if three is None else three]
                for word, one, two, three in compared(counts)
            ],
        ),
        CountTable(
            f"按等级、风险类型、建议类别和线索来源（{label}）",
            ("分组", HOUSEHOLDS, PEOPLE),
            [[f"{kind}：{n}", *rest] for kind, f in groups.items() for n, *rest in as_int(f)],
            note="一户有多种风险、多个来源的分别计入。",
        ),
        CountTable(
            "监测对象变动",
            ("项目", "本期户", "本期人", "今年以来户", "今年以来人"),
            as_int(counts.moves),
        ),
        CountTable(
            "登记在册监测对象",
            ("类别", "户", "人", "其中已消除户", "其中已消除人"),
            as_int(counts.registered),
        ),
        CountTable(
            "今年以来帮扶措施",
            ("措施", "户次", "占比"),
            [
                [str(name), int(row["户次"]), f"{row['占比']:.1%}"]
                for name, row in counts.measures.iterrows()
            ],
        ),
        CountTable(
            "部门数据报送情况",
            (
                *("部门", "应报", "按时", "逾期", "未报", "行数"),
                *("退回", "退回率", "未匹配", "实地有误"),
            ),
            [
                [
                    *(line.title, line.due, line.on_time, line.late, line.missing, line.rows),
                    *(line.rejected, share(line.rejected, line.rows), line.unmatched),
                    line.wrong_on_foot,
                ]
                for line in departments
            ],
            note="应报、按时、逾期、未报为月次；实地有误为乡镇核查结论“部门数据有误”的户数。",
        ),
    )
    may_be_empty = ("与前两期比较（户）", "今年以来帮扶措施")
    return tuple(table for table in tables if table.rows or table.title not in may_be_empty)


def _growth(now: int, before: int) -> str:
    if now == before:
        return "持平"
    return f"{(now - before) / before:+.1%}" if before else "—"


def figures(
    counts: Counts, departments: Sequence[DepartmentLine], rates: pd.DataFrame
) -> tuple[Figure, ...]:
    """The bulletin's charts; ``rates`` as `hit_rates.COLUMNS`."""
    return (
        _by_township(counts),
        _by_risk(counts),
        *([_trend(counts.trend)] if len(counts.trend) > 1 else []),
        _by_department(departments),
        *([_by_rule(rates)] if rates["rate"].notna().any() else []),
    )


def _by_township(counts: Counts) -> Figure:
    by = counts.now.townships[[*LEVELS]].rename_axis("乡镇")
    order = by.sum(axis="columns").sort_values(ascending=False, kind="stable").index
    rows = by.loc[order].reset_index().melt("乡镇", var_name="等级", value_name="户")
    rows["place"] = rows["等级"].map(LEVELS.index)
    top = f"{order[0]}最多" if len(order) else "没有预警"
    return Figure(
        "各乡镇预警户数（按等级）", chart("townships", rows), f"按乡镇和等级的预警户数，{top}。"
    )


def _by_risk(counts: Counts) -> Figure:
    rows = counts.now.risks[HOUSEHOLDS].rename_axis("风险").rename("户").reset_index()
    listed = "、".join(f"{name} {n} 户" for name, n in zip(rows["风险"], rows["户"], strict=True))
    alt = f"按风险类型的预警户数：{listed or '没有'}。"
    return Figure("各类风险预警户数", chart("risks", rows), alt)


def _trend(trend: pd.DataFrame) -> Figure:
    rows = trend.rename_axis("月份").reset_index().melt("月份", var_name="项目", value_name="户")
    alt = f"{trend.index[0]} 至 {trend.index[-1]} 各月户数。"
    return Figure("预警、下发、核查和确认的逐月变化", chart("trend", rows), alt)


def _by_department(departments: Sequence[DepartmentLine]) -> Figure:
    rows = [
        (line.title, word, months, place, line.rejected_share)
        for line in departments
        if line.due
        for place, (word, months) in enumerate(
            (("按时", line.on_time), ("逾期", line.late), ("未报或退回", line.missing))
        )
    ]
    frame = pd.DataFrame(rows, columns=["部门", "报送", "月次", "place", "退回率"])
    alt = "各部门按时、逾期、未报的月次和数据退回率。"
    return Figure("部门数据报送及时性和质量", chart("departments", frame), alt)


def _by_rule(rates: pd.DataFrame) -> Figure:
    rows = rates.dropna(subset=["rate"]).sort_values("rate", ascending=False, kind="stable")
    rows = rows.assign(
        name=rows["rule"] + " " + rows["title"],
        figures=rows["confirmed"].astype(str) + "/" + rows["answered"].astype(str),
    )
    return Figure("各规则命中率", chart("rules", rows), "每条规则的确认率及其置信区间。")
