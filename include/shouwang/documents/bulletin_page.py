"""The bulletin as one page (.html) that needs nothing else: text, tables, charts as SVG; for light,
dark and paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from shouwang.documents.bulletin import Bulletin
from shouwang.documents.saving import Target, write_bytes
from shouwang.documents.text import printable


def write_page(path: Target, bulletin: Bulletin, to_svg: Callable[[Any], str]) -> None:
    """Write the page; ``to_svg`` draws a chart. Every text is escaped, and nothing is fetched from
    anywhere."""
    environment = Environment(
        loader=PackageLoader("shouwang.documents"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    drawn = [
        Markup(_inline(to_svg(figure.chart), number))  # noqa: S704
        for number, figure in enumerate(bulletin.figures)
    ]
    page = environment.get_template("bulletin.html").render(bulletin=bulletin, drawn=drawn)
    write_bytes(path, page.encode())


def _harmless(value: object) -> object:
    return printable(value) if type(value) is str else value


def _inline(svg: str, number: int) -> str:
    """An SVG to stand in a page beside others: its ids its own, its size that of the column."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="f{number}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#f{number}-\1)", svg)
    return re.sub(
        r'^<svg ([^>]*?)\bwidth="([\d.]+)" height="[\d.]+"',
        r'<svg \1style="max-width:\2px" role="img"',
        svg,
    )
