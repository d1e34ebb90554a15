"""Facts of a county, written straight into the database: what a pipeline would take minutes for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from shouwang.core.month import Month
from shouwang.store.tables import feedback, late, release, release_item, run, submission, warning
from shouwang.workspace.workspace import Workspace

TODAY = "2026-10-25"
MARKUP = "<script>alert(1)</script>"


class Story:
    """Facts of a county, put on record one by one."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def write(self, table: Any, **values: Any) -> None:
        with self.workspace.database.write() as connection:
            connection.execute(table.insert().values(**values))

    def came(self, month: str, department: str, day: str, version: int = 1, **more: Any) -> str:
        """A submission of 100 rows, 90 of them matched; ``refusal`` if it was refused."""
        name = f"{month[2:]}-{department[:5]}-{version}"
        refusal = more.get("refusal")
        counts = {
            "rows": 100,
            "matched": 90,
            "review": 2,
            "unmatched": 3,
            "rejected": 4,
            "duplicate": 1,
        }
        self.write(
            submission,
            submission_id=name,
            month=month,
            department=department,
            dataset="any",
            version=version,
            content=name,
            contract="any",
            registry="r",
            status="refused" if refusal else "taken",
            in_force=not refusal and more.get("in_force", True),
            files=[],
            counts={} if refusal else counts,
            received_at=dt.datetime.fromisoformat(f"{day}T20:30:00"),
            refusal=refusal,
            report={"warnings": more.get("warnings", [])},
        )
        return f"{name}-r"

    def screened(self, month: str, marks: list[str], **levels: int) -> None:
        at = dt.datetime.fromisoformat(f"{Month.parse(month) + 1}-11T01:00:00")
        inputs = {"registry": "r", "since": str(Month.parse(month) + -11), "submissions": marks}
        self.write(
            run,
            month=month,
            fingerprint=month,
            screened_at=at,
            parameters={},
            inputs=inputs,
            missing=[],
        )
        for level, count in levels.items():
            for number in range(count):
                self.write(
                    warning,
                    month=month,
                    household_id=f"{level}{number}",
                    level=level,
                    rules="M1",
                    risks="医疗",
                    township="大河镇",
                )

    def sent(
        self, month: str, township: str, clues: list[str], day: str, due: str, version: int = 1
    ) -> None:
        """A list; clue C went out by two rules, the others by one."""
        self.write(
            release,
            month=month,
            township=township,
            version=version,
            kind="名单",
            file="f",
            content="c",
            released_on=dt.date.fromisoformat(day),
            released_by="somebody",
            due=dt.date.fromisoformat(due),
        )
        for clue in clues:
            rules = "MED-1 WAT-1" if clue == "C" else "MED-1"
            self.write(
                release_item,
                month=month,
                township=township,
                version=version,
                clue_no=clue,
                content="c",
                rules=rules,
            )

    def answered(self, clue: str, month: str, conclusion: str = "05") -> None:
        """A township's answer on a month's list."""
        self.write(
            feedback,
            content=f"{clue}{month}",
            clue_no=clue,
            conclusion=conclusion,
            list_month=month,
            file="f",
            row=1,
            received_at=dt.datetime.fromisoformat(f"{Month.parse(month) + 1}-15T01:00:00"),
        )

    def declared_late(self, month: str, department: str) -> None:
        self.write(late, month=month, department=department, declared_at=dt.datetime(2026, 10, 11))
