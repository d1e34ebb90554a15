"""Which files of the program a settlement passes on its way to a township's cell, and an answer on
its way back to the ledger.

    python -m benchmarks.journey [--files]      (with the names of the files, in their order)

One department's month by the command line (receive, screen, release), then a filled-in list loaded:
every file of ``include/shouwang`` is noted when the first of its functions is called, import and
command line left out, and what the worker process that opens files does. A *stay* is a stretch of
that order in one room; a *climb back* is a stay in a room that had been left before.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import CodeType, FrameType

import msoffcrypto
import openpyxl

MONTH, DEPARTMENT = "2026-09", "medical_insurance"
COMMAND_LINE = ("cli", "commands")
ANSWER = {
    "核查结论": "05 未发现风险",
    "原因说明": "入户看过",
    "核查日期": dt.date(2026, 10, 14),
    "核查人": "赵干部",
}


@dataclass
class Walk:
    """The files that were entered, in that order."""

    root: Path
    files: dict[str, None] = field(default_factory=dict)
    seen: set[CodeType] = field(default_factory=set)

    def notice(self, frame: FrameType, event: str, _: object) -> None:
        """What `sys.setprofile` calls."""
        code = frame.f_code
        if event != "call" or code in self.seen or code.co_name.startswith("<"):
            return
        self.seen.add(code)
        path = Path(code.co_filename)
        if path.is_relative_to(self.root) and room_of(file := str(path.relative_to(self.root))):
            self.files.setdefault(file)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note what is called meanwhile."""
        threading.setprofile(self.notice)
        sys.setprofile(self.notice)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]

    def told(self, name: str) -> str:
        """Files, rooms, stays and climbs back, in a line."""
        stays = [room for room, _ in groupby(map(room_of, self.files))]
        rooms = set(stays)
        return (
            f"{name}: {len(self.files)} files of {len(rooms)} rooms, {len(stays)} stays, "
            f"{len(stays) - len(rooms)} climbs back"
        )


def room_of(file: str) -> str:
    """The room of a file, nothing for the command line; a module beside the rooms is its own."""
    room = Path(file).parts[0]
    return "" if Path(room).stem in COMMAND_LINE else room


def shouwang(words: str) -> str:
    """What a command prints; one that leaves departments out ends with 3."""
    try:
        from shouwang.cli.app import main as program
    except ImportError:
        from shouwang.cli import main as program  # before 0.2
    sys.argv = ["shouwang", *words.split()]
    with redirect_stdout(out := io.StringIO()):
        try:
            program()
        except SystemExit as ended:
            if ended.code not in (None, 0, 3):
                raise RuntimeError(f"{words}: {out.getvalue()}") from ended
    return out.getvalue()


def answered(path: Path, password: str) -> Path:
    """A township's list with its first row answered."""
    plain = io.BytesIO()
    with path.open("rb") as file:
        sealed = msoffcrypto.OfficeFile(file)
        sealed.load_key(password=password)
        sealed.decrypt(plain)
    book = openpyxl.load_workbook(plain)
    sheet = book["预警名单"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "线索编号")
    for cell in head:
        if cell.value in ANSWER:
            sheet.cell(cell.row + 1, cell.column, ANSWER[cell.value])
    filled = path.with_name(f"{path.stem}（已核查）.xlsx")
    book.save(filled)
    return filled


def main() -> None:
    """Walk both ways and print what was passed."""
    import shouwang as program

    try:
        from demo.county import make_county
    except ImportError:  # where it was before it lay beside the program
        from shouwang.demo.county import make_county

    listed, root = "--files" in sys.argv, Path(next(iter(program.__path__)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        county = make_county(folder / "county", households=100, seed=3, dirt=False)
        os.environ |= {"SHOUWANG_HOME": str(folder / "home"), "SHOUWANG_TODAY": "2026-10-12"}
        shutil.copytree(
            county.inbox / MONTH / DEPARTMENT, folder / "home" / "inbox" / MONTH / DEPARTMENT
        )
        shouwang("init")
        shouwang(f"registry load {county.registry} --as-of {MONTH}")
        there, back = Walk(root), Walk(root)
        for words in (f"receive {MONTH} --department {DEPARTMENT}", f"screen {MONTH}"):
            with there.watched():
                shouwang(words)
        with there.watched():
            shouwang(f"release {MONTH} --by 张三")
        path = next((folder / "home" / "outbox").rglob("*预警名单*.xlsx"))
        password = shouwang(f"secrets show --township {path.parent.name} --by 张三").strip()
        filled = answered(path, password)
        with back.watched():
            shouwang(f"feedback load {filled} --from {path.parent.name}")
        for name, walk in (("a settlement's month", there), ("an answer", back)):
            print(walk.told(name))
            for file in walk.files if listed else ():
                print(f"    {file}")


if __name__ == "__main__":
    main()
