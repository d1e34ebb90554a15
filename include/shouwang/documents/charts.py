"""Charts (图表): Vega-Lite from ``charts.yaml`` with rows, and pictures in which Chinese is never
boxes.

An SVG keeps its text as text, so that the reader's own fonts draw it; a PNG is drawn here and needs
a Chinese font on this machine, which `to_png` insists on.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any

import pandas as pd
import yaml

from shouwang.core.errors import NotThereYet


@cache
def _specs() -> dict[str, Any]:
    text = (Path(__file__).parent / "charts.yaml").read_text(encoding="utf-8")
    specs: dict[str, Any] = yaml.safe_load(text)
    return specs


def chart(name: str, rows: pd.DataFrame) -> str:
    """A chart of ``charts.yaml`` as Vega-Lite, with its rows in the order to be shown."""
    data = {"values": json.loads(rows.to_json(orient="records"))}
    return json.dumps(
        {"config": _specs()["config"], "data": data, **_specs()["charts"][name]}, ensure_ascii=False
    )


def to_svg(vega: str) -> str:
    """A chart as SVG text."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(vega))


def to_png(vega: str, scale: float = 2.0) -> bytes:
    """A chart as PNG; raises `NotThereYet` with the remedy where no Chinese font is installed."""
    import vl_convert

    if not chinese_font():
        raise NotThereYet(
            "No Chinese font is installed on this machine, so that charts would show boxes; "
            "install one, for example with: apt-get install fonts-noto-cjk"
        )
    return bytes(vl_convert.vegalite_to_png(vega, scale=scale))


def drawn(vega: str, ending: str) -> bytes:
    """A chart as the content of a file: ``.svg``, ``.png``, or an ``.html`` that fetches nothing
    from outside."""
    if ending == ".png":
        return to_png(vega)
    if ending == ".svg":
        return to_svg(vega).encode()
    import vl_convert

    return str(vl_convert.vegalite_to_html(vega, bundle=True)).encode()


@cache
def chinese_font() -> bool:
    """Whether fontconfig knows a font with Chinese letters; machines without fontconfig (Windows,
    macOS) have one."""
    program = which("fc-list")
    if program is None:
        return True
    listed = subprocess.run(  # noqa: S603
        [program, ":lang=zh-cn", "family"], capture_output=True, text=True, check=False
    )
    return bool(listed.stdout.strip())
