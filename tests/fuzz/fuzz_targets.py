"""Every parser of what comes from outside, as a thing that Hypothesis can throw at: it reads, or
refuses in words.

A target is made once (``TARGETS[name](folder)``) and then tried with drawn data; ``folder`` holds
a made-up ``county`` and the ``home`` in which its month was released. What it may raise is a
refusal in words; what it gives must account for every row, and hold no NUL, which PostgreSQL cannot
store.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shutil
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from fuzz_making import (
    BYTE_EDITS,
    CELLS,
    GRID_EDITS,
    MONTH,
    PASSWORD,
    PLACES,
    TEXTS,
    Grid,
    exports,
    opened,
    spoilt,
    spoilt_file,
    spoilt_grid,
)
from hypothesis import strategies as st

from shouwang.core.errors import ConfigError, FileRefused
from shouwang.core.identity import clean_names
from shouwang.county.settings import read_county
from shouwang.intake import worker
from shouwang.intake.cells import read_column, read_identity
from shouwang.intake.opening import open_content
from shouwang.intake.sheets import Opened
from shouwang.matching import reviewing
from shouwang.quality.check import check
from shouwang.recognition import reading
from shouwang.recognition.forms import sheets_of
from shouwang.registry.history import load_snapshot, snapshot
from shouwang.responses import returning
from shouwang.responses.answers import Received
from shouwang.screening.rulebook import load_rulebook
from shouwang.submissions import correcting
from shouwang.transfer import passwords
from shouwang.workspace.workspace import PROJECT, Workspace, load_workspace

Try = Callable[[st.DataObject], None]


def whole(texts: Iterable[Any]) -> None:
    """No text that PostgreSQL or a file in UTF-8 could not hold."""
    for text in texts:
        if isinstance(text, str):
            assert "\0" not in text, "a NUL is left in a text"
            text.encode()


@contextmanager
def refused_in_words() -> Iterator[None]:
    """What may be raised: a refusal that says what to do."""
    try:
        yield
    except FileRefused as refused:
        if "请" not in str(refused):
            raise AssertionError("a refusal does not say what to do") from refused


def sound(read: reading.Reading) -> None:
    """A reading accounts for its rows, and can be stored."""
    assert len(read.table) == sum(sheet.rows for sheet in read.sheets) == len(read.cells())
    for name in read.table.select_dtypes(include=["str", "object"]):
        whole(read.table[name].dropna())
    report = json.dumps(read.report(), ensure_ascii=False)
    assert "\\u0000" not in report, "a NUL is left in the report"
    report.encode()


def opening(folder: Path) -> Try:
    """Files of every format, spoilt, each opened in a child: what takes too long or too much there
    is refused."""
    seeds = dict(exports(folder))

    def attempt(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(seeds)))
        content = spoilt_file(seeds[name], data.draw(PLACES), data.draw(BYTE_EDITS))

        def look() -> None:
            try:
                answer = worker.answer(content, name, [PASSWORD])
            except MemoryError:
                return
            if isinstance(answer, tuple) and not isinstance(answer, Opened):
                assert "请" in answer[1]
                return
            for sheet in answer.sheets:
                heights = {len(column.codes) for column in sheet.columns}
                assert heights in (set(), {len(sheet.numbers)})
                assert all(
                    0 <= top < bottom < len(sheet.numbers) for top, bottom, _ in sheet.merges
                )

        told = _in_child(look)
        assert not told, told

    return attempt


def _in_child(work: Callable[[], None], seconds: int = 15) -> str:
    """Do it in a forked process under the ceilings of `worker`; the trace of what it raised, if it
    raised anything."""
    reading_end, writing_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            faulthandler.disable()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            signal.alarm(2 * seconds)
            work()
        except BaseException:
            os.write(writing_end, traceback.format_exc(limit=-3).encode())
        finally:
            os._exit(0)
    os.close(writing_end)
    with os.fdopen(reading_end) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told


def _grids(folder: Path) -> dict[str, Grid]:
    workspace = load_workspace({})
    found = {}
    for name, content in exports(folder):
        sheets = open_content(name, content, [PASSWORD]).sheets
        if "zip" not in name and sheets:
            for department, contract in workspace.county.contracts.items():
                if reading.locate(sheets[0], contract):
                    found[department] = [
                        list(row) for row in sheets[0].head(len(sheets[0].numbers))
                    ]
    return found


def _read(patch: pytest.MonkeyPatch, module: Any, answer: Callable[[Path], Opened]) -> None:
    patch.setattr(module, "open_file", lambda path, _passwords=(): answer(path))


def tables(folder: Path) -> Try:
    """Sheets of cells with odd headings and cells, by every contract; then judged by its suite, now
    and then."""
    workspace, grids = load_workspace({}), _grids(folder)

    def attempt(data: st.DataObject) -> None:
        department = data.draw(st.sampled_from(sorted(grids)))
        grid = spoilt_grid(grids[department], data.draw(GRID_EDITS), data.draw(st.integers(0, 3)))
        contract = workspace.county.contracts[department]
        with pytest.MonkeyPatch.context() as patch:
            _read(patch, reading, lambda path: opened(path.name, "表", grid))
            read = None
            with refused_in_words():
                read = reading.read_files([Path("表.xlsx")], contract)
        if read is None:
            return
        sound(read)
        if data.draw(st.integers(0, 9)) == 0:
            assert sum(
                check(read.table, contract, workspace.expectations, MONTH).counts().values()
            ) == len(read.table)

    return attempt


def cells(_folder: Path) -> Try:
    """Single cells of every type, names and numbers."""
    contracts = load_workspace({}).county.every_contract
    columns = [column for contract in contracts for column in contract.columns.values()]

    def attempt(data: st.DataObject) -> None:
        values = data.draw(st.lists(CELLS, max_size=12))
        values = [str(value) if isinstance(value, bool) else value for value in values]
        column = data.draw(st.sampled_from(columns))
        read, bad = read_column(
            values, column, data.draw(st.sampled_from([1.0, 1_000.0, 10_000.0]))
        )
        assert len(read) == len(bad) == len(values)
        texts = pd.Series([text for text in read if isinstance(text, str)], dtype="str")
        numbers, names = read_identity(texts), clean_names(texts)
        assert len(numbers) == len(names) == len(texts)
        whole(numbers["id_number"] if column.type == "identity" else texts)

    return attempt


def _rolled_back(workspace: Workspace, work: Callable[[Any], None]) -> None:
    with workspace.database.engine.connect() as connection:
        attempt = connection.begin()
        try:
            work(connection)
        finally:
            attempt.rollback()


def returned(folder: Path) -> Try:
    """Townships' lists and forms that come back, up to the facts in the database."""
    workspace = load_workspace()
    papers = [
        p
        for p in sorted((workspace.outbox).rglob("*.xlsx"))
        if "预警名单" in p.name or "申报" in p.name
    ]
    books = [sheets_of(path, passwords.every(workspace, path.name)) for path in papers]

    def attempt(data: st.DataObject) -> None:
        book = data.draw(st.sampled_from(books))
        chosen = data.draw(st.sampled_from(sorted(book)))
        grid = [list(row) for row in book[chosen]]
        for _ in range(data.draw(st.integers(0, 2))):  # as an officer would
            row = data.draw(st.integers(0, max(0, len(grid) - 1)))
            answers = [
                data.draw(
                    st.sampled_from(["02 风险回退", "01 拟纳入监测", "05 无返贫致贫风险", "", "12"])
                ),
                "理由",
                "2026-10-13",
                "某",
            ]
            grid[row : row + 1] = [[*grid[row][:15], *answers]] if grid else []
        grid = spoilt_grid(grid, data.draw(GRID_EDITS), data.draw(st.integers(0, 6)))
        told = {**book, chosen: [[*map(_plain, row)] for row in grid]}
        received = Received(papers[0], workspace.now(), {}, papers[0].parent.name)

        def take(connection: Any) -> None:
            answered = returning.take_back(connection, workspace, received)
            results = ("taken", "known", "blank", "problem")
            assert sum(map(answered.count, results)) == len(answered.rows)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(returning, "sheets_sealed_by", lambda *_: (told, None))
            with refused_in_words():
                _rolled_back(workspace, take)

    return attempt


def _plain(cell: Any) -> Any:
    return str(cell) if isinstance(cell, bool) else cell


def reviews(folder: Path) -> Try:
    """The review list that comes back, up to the decisions in the database."""
    workspace = load_workspace()
    (paper,) = workspace.county_papers_of(MONTH).glob("*有待核实*")
    book = sheets_of(paper, passwords.every(workspace, paper.name))

    def attempt(data: st.DataObject) -> None:
        grid = [list(row) for row in book["有待核实"]]
        for _ in range(data.draw(st.integers(0, 3))):
            row = grid[data.draw(st.integers(0, len(grid) - 1))]
            row[9:10] = [data.draw(st.sampled_from(["候选1", "候选2", "候选3", "都不是", "候选4"]))]
        told = {
            "有待核实": [[*map(_plain, row)] for row in spoilt_grid(grid, data.draw(GRID_EDITS), 3)]
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reviewing, "sheets_of", lambda *_: told)
            with refused_in_words():
                _rolled_back(
                    workspace,
                    lambda connection: reviewing.take_decisions(
                        connection, workspace, paper, "测试员"
                    ),
                )

    return attempt


def receipts(folder: Path) -> Try:
    """Departments' receipts that come back corrected, joined to the rows that they correct."""
    workspace = load_workspace()
    found = []
    for department, contract in workspace.county.contracts.items():
        for path in workspace.receipts_of(MONTH, department).glob("*.xlsx"):
            receipt = open_content(path.name, path.read_bytes(), []).sheets
            first = sorted((workspace.inbox / str(MONTH) / department).iterdir())
            original = reading.read_files(first, contract)
            found += [
                (contract, original, [list(r) for r in s.head(len(s.numbers))])
                for s in receipt
                if s.name == "退回数据"
            ]

    def attempt(data: st.DataObject) -> None:
        contract, original, rows = data.draw(st.sampled_from(found))
        grid = spoilt_grid(rows, data.draw(GRID_EDITS), 0)
        with pytest.MonkeyPatch.context() as patch:
            for module in (reading, correcting):
                _read(patch, module, lambda path: opened(path.name, "退回数据", grid))
            patch.setattr(correcting, "_may_be_receipt", lambda *_: True)
            correcting.answer(Path("回执.xlsx"))
            receipt = None
            with refused_in_words():
                receipt = reading.read_files([Path("回执.xlsx")], contract)
        if receipt is None:
            return
        sound(correcting.with_corrections(original, [receipt]))

    return attempt


def registry(folder: Path) -> Try:
    """The registry's file, up to the people in the database."""
    workspace = load_workspace()
    book = open_content(
        "农户信息表.xlsx", next((folder / "county/registry").iterdir()).read_bytes(), []
    ).sheets[0]
    grid = [list(row) for row in book.head(40)]

    def attempt(data: st.DataObject) -> None:
        spoilt_rows = spoilt_grid(grid, data.draw(GRID_EDITS), 0)
        with pytest.MonkeyPatch.context() as patch:
            _read(patch, reading, lambda path: opened(path.name, "表", spoilt_rows))
            read = None
            with refused_in_words():
                read = reading.read_files([Path("农户信息表.xlsx")], workspace.county.registry)
        if read is None:
            return
        sound(read)
        verdicts = check(read.table, workspace.county.registry, workspace.expectations, MONTH)
        people = snapshot(read.table[verdicts.verdict == "accepted"])
        _rolled_back(
            workspace,
            lambda connection: load_snapshot(
                connection, people, MONTH + 1, "f" * 16, "农户信息表.xlsx"
            ),
        )

    return attempt


def configuration(folder: Path) -> Try:
    """A county's YAML, spoilt as text and as values; what is wrong is said in a `ConfigError`."""
    source = PROJECT / "include" / "county"
    shutil.copytree(source, folder / "configuration")
    names = sorted(str(path.relative_to(source)) for path in source.rglob("*.yaml"))
    values = (
        TEXTS
        | st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.dates()
        | st.lists(st.integers(), max_size=2)
        | st.dictionaries(TEXTS, st.integers(), max_size=2)
    )

    def attempt(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(names))
        path, content = folder / "configuration" / name, (source / name).read_bytes()
        if data.draw(st.booleans()):
            path.write_bytes(spoilt(content, data.draw(BYTE_EDITS)))
        else:
            told = yaml.safe_load(content)
            where = told
            while True:
                keys = sorted(where, key=str) if isinstance(where, dict) else range(len(where))
                key = data.draw(st.sampled_from(list(keys)))
                if (
                    isinstance(where[key], dict | list)
                    and where[key]
                    and data.draw(st.integers(0, 5))
                ):
                    where = where[key]
                else:
                    break
            where[key] = data.draw(values)
            path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
        try:
            county = read_county(folder / "configuration")
            load_rulebook(folder / "configuration", None, county.every_contract)
        except ConfigError:
            pass
        finally:
            path.write_bytes(content)

    return attempt


TARGETS: dict[str, Callable[[Path], Try]] = {
    made.__name__: made
    for made in (opening, tables, cells, returned, reviews, receipts, registry, configuration)
}
