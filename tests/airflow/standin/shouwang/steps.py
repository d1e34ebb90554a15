"""A double of the steps for tests of the wiring: instant, and every call leaves a line in ``calls.txt``.

A delivery is a text file; its words steer it: ``refused`` (when taken in), ``unsound`` (when validated), ``broken``
(the step ``match`` fails with our own error). Before July 2026 only the water department is due; a month may be waited
for until the moment in the file ``deadline-<month>``.
"""

import datetime as dt
import os
from pathlib import Path

from shouwang.errors import RowsLost
from shouwang.month import Month

HOME = Path(os.environ["SHOUWANG_HOME"]) if "SHOUWANG_HOME" in os.environ else Path("var")
DEPARTMENTS = {"civil_affairs": (), "education": (3, 9), "housing": (), "medical_insurance": (), "water": ()}


def _note(*words):
    with (HOME / "calls.txt").open("a", encoding="utf-8") as calls:
        calls.write(" ".join(map(str, words)) + "\n")


def _ledger(month):
    path = HOME / f"ledger-{month}"
    path.mkdir(exist_ok=True)
    return path


def _words(month, department):
    return " ".join(path.read_text() for path in sorted((HOME / "inbox" / month / department).glob("*.txt")))


def init():
    _note("init")
    return {"created": True}


def load_registry(file, as_of):
    _note("load_registry", Path(file).name, Month.parse(as_of))
    return {"month": as_of, "people": 3}


def arrived(month, department):
    return bool(list((HOME / "inbox" / str(Month.parse(month)) / department).glob("*.txt")))


def deadline(month):
    said = HOME / f"deadline-{month}"
    return dt.datetime.fromisoformat(said.read_text() if said.exists() else "2100-01-01T00:00:00+08:00")


def departments(month=None):
    if month is not None and month < "2026-07":
        return [{"department": "water"}]
    number = Month.parse(month).number if month else None
    return [
        {"department": name} for name, months in DEPARTMENTS.items() if not number or not months or number in months
    ]


def take_in(month, department):
    words = _words(month, department)
    _note("take_in", month, department)
    status = "refused" if "refused" in words else "read"
    if status == "refused":
        (_ledger(month) / department).write_text("refused")
    return {"month": month, "department": department, "words": words, "status": status, "message": "no such column"}


def validate(reference):
    _note("validate", reference["month"], reference["department"])
    if "unsound" in reference["words"]:
        (_ledger(reference["month"]) / reference["department"]).write_text("refused")
        return reference | {"status": "refused"}
    return reference | {"status": "checked"}


def match(reference):
    _note("match", reference["month"], reference["department"])
    if "broken" in reference["words"]:
        raise RowsLost("2 of 10 rows were not accounted for.")
    return reference | {"matched": 3}


def load(reference):
    _note("load", reference["month"], reference["department"])
    (_ledger(reference["month"]) / reference["department"]).write_text("loaded")
    return reference | {"version": 1}


def declare_late(month, department):
    _note("declare_late", month, department)
    (_ledger(month) / department).write_text("late")
    return {"month": month, "department": department, "status": "late"}


def settled(month):
    state = {path.name: path.read_text() for path in _ledger(month).iterdir()}
    due = [entry["department"] for entry in departments(month)]
    return {
        "settled": set(due) <= set(state),
        "missing": [name for name in due if state.get(name, "late") == "late"],
        "refused": [name for name in due if state.get(name) == "refused"],
    }


def screen(month):
    _note("screen", month)
    state = settled(month)
    return {
        "month": month,
        "levels": {"红": 1, "黄": 2, "蓝": 3},
        "townships": {"东乡": {"红": 1, "黄": 2}, "西乡": {"蓝": 3}},
        "new": 6,
        "repeated": 0,
        "supplement": 0,
        "missing": state["missing"],
        "refused": state["refused"],
    }


def release_plan(month):
    done = HOME / f"released-{month}"
    sent = done.read_text() if done.exists() else ""
    return [name for name in ("东乡", "西乡") if name not in sent]


def release_township(month, township, by):
    _note("release", month, township, by)
    with (HOME / f"released-{month}").open("a") as done:
        done.write(township)
    folder = HOME / "outbox" / month / "townships" / township
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "预警名单.xlsx").write_text("a list")
    return {"township": township}


def summarise(month):
    _note("summarise", month)
    return {"file": "summary.xlsx"}


def month_table(month):
    counts = dict.fromkeys(("accepted", "matched"), 3) | dict.fromkeys(
        ("rejected", "duplicate", "review", "unmatched"), 0
    )
    rows = [{"department": entry["department"], "title": "某局", "rows": 3, **counts} for entry in departments(month)]
    return {"month": month, "departments": rows, "townships": {"东乡": {"红": 1, "黄": 2}, "西乡": {"蓝": 3}}}
