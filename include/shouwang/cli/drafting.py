"""`shouwang contract`: is a department's contract in order; what would the contract of this export
look like."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pypinyin import lazy_pinyin

from shouwang.core.errors import ConfigError, FileRefused
from shouwang.county.contract import Column, Contract, read_contract, read_wordings
from shouwang.intake.cells import read_date, read_integer, read_number, text_of
from shouwang.intake.sheets import Sheet
from shouwang.intake.worker import open_file
from shouwang.quality.suites import load_suite, suite_path
from shouwang.recognition.headers import RUNNING_NUMBERS
from shouwang.recognition.words import plain, without_unit
from shouwang.screening.rulebook import load_rulebook
from shouwang.workspace.workspace import Workspace

FEW_VALUES, ENOUGH_ROWS, SAMPLE = 12, 8, 2_000
SHARED_TYPES = {"name": "name", "id_number": "identity", "phone": "phone"}
REMARKS = frozenset({"备注", "说明", "附注"})
_MONEY = re.compile("元|金额|费|损失|支付|自付|资金|补助")


def check_contract(workspace: Workspace, path: Path) -> dict[str, Any]:
    """What a contract file says, held against its suite and the county's rules; `ConfigError` for
    any mistake.

    The suite of a draft lies beside it, as `draft_contract`'s caller writes the two.
    """
    contract = read_contract(path, read_wordings(workspace.county_folder))
    drafted = suite_path(path.resolve().parent.parent / "expectations", contract.slug)
    file = drafted if drafted.is_file() else suite_path(workspace.expectations, contract.slug)
    suite = load_suite(file)
    known = {*contract.columns, *contract.derived, "unreadable", "id_state"}
    for expectation in suite.expectations:
        named = {
            value
            for key, value in expectation.configuration.kwargs.items()
            if key.startswith("column")
        }
        if strange := sorted(n for n in named if isinstance(n, str) and n not in known):
            raise ConfigError(
                f"{file}: the expectation “{expectation.meta['id']}” names the "
                f"column {', '.join(strange)}, which {path.name} does not have; mend one of the two."
            )
    others = {c.slug: c for c in workspace.county.every_contract} | {contract.slug: contract}
    book = load_rulebook(workspace.county_folder, contracts=others.values())
    return {
        "department": contract.department,
        "title": contract.title,
        "dataset": contract.dataset,
        "columns": {name: column.type for name, column in contract.columns.items()},
        "required": [name for name, column in contract.columns.items() if column.required],
        "expectations": len(suite.expectations),
        "rules": [rule.code for rule in book.rules if rule.source == contract.slug],
    }


def draft_contract(
    workspace: Workspace, sample: Path, department: str, dataset: str, title: str
) -> tuple[str, str, list[str]]:
    """A contract (YAML) and a suite (JSON) for an export, to be read over by a person; and the
    columns left out."""
    shared = read_wordings(workspace.county_folder)
    of_all = {plain(w): name for name, wordings in shared.items() for w in wordings}
    known = of_all | {
        "户主": "name"
    }  # beside 姓名 it would be another person, so it is no wording of all departments
    sheet, head = _table(sample)
    titles, *below = sheet.head(head + 1 + SAMPLE)[head:]
    titles = [text_of(cell) or "" for cell in titles]
    columns: dict[str, dict[str, Any]] = {}
    left_out = []
    for place, heading in enumerate(titles):
        if not heading:
            continue
        cells = [
            row[place] for row in below if place < len(row) and text_of(row[place]) is not None
        ]
        name = known.get(plain(heading)) or known.get(without_unit(plain(heading)))
        if (
            plain(heading) in RUNNING_NUMBERS
            or heading in REMARKS
            or not cells
            or (name or "") in columns
        ):
            left_out.append(heading)
            continue
        filled = len(cells) >= 0.99 * len(below)
        if name:
            own = (
                {}
                if plain(heading) in of_all or without_unit(plain(heading)) in of_all
                else {"wordings": [heading]}
            )
            columns[name] = (
                {"type": SHARED_TYPES.get(name, "text")}
                | ({"required": True} if filled else {})
                | own
            )
            continue
        name = (
            "_".join(lazy_pinyin(re.sub(r"\W", "", without_unit(plain(heading)))))[:40]
            or f"column_{place + 1}"
        )
        columns[name] = (
            {"type": _type_of(heading, cells)}
            | ({"required": True} if filled else {})
            | {"wordings": [heading]}
        )
        if columns[name]["type"] == "code":
            counted = Counter(filter(None, map(text_of, cells)))
            columns[name]["values"] = {value: [] for value, count in counted.items() if count > 1}
    content = {
        "department": department,
        "title": title,
        "dataset": dataset,
        "dataset_title": sample.stem,
        "columns": columns,
    }
    if "name" not in columns:
        raise FileRefused(
            "missing_column",
            f"文件“{sample.name}”里没有认得的姓名列，无法比对到人。认得的写法：{'、'.join(shared['name'])}；"
            f"看到的是：{'、'.join(filter(None, titles))}。该部门另有叫法的，先加到 wordings.yaml 的 name 里。",
        )
    Contract.model_validate(content | {"columns": _worded(columns, shared)})
    text = (
        f"# 由样表“{sample.name}”起草，请逐列核对：列名可改成英文词，类型 text name identity phone code yuan number\n"
        "# integer date；必填写 required: true；其他写法加到 wordings；code 列的取值写全。\n"
        + yaml.safe_dump(
            content, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110
        )
    )
    return text, _suite(f"{department}.{dataset}", columns), left_out


def _worded(columns: dict[str, dict[str, Any]], shared: dict[str, list[str]]) -> dict[str, Any]:
    return {
        name: {**column, "wordings": column.get("wordings") or shared[name]}
        for name, column in columns.items()
    }


def _table(path: Path) -> tuple[Sheet, int]:
    """The sheet with the most rows and its header: the row with the most different texts among its
    first forty."""
    sheets = [sheet for sheet in open_file(path).sheets if not sheet.hidden and sheet.columns]
    if not sheets:
        raise FileRefused("no_rows", f"文件“{path.name}”里没有可见的数据。")
    sheet = max(sheets, key=lambda one: len(one.numbers))
    texts = [
        {cell for cell in row if isinstance(cell, str) and cell.strip()} for row in sheet.head(40)
    ]
    widest = max(map(len, texts))
    return sheet, next(
        number for number, found in enumerate(texts) if len(found) >= max(2, 0.8 * widest)
    )


def _type_of(heading: str, cells: list[Any]) -> str:
    def readable(read: Callable[[Any], Any]) -> bool:
        good = 0
        for cell in cells:
            try:
                good += read(cell) is not None
            except (ValueError, OverflowError):
                continue
        return good >= 0.95 * len(cells)

    if readable(read_date) and not all(isinstance(cell, int | float) for cell in cells):
        return "date"
    if readable(read_number):
        if _MONEY.search(heading):
            return "yuan"
        return "integer" if readable(read_integer) else "number"
    values = {text_of(cell) for cell in cells}
    return (
        "code"
        if len(values) <= FEW_VALUES and len(cells) >= ENOUGH_ROWS and 2 * len(values) <= len(cells)
        else "text"
    )


def _suite(name: str, columns: dict[str, dict[str, Any]]) -> str:
    """The usual expectations of such columns: nothing unreadable, required ones filled in, days
    that can be."""
    found: list[tuple[str, dict[str, Any], str, list[str], str]] = [
        ("expect_column_values_to_be_null", {"column": "unreadable"}, "unreadable", [], "")
    ]
    for column, said in columns.items():
        title = Column.model_validate({**said, "wordings": said.get("wordings", [])}).wordings[
            :1
        ] or (column,)
        if said.get("required") and said["type"] != "identity":
            kwargs: dict[str, Any] = {"column": column}
            found.append(
                (
                    "expect_column_values_to_not_be_null",
                    kwargs,
                    f"{column}.empty",
                    [column],
                    f"“{title[0]}”不能为空",
                )
            )
        if said["type"] == "date":
            for end, edge, words in (
                ("min_value", "first_plausible_day", "早于 2015 年"),
                ("max_value", "handover_month_end", "晚于报送月的月末"),
            ):
                kwargs = {"column": column, end: {"$PARAMETER": edge}}
                found.append(
                    (
                        "expect_column_values_to_be_between",
                        kwargs,
                        f"{column}.{end[:3]}",
                        [column],
                        f"{title[0]}{words}",
                    )
                )
    expectations = [
        {
            "type": kind,
            "kwargs": kwargs,
            "severity": "critical",
            "meta": {"id": id_, "effect": "reject_row", "columns": names, "reason": reason},
        }
        for kind, kwargs, id_, names, reason in found
    ]
    return (
        json.dumps({"name": name, "expectations": expectations}, ensure_ascii=False, indent=2)
        + "\n"
    )
