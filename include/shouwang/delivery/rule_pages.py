"""The rules as a document for people (规则说明): Markdown, a page for the browser, or Word; all say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

Lines = Sequence[tuple[str, str]]
STYLE = (
    "body{font-family:'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:60em;margin:2em auto;color:#1f2933}"
    "table{border-collapse:collapse;width:100%}td{border:1px solid #c3cad1;padding:.3em .6em;vertical-align:top}"
    "td:first-child{width:9em;background:#f4f6f8}h2{margin-top:2em}"
)


def write_rules(path: Path, ending: str, title: str, parts: Mapping[str, Lines]) -> None:
    """Write headings with a table of two columns each, in the format of an ending: .md, .html or .docx."""
    if ending == ".docx":
        _word(path, title, parts)
    else:
        text = _page(title, parts) if ending == ".html" else _markdown(title, parts)
        path.write_text(text, encoding="utf-8")


def _markdown(title: str, parts: Mapping[str, Lines]) -> str:
    text = [f"# {title}"]
    for heading, lines in parts.items():
        rows = "".join(f"\n| {name} | {said.replace('|', '｜')} |" for name, said in lines)
        text += [f"## {heading}", f"| 项目 | 内容 |\n|---|---|{rows}"]
    return "\n\n".join(text) + "\n"


def _page(title: str, parts: Mapping[str, Lines]) -> str:
    body = ""
    for heading, lines in parts.items():
        rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(said)}</td></tr>" for name, said in lines)
        body += f"<h2>{escape(heading)}</h2><table>{rows}</table>"
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="zh">{head}<h1>{escape(title)}</h1>{body}</html>'


def _word(path: Path, title: str, parts: Mapping[str, Lines]) -> None:
    from docx import Document

    document = Document()
    document.add_heading(title, 0)
    for heading, lines in parts.items():
        document.add_heading(heading, 1)
        table = document.add_table(0, 2, style="Table Grid")
        for line in lines:
            for cell, text in zip(table.add_row().cells, line, strict=True):
                cell.text = text
    document.save(str(path))
