"""The workspace: configuration, paths and database of one county, opened once from ``SHOUWANG_*``.

``SHOUWANG_HOME`` (default ``./var``) holds database, work area, vault and outbox;
``SHOUWANG_DATABASE_URL``, ``SHOUWANG_COUNTY`` (configuration folder), ``SHOUWANG_EXPECTATIONS``,
``SHOUWANG_INBOX``, ``SHOUWANG_OUTBOX``, ``SHOUWANG_RETURNS`` and ``SHOUWANG_SECRETS`` (a folder,
default ``secrets`` in the home) override parts of it; inbox, outbox and returns may be ``sftp://``
or ``s3://`` addresses, for which a folder of the home stands. ``SHOUWANG_KEYS`` holds the keys
where they are not in the secrets folder (`store.keys`).

Where a deployment holds many counties (``SHOUWANG_COUNTIES``, see ``counties``), each has the
subfolder of its key in all of these places, and a schema of its own in PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import unicodedata
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from shouwang.core import clock
from shouwang.core.digests import digest, short_digest
from shouwang.core.errors import ConfigError
from shouwang.county.settings import County, read_county
from shouwang.store.database import Database
from shouwang.store.keys import Keys
from shouwang.store.turns import turn
from shouwang.workspace.counties import county_folder, name_in
from shouwang.workspace.remote import Remote

PROJECT = Path(__file__).resolve().parents[3]


@dataclass
class Workspace:
    """One county: where its things lie and what is configured. Every path of the product comes from
    here."""

    home: Path
    county_folder: Path
    expectations: Path
    inbox: Path
    outbox: Path
    database_url: str
    secrets: Path
    returns: Path
    far_returns: Remote | None = None
    far_inbox: Remote | None = None
    far_outbox: Remote | None = None
    key: str = ""
    keys_given: str = ""

    @cached_property
    def county(self) -> County:
        """The county's configuration."""
        return read_county(self.county_folder)

    @cached_property
    def database(self) -> Database:
        """The county's database."""
        return Database(self.database_url, self.key, self.keys)

    def dag_id(self, name: str) -> str:
        """The id of one of the county's DAGs: ``screening``, or ``qingyuan.screening`` where there
        are many."""
        return name_in(self.key, name)

    @cached_property
    def keys(self) -> Keys:
        """The keys that seal numbers and phones: ``SHOUWANG_KEYS``, or else the file ``keys`` among
        the secrets."""
        return Keys(self.secrets / "keys", self.keys_given)

    @property
    def zone(self) -> ZoneInfo:
        """The county's time zone."""
        return ZoneInfo(self.county.settings.timezone)

    def today(self) -> dt.date:
        """The county's date, or ``SHOUWANG_TODAY`` (YYYY-MM-DD) for rehearsals."""
        return clock.today(self.zone)

    def now(self) -> dt.datetime:
        """The county's time without its zone, on the day that `today` says."""
        return clock.local_now(self.zone).replace(microsecond=0)

    def inbox_of(self, month: object, department: str) -> Path:
        """Where a department's files of a month lie, fetched first if its inbox is on another
        machine."""
        folder = self.inbox / str(month) / department
        if self.far_inbox:
            self.far_inbox.fetch(folder)
        return folder

    @property
    def return_folders(self) -> tuple[Path, ...]:
        """Where what townships send back lies: the place that is configured, and that of their own
        servers' copies."""
        return tuple(dict.fromkeys((self.returns, self.home / "returns")))

    def vault_of(self, month: object, department: str, content: str) -> Path:
        """Where the files of a submission are kept as they came."""
        return self.home / "vault" / str(month) / department / content

    def work_of(self, submission_id: str) -> Path:
        """Where the steps of one submission leave their frames for the next step."""
        return self.home / "work" / submission_id

    def turn(self, what: str) -> AbstractContextManager[None]:
        """``with workspace.turn("2026-09 water"):`` do it while no other process does the same (see
        `store.turns`)."""
        return turn(self.database, self.locks, what)

    @property
    def locks(self) -> Path:
        """Where the turns lie on SQLite."""
        return self.home / "locks"

    @property
    def ended_runs(self) -> Path:
        """Where the ends of Airflow's runs are noted until they are put on record."""
        return self.home / "ended"

    @property
    def sealed_folders(self) -> tuple[Path, ...]:
        """Where every file is sealed."""
        return self.home / "vault", self.home / "work"

    def validation_page_of(self, month: object, department: str, submission_id: str) -> Path:
        """Where the Data Docs of a submission are kept."""
        return self.home / "validations" / str(month) / f"{department}-{submission_id}.html"

    def receipts_of(self, month: object, department: str) -> Path:
        """Where a department fetches its receipts."""
        return self.outbox / str(month) / "departments" / department

    def lists_of(self, month: object, township: str) -> Path:
        """Where a township fetches its workbooks."""
        return self.outbox / str(month) / "townships" / safe_name(township)

    def county_papers_of(self, month: object) -> Path:
        """Where the county's own papers of a month lie."""
        return self.outbox / str(month) / "county"

    def passwords_of(self, department: str) -> tuple[str, ...]:
        """The passwords stored for a department's workbooks, a line each of
        ``secrets/departments/<department>``."""
        return self.secret(f"departments/{department}")

    def secret(self, name: str) -> tuple[str, ...]:
        """The lines of a file among the secrets, each kind of which has a place of its own; none if
        it is not there."""
        path = self.secrets / name
        if not path.is_file():
            return ()
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path} holds passwords and others may read it; chmod 600 it.")
        return tuple(filter(None, path.read_text(encoding="utf-8").splitlines()))

    def suite_fingerprint(self, slug: str) -> str:
        """Changes with a dataset's expectation suite."""
        path = self.expectations / f"{slug}.json"
        return short_digest(path.read_bytes()) if path.exists() else "none"


_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def safe_name(text: str) -> str:
    """A name of the registry as a folder's or file's: nothing that leads elsewhere, hides it or is
    forbidden.

    Two names never become one: what had to be changed ends with six characters of its digest.
    """
    plain = "".join("_" if unicodedata.category(c) in _HIDDEN else c for c in text)
    safe = re.sub(r'[\\/:*?"<>|]|^\.', "_", plain.strip())[:60]
    if safe and safe == text:
        return safe
    return f"{safe or '_'}_{digest(text)[:6]}"


def load_workspace(environment: Mapping[str, str] | None = None) -> Workspace:
    """The workspace that the environment describes; of many counties, that of the one that is
    served."""
    env = os.environ if environment is None else environment
    key, folder = county_folder(env)
    home = Path(env.get("SHOUWANG_HOME") or "var").expanduser().resolve() / key

    def place(name: str, default: Path, below: str = key) -> Path:
        text = (env.get(name) or "").removeprefix("file://")
        return Path(text).expanduser().resolve() / below if text else default

    def far(name: str, copy: Path) -> Remote | None:
        text = env.get(name) or ""
        if "://" not in text or text.startswith("file://"):
            return None
        return Remote(f"{text.rstrip('/')}/{key}" if key else text, copy)

    far_inbox = far("SHOUWANG_INBOX", home / "inbox")
    far_outbox = far("SHOUWANG_OUTBOX", home / "outbox")
    far_returns = far("SHOUWANG_RETURNS", home / "returns")
    expectations = place("SHOUWANG_EXPECTATIONS", PROJECT / "expectations", below="")
    if folder and (folder / "expectations").is_dir():
        expectations = folder / "expectations"
    database_url = env.get("SHOUWANG_DATABASE_URL") or f"sqlite:///{home / 'shouwang.db'}"
    if key and env.get("SHOUWANG_DATABASE_URL") and not database_url.startswith("postgresql"):
        raise ConfigError(
            "SHOUWANG_DATABASE_URL names one file for all counties; leave it out (each has a file "
            "in its home), or name a database of PostgreSQL, where each has a schema."
        )
    return Workspace(
        home=home,
        county_folder=folder or place("SHOUWANG_COUNTY", PROJECT / "include" / "county"),
        expectations=expectations,
        inbox=far_inbox.copy if far_inbox else place("SHOUWANG_INBOX", home / "inbox"),
        outbox=far_outbox.copy if far_outbox else place("SHOUWANG_OUTBOX", home / "outbox"),
        returns=far_returns.copy if far_returns else place("SHOUWANG_RETURNS", home / "returns"),
        far_returns=far_returns,
        far_inbox=far_inbox,
        far_outbox=far_outbox,
        database_url=database_url,
        secrets=place("SHOUWANG_SECRETS", home / "secrets"),
        key=key,
        keys_given=env.get("SHOUWANG_KEYS") or "",
    )
