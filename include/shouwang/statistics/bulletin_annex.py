"""What follows a bulletin's text: its tables and its charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from shouwang.core.terms import LEVEL_NAMES, LEVELS
from shouwang.documents.bulletin import CountTable, Figure
from shouwang.documents.charts import COLOURS, LEVEL_COLOURS, bars, styled
from shouwang.statistics.bulletin import DepartmentLine, as_int, compared, share
from shouwang.statistics.counts import HOUSEHOLDS, PEOPLE, Counts


def tables(
    counts: Counts, departments: Sequence[DepartmentLine], titles: Mapping[str, str]
) -> tuple[CountTable, ...]:
    """The bulletin's tables in their order."""
    now, label = counts.now, counts.label
    every = pd.concat([now.townships, now.townships.sum().rename("合计").to_frame().T])
    rates = [
        share(int(done), int(sent))
        for done, sent in zip(every["已核查"], every["下发"], strict=True)
    ]
    found = [
        CountTable(
            f"各乡镇预警和核查情况（{label}）",
            ("乡镇", *map(str, every.columns), "核查率"),
            [[*row, rate] for row, rate in zip(as_int(every), rates, strict=True)],
            total=True,
            note="红、黄、蓝及新增以后各列为户数；逾期含督办。",
        )
    ]
    if then := compared(counts):
        found.append(
            CountTable(
                "与前两期比较（户）",
                ("项目", "本期", "上期", "增减", "增幅", "再上期"),
                [
                    [
                        word,
                        one,
                        two,
                        one - two,
                        "持平" if one == two else f"{(one - two) / two:+.1%}" if two else "—",
                        "—" if three is None else three,
                    ]
                    for word, one, two, three in then
                ],
            )
        )
    levels = now.levels.rename(index=LEVEL_NAMES)
    of = now.departments.rename(index=dict(titles))
    groups = (("等级", levels), ("风险", now.risks), ("类别", now.categories), ("来源", of))
    rows = [[f"{kind}：{row[0]}", *row[1:]] for kind, frame in groups for row in as_int(frame)]
    found.append(
        CountTable(
            f"按等级、风险类型、建议类别和线索来源（{label}）",
            ("分组", HOUSEHOLDS, PEOPLE),
            rows,
            note="一户有多种风险、多个来源的分别计入。",
        )
    )
    found.append(
        CountTable(
            "监测对象变动",
            ("项目", "本期户", "本期人", "今年以来户", "今年以来人"),
            as_int(counts.moves),
        )
    )
    found.append(
        CountTable(
            "登记在册监测对象",
            ("类别", "户", "人", "其中已消除户", "其中已消除人"),
            as_int(counts.registered),
        )
    )
    if len(counts.measures):
        found.append(
            CountTable(
                "今年以来帮扶措施",
                ("措施", "户次", "占比"),
                [
                    [str(name), int(row["户次"]), f"{row['占比']:.1%}"]
                    for name, row in counts.measures.iterrows()
                ],
            )
        )
    found.append(
        CountTable(
            "部门数据报送情况",
            (
                "部门",
                "应报",
                "按时",
                "逾期",
                "未报",
                "行数",
                "退回",
                "退回率",
                "未匹配",
                "实地有误",
            ),
            [
                [
                    d.title,
                    d.due,
                    d.on_time,
                    d.late,
                    d.missing,
                    d.rows,
                    d.rejected,
                    share(d.rejected, d.rows),
                    d.unmatched,
                    d.wrong_on_foot,
                ]
                for d in departments
            ],
            note="应报、按时、逾期、未报为月次；实地有误为乡镇核查结论“部门数据有误”的户数。",
        )
    )
    return tuple(found)


def figures(
    counts: Counts, departments: Sequence[DepartmentLine], rates: pd.DataFrame
) -> tuple[Figure, ...]:
    """The bulletin's charts; ``rates`` as `hit_rates.COLUMNS`."""
    found = [_by_township(counts), _by_risk(counts)]
    if len(counts.trend) > 1:
        found.append(_trend(counts.trend))
    found.append(_by_department(departments))
    if rates["rate"].notna().any():
        found.append(_by_rule(rates))
    return tuple(found)


def _by_township(counts: Counts) -> Figure:
    by = counts.now.townships[[*LEVELS]].rename_axis("乡镇").reset_index()
    long = by.melt("乡镇", var_name="等级", value_name="户").assign(
        place=lambda f: f["等级"].map(list(LEVELS).index)
    )
    order = (
        by.assign(n=by[[*LEVELS]].sum(axis="columns"))
        .sort_values("n", ascending=False)["乡镇"]
        .tolist()
    )
    chart = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("户:Q", title="预警户数", axis=alt.Axis(tickMinStep=1, tickCount=6)),
            y=alt.Y("乡镇:N", sort=order, title=None),
            color=alt.Color(
                "等级:N",
                sort=[*LEVELS],
                title=None,
                scale=alt.Scale(domain=[*LEVELS], range=[*LEVEL_COLOURS.values()]),
                legend=alt.Legend(orient="top"),
            ),
            order="place:Q",
        )
    )
    top = f"{order[0]}最多" if order else "没有预警"
    return Figure(
        "各乡镇预警户数（按等级）",
        styled(chart, height=max(60, 24 * len(order))),
        f"按乡镇和等级的预警户数，{top}。",
    )


def _by_risk(counts: Counts) -> Figure:
    by = counts.now.risks[HOUSEHOLDS].rename_axis("风险").rename("户").reset_index()
    chart = bars(by, "户", "风险", "预警户数")
    said = "、".join(f"{name} {n} 户" for name, n in zip(by["风险"], by["户"], strict=True))
    return Figure(
        "各类风险预警户数",
        styled(chart, height=max(60, 26 * len(by))),
        f"按风险类型的预警户数：{said or '没有'}。",
    )


def _trend(trend: pd.DataFrame) -> Figure:
    words = list(trend.columns)
    long = trend.rename_axis("月份").reset_index().melt("月份", var_name="项目", value_name="户")
    legend = alt.Legend(orient="top")
    colour = alt.Color(
        "项目:N", title=None, legend=legend, scale=alt.Scale(domain=words, range=[*COLOURS[:4]])
    )
    base = alt.Chart(long).encode(
        x=alt.X("月份:N", title=None, axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("户:Q", title="户"),
        color=colour,
    )
    shape = alt.Shape("项目:N", title=None, legend=legend, scale=alt.Scale(domain=words))
    chart = base.mark_line(strokeWidth=2) + base.mark_point(filled=True, size=45).encode(
        shape=shape
    )
    return Figure(
        "预警、下发、核查和确认的逐月变化",
        styled(chart),
        f"{trend.index[0]} 至 {trend.index[-1]} 各月户数。",
    )


def _by_department(departments: Sequence[DepartmentLine]) -> Figure:
    parts = (
        ("按时", "on_time", COLOURS[0]),
        ("逾期", "late", COLOURS[2]),
        ("未报或退回", "missing", COLOURS[5]),
    )
    due = [line for line in departments if line.due]
    names = [line.title for line in due]
    long = pd.DataFrame(
        [
            (d.title, word, getattr(d, source), n)
            for d in due
            for n, (word, source, _) in enumerate(parts)
        ],
        columns=["部门", "报送", "月次", "place"],
    )
    words = [word for word, _, _ in parts]
    timely = (
        alt.Chart(long, width=210, height=max(60, 24 * len(due)), title="报送及时性（月次）")
        .mark_bar()
        .encode(
            x=alt.X(
                "月次:Q",
                title=None,
                axis=alt.Axis(
                    values=[*range(1 + max([d.due for d in due], default=0))], format="d"
                ),
            ),
            y=alt.Y("部门:N", sort=names, title=None),
            color=alt.Color(
                "报送:N",
                sort=words,
                title=None,
                legend=alt.Legend(orient="bottom"),
                scale=alt.Scale(domain=words, range=[colour for _, _, colour in parts]),
            ),
            order="place:Q",
        )
    )
    bad = pd.DataFrame({"部门": names, "退回率": [line.rejected_share for line in due]})
    base = alt.Chart(bad, width=150, height=max(60, 24 * len(due)), title="数据退回率").encode(
        x=alt.X("退回率:Q", title=None, axis=alt.Axis(format="%", tickCount=4)),
        y=alt.Y("部门:N", sort=names, title=None, axis=None),
    )
    quality = base.mark_bar(color=COLOURS[4]) + base.mark_text(align="left", dx=4).encode(
        text=alt.Text("退回率:Q", format=".1%")
    )
    return Figure(
        "部门数据报送及时性和质量",
        styled_both(alt.hconcat(timely, quality)),
        "各部门按时、逾期、未报的月次和数据退回率。",
    )


def styled_both(chart: alt.HConcatChart) -> alt.HConcatChart:
    """The workspace's look on charts side by side, which have their own sizes."""
    look = styled(alt.Chart(pd.DataFrame({"x": [0]})).mark_point()).to_dict()["config"]
    return alt.HConcatChart.from_dict(chart.to_dict() | {"config": look})


def _by_rule(rates: pd.DataFrame) -> Figure:
    shown = rates.dropna(subset=["rate"]).sort_values("rate", ascending=False, kind="stable")
    shown = shown.assign(
        name=shown["rule"] + " " + shown["title"],
        said=shown["confirmed"].astype(str) + "/" + shown["answered"].astype(str),
    )
    base = alt.Chart(shown).encode(
        y=alt.Y("name:N", sort=shown["name"].tolist(), title=None, axis=alt.Axis(labelLimit=230))
    )
    span = base.mark_rule(strokeWidth=3, color=COLOURS[4]).encode(
        x=alt.X(
            "low:Q",
            title="命中率（横线：95% 置信区间；数字：确认/已核查）",
            axis=alt.Axis(format="%", tickCount=5),
        ),
        x2="high:Q",
    )
    point = base.mark_point(filled=True, size=70, color=COLOURS[0], opacity=1).encode(x="rate:Q")
    text = base.mark_text(align="left", dx=6).encode(x="high:Q", text="said:N")
    return Figure(
        "各规则命中率",
        styled(span + point + text, width=300, height=max(60, 24 * len(shown))),
        "每条规则的确认率及其置信区间。",
    )
