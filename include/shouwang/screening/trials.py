"""What trying changed rules amounts to (试算): clues now and then, households won and lost,
confirmed ones missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import altair as alt
import pandas as pd

from shouwang.documents.charts import styled

NOW, THEN = "现行规则", "试算规则"


def report(
    months: Iterable[object], warnings: pd.DataFrame, signals: pd.DataFrame
) -> dict[str, Any]:
    """The counts of each month and of all of them: ``{"months": […], "total": {…}}``; see
    `whatif.Trial`."""
    each = [
        {
            "month": str(month),
            **counts(*(rows[rows["month"] == str(month)] for rows in (warnings, signals))),
        }
        for month in months
    ]
    return {"months": each, "total": {"month": "all months", **counts(warnings, signals)}}


def counts(warnings: pd.DataFrame, signals: pd.DataFrame) -> dict[str, Any]:
    """Households on the lists of one month or of several, now and then, with the gained, the lost,
    and the confirmed."""
    now, then = warnings["now"].notna(), warnings["then"].notna()
    confirmed = warnings["clue_no"].notna()
    said = pd.crosstab(signals["rule"], signals["book"]).reindex(
        columns=["now", "then"], fill_value=0
    )
    levels = {name: warnings[name].value_counts() for name in ("now", "then")}
    order = [
        level for level in ("红", "黄", "蓝") if level in levels["now"] or level in levels["then"]
    ]
    return {
        "households": {
            "now": int(now.sum()),
            "then": int(then.sum()),
            "gained": int((then & ~now).sum()),
            "lost": int((now & ~then).sum()),
        },
        "confirmed": {
            "now": int((confirmed & now).sum()),
            "then": int((confirmed & then).sum()),
            "missed": sorted(warnings.loc[confirmed & now & ~then, "clue_no"].unique()),
        },
        "by_rule": {
            str(rule): {"now": int(row["now"]), "then": int(row["then"])}
            for rule, row in said.iterrows()
        },
        "by_level": {
            level: {n: int(found.get(level, 0)) for n, found in levels.items()} for level in order
        },
        "by_township": {
            str(name): {
                "now": int(rows["now"].notna().sum()),
                "then": int(rows["then"].notna().sum()),
            }
            for name, rows in warnings.groupby("township", sort=True)
        },
    }


def chart(by_rule: Mapping[str, Mapping[str, int]], titles: Mapping[str, str]) -> Any:
    """Households of each rule, now and then, as bars side by side."""
    rows = pd.DataFrame(
        [
            {"rule": f"{rule} {titles.get(rule, '')}", "book": name, "households": pair[key]}
            for rule, pair in by_rule.items()
            for key, name in (("now", NOW), ("then", THEN))
        ]
    )
    order = [NOW, THEN]
    base = alt.Chart(rows, title="各规则预警户次").encode(
        x=alt.X("households:Q", title=None, axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("rule:N", title=None, axis=alt.Axis(labelLimit=320)),
        yOffset=alt.YOffset("book:N", sort=order),
    )
    marks = base.mark_bar().encode(
        color=alt.Color("book:N", title=None, sort=order, legend=alt.Legend(orient="top"))
    )
    return styled(
        marks + base.mark_text(align="left", dx=4).encode(text="households:Q"),
        height=44 * len(by_rule),
    )
