"""``county.yaml``: names, calendar, limits and what is particular to single townships."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from shouwang.core.month import Month
from shouwang.core.workdays import working_day_from
from shouwang.county.contract import (
    Contract,
    read_contract,
    read_contracts,
    read_vocabulary,
    read_wordings,
)
from shouwang.county.yamls import Strict, Written, read_model


class Calendar(Strict):
    """Days of handbook section 2."""

    handover_day: int = Field(5, ge=1, le=28)
    waiting_until_day: int = Field(10, ge=1, le=28)
    verification_working_days: int = Field(5, ge=1, le=60)
    overdue_days: int = Field(10, ge=1, le=90)
    approval_hours: float = Field(48, gt=0)
    papers_day: int = Field(25, ge=1, le=28)
    holidays: dict[dt.date, bool] = Field(default_factory=dict)

    def handover(self, month: Month) -> dt.date:
        """The day by which a month's data are due (报送日)."""
        return working_day_from((month + 1).first.replace(day=self.handover_day), self.holidays)

    def waiting_until(self, month: Month) -> dt.date:
        """The last day on which a month's late data are waited for (等待截止日)."""
        return (month + 1).first.replace(day=self.waiting_until_day)


class Intake(Strict):
    """Limits at the door."""

    refuse_above_rejected_share: float = Field(0.10, ge=0, le=1)
    suspicious_age_seconds: float = Field(2, ge=0)


class Drift(Strict):
    """What of a submission is out of the usual, beside the median of the department's last
    submissions in force."""

    deliveries: int = Field(6, ge=0)
    rows_from: float = Field(0.8, ge=0)
    rows_to: float = Field(2.0, ge=1)
    empty_rise: float = Field(0.10, ge=0)
    unreadable_rise: float = Field(0.02, ge=0)
    sums_from: float = Field(0.5, ge=0)
    sums_to: float = Field(2.0, ge=1)


class Casework(Strict):
    """When a household is visited again (handbook section 8)."""

    silence_months: int = Field(6, ge=0)
    grown_by: float = Field(0.5, gt=0)


class Delivery(Strict):
    """How papers leave the workspace, and how long copies stay (handbook section 9)."""

    encrypt: bool = True
    password_months: int = Field(12, ge=1)
    mail_from: str = ""
    keep_outbox_months: int = Field(6, ge=1)
    keep_raw_months: int = Field(12, ge=1)


class Township(Strict):
    """What the registry cannot know about a township; ``to``: the address that a channel other than
    the outbox needs."""

    contact: str = ""
    channel: Literal["folder", "sftp", "mail"] = "folder"
    to: str = ""

    @model_validator(mode="after")
    def _has_an_address(self) -> Township:
        wanted, example = {
            "folder": ("", "nothing: a folder's place is SHOUWANG_OUTBOX"),
            "sftp": (r"sftp://[^\s]+", "sftp://user@host/path"),
            "mail": (r"[^@\s,;<>]+@[^@\s,;<>]+", "name@example.org"),
        }[self.channel]
        if not re.fullmatch(wanted, self.to):
            raise ValueError(f"`to` does not fit the channel {self.channel}; write {example}")
        return self


class CountySettings(Strict):
    """The county itself."""

    code: str = Field(pattern=r"^\d{6}$")
    name: str
    office: str
    timezone: str = "Asia/Shanghai"
    calendar: Calendar = Calendar()
    intake: Intake = Intake()
    drift: Drift = Drift()
    casework: Casework = Casework()
    delivery: Delivery = Delivery()
    townships: dict[str, Township] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("is not a time zone; write it like Asia/Shanghai") from None
        return name


class County(Strict):
    """Everything read from the county's folder but its rules."""

    folder: Path
    settings: CountySettings
    contracts: dict[str, Contract]
    registry: Contract

    @property
    def every_contract(self) -> tuple[Contract, ...]:
        """The departments' contracts and the registry's."""
        return (*self.contracts.values(), self.registry)

    def contract(self, department: str) -> Contract | None:
        """The contract of a department, if there is one."""
        return self.contracts.get(department)


def read_county(folder: Path) -> County:
    """The county's folder; `ConfigError` for anything wrong in it."""
    shared = read_wordings(folder)
    return County(
        folder=folder,
        settings=read_model(Written(folder / "county.yaml"), CountySettings),
        contracts=read_contracts(folder),
        registry=read_contract(folder / "registry.yaml", shared, read_vocabulary(folder)),
    )
