"""Charts (图表): one look for all of them, and pictures in which Chinese is never boxes.

An SVG keeps its text as text, so that the reader's own fonts draw it; a PNG is drawn here and needs
a Chinese font on this machine, which `to_png` insists on.
"""

from __future__ import annotations

import subprocess
from functools import cache
from shutil import which
from typing import Any

import altair as alt

from shouwang.core.errors import NotThereYet

FONTS = "Noto Sans CJK SC, Source Han Sans SC, WenQuanYi Micro Hei, Microsoft YaHei, SimHei, PingFang SC, sans-serif"
LEVEL_COLOURS = {"红": "#c0392b", "黄": "#e0a800", "蓝": "#2f6fb0"}
COLOURS = ("#1f6f54", "#2f6fb0", "#d9822b", "#8e5ea2", "#9aa5b1", "#c0392b", "#5b8c5a", "#7f6a4f")


def styled(chart: Any, width: int = 420, height: int = 220) -> Any:
    """The workspace's look on a chart of Altair; a height of 0 leaves it to the number of bars."""
    sized = chart.properties(width=width, **({"height": height} if height else {}))
    return (
        sized.configure(font=FONTS, background="white")
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            gridColor="#e7eaee",
            domainColor="#9aa5b1",
            tickSize=4,
        )
        .configure_title(fontSize=14, anchor="start", fontWeight=600)
        .configure_legend(labelFontSize=12, titleFontSize=12)
        .configure_range(category=list(COLOURS))
    )


def to_svg(chart: Any) -> str:
    """A chart as SVG text, to be put into a page."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.to_json()))


def to_png(chart: Any, scale: float = 2.0) -> bytes:
    """A chart as PNG; raises `NotThereYet` with the remedy where no Chinese font is installed."""
    import vl_convert

    if not chinese_font():
        raise NotThereYet(
            "No Chinese font is installed on this machine, so that charts would show boxes; install one, for example "
            "with: apt-get install fonts-noto-cjk"
        )
    return bytes(vl_convert.vegalite_to_png(chart.to_json(), scale=scale))


def drawn(chart: Any, ending: str) -> bytes:
    """A chart as the content of a file: ``.svg``, ``.png``, or an ``.html`` that fetches nothing
    from outside."""
    if ending == ".png":
        return to_png(chart)
    text = to_svg(chart) if ending == ".svg" else chart.to_html(inline=True)
    return str(text).encode()


@cache
def chinese_font() -> bool:
    """Whether fontconfig knows a font with Chinese letters; machines without fontconfig (Windows,
    macOS) have one."""
    program = which("fc-list")
    if program is None:
        return True
    said = subprocess.run(  # noqa: S603
        [program, ":lang=zh-cn", "family"], capture_output=True, text=True, check=False
    )
    return bool(said.stdout.strip())


def bars(frame: Any, value: str, name: str, title: str | None = None) -> Any:
    """Horizontal bars with their figures; ``frame`` in the order to be shown."""
    base = alt.Chart(frame).encode(
        x=alt.X(f"{value}:Q", title=title, axis=alt.Axis(tickMinStep=1, tickCount=6)),
        y=alt.Y(f"{name}:N", sort=frame[name].tolist(), title=None),
    )
    return base.mark_bar(color=COLOURS[1]) + base.mark_text(align="left", dx=4).encode(
        text=f"{value}:Q"
    )
