"""`shouwang contract`: is a department's contract in order; what would the contract of this export
look like."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pypinyin import lazy_pinyin

from shouwang.core.errors import ConfigError, FileRefused
from shouwang.county.contract import RESERVED, Contract, read_contract, read_wordings
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
EDGES = ("first_plausible_day", "handover_month_end")
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
    columns = {*contract.columns, *contract.derived, "unreadable", "id_state"}
    for expectation in suite.expectations:
        arguments = expectation.configuration.kwargs.items()
        named = {value for key, value in arguments if key.startswith("column")}
        if missing := sorted(n for n in named if isinstance(n, str) and n not in columns):
            raise ConfigError(
                f"{file}: the expectation “{expectation.meta['id']}” names the column "
                f"{', '.join(missing)}, which {path.name} does not have; mend one of the two."
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
    by_wording = {plain(wording): name for name, all_ in shared.items() for wording in all_}
    sheet, head = _table(sample)
    headings, *below = sheet.head(head + 1 + SAMPLE)[head:]
    titles = [text_of(cell) or "" for cell in headings]
    columns: dict[str, dict[str, Any]] = {}
    left_out = []
    for place, heading in enumerate(titles):
        if not heading:
            continue
        cells = [row[place] for row in below if place < len(row) and text_of(row[place])]
        word = plain(heading)
        listed = by_wording.get(word) or by_wording.get(without_unit(word))
        # beside 姓名, 户主 would be another person, so it is no wording of all departments
        name = listed or ("name" if word == "户主" else "")
        if word in RUNNING_NUMBERS or heading in REMARKS or not cells or name in columns:
            left_out.append(heading)
            continue
        kind = SHARED_TYPES.get(name, "text") if name else _type_of(heading, cells)
        column: dict[str, Any] = {"type": kind}
        if len(cells) >= 0.99 * len(below):
            column["required"] = True
        if not listed:
            column["wordings"] = [heading]
        if kind == "code":
            counts = Counter(filter(None, map(text_of, cells)))
            column["values"] = {value: [] for value, count in counts.items() if count > 1}
        columns[name or _column_name(heading, place)] = column
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
            f"文件“{sample.name}”里没有认得的姓名列，无法比对到人。"
            f"认得的写法：{'、'.join(shared['name'])}；"
            f"看到的是：{'、'.join(filter(None, titles))}。"
            "该部门另有叫法的，先加到 wordings.yaml 的 name 里。",
        )
    worded = {
        name: {**column, "wordings": column.get("wordings") or shared[name]}
        for name, column in columns.items()
    }
    Contract.model_validate(content | {"columns": worded})
    text = yaml.safe_dump(
        content, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110
    )
    head_lines = (
        f"# 由样表“{sample.name}”起草，请逐列核对：列名可改成英文词，\n"
        "# 类型 text name identity phone code yuan number integer date；必填写 required: true；\n"
        "# 其他写法加到 wordings；code 列的取值写全。\n"
    )
    return head_lines + text, _suite(f"{department}.{dataset}", worded), left_out


def _column_name(heading: str, place: int) -> str:
    syllables = lazy_pinyin(re.sub(r"\W", "", without_unit(plain(heading))))
    name = "_".join(syllables)[:40]
    usable = name and name not in RESERVED and not name.startswith("_")
    return name if usable else f"column_{place + 1}"


def _table(path: Path) -> tuple[Sheet, int]:
    """The sheet with the most rows and its header: the row with the most different texts among its
    first forty."""
    sheets = [sheet for sheet in open_file(path).sheets if not sheet.hidden and sheet.columns]
    if not sheets:
        raise FileRefused("no_rows", f"文件“{path.name}”里没有可见的数据。")
    sheet = max(sheets, key=lambda each: len(each.numbers))
    texts = [
        {cell for cell in row if isinstance(cell, str) and cell.strip()} for row in sheet.head(40)
    ]
    enough = max(2, 0.8 * max(map(len, texts)))
    return sheet, next(number for number, cells in enumerate(texts) if len(cells) >= enough)


def _type_of(heading: str, cells: list[Any]) -> str:
    def readable(read: Callable[[Any], Any]) -> bool:
        good = 0
        for cell in cells:
            with contextlib.suppress(ValueError, OverflowError):
                good += read(cell) is not None
        return good >= 0.95 * len(cells)

    if readable(read_date) and not all(isinstance(cell, int | float) for cell in cells):
        return "date"
    if readable(read_number):
        if _MONEY.search(heading):
            return "yuan"
        return "integer" if readable(read_integer) else "number"
    count = len({text_of(cell) for cell in cells})
    few = count <= FEW_VALUES and len(cells) >= ENOUGH_ROWS and 2 * count <= len(cells)
    return "code" if few else "text"


def _suite(name: str, columns: dict[str, dict[str, Any]]) -> str:
    """The usual expectations of such columns: nothing unreadable, required ones filled in, days
    that can be."""
    expectations: list[dict[str, Any]] = []

    def expect(kind: str, id_: str, column: str, reason: str = "", **edges: Any) -> None:
        meta = {"id": id_, "effect": "reject_row", "columns": [], "reason": reason}
        if reason:
            meta["columns"] = [column]
        kwargs = {"column": column, **edges}
        expectations.append(
            {"type": f"expect_column_values_to_{kind}", "kwargs": kwargs}
            | {"severity": "critical", "meta": meta}
        )

    expect("be_null", "unreadable", "unreadable")
    for column, settings in columns.items():
        title = settings["wordings"][0]
        if settings.get("required") and settings["type"] != "identity":
            expect("not_be_null", f"{column}.empty", column, f"“{title}”不能为空")
        if settings["type"] == "date":
            first, last = ({"$PARAMETER": name} for name in EDGES)
            expect("be_between", f"{column}.min", column, f"{title}早于 2015 年", min_value=first)
            late = f"{title}晚于报送月的月末"
            expect("be_between", f"{column}.max", column, late, max_value=last)
    suite = {"name": name, "expectations": expectations}
    return json.dumps(suite, ensure_ascii=False, indent=2) + "\n"
