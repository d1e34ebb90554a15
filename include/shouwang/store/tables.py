"""Every table but those of the departments' records (which follow from the contracts, see
``records``), and the views that several rooms read.

Times are UTC; `Guarded` and `Sealed` columns lie sealed where they may hold a number (`sealing`).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from shouwang.store.sealing import Guarded, GuardedJSON, Sealed

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
MONTH, DIGEST, FINGERPRINT = String(7), String(16), String(64)
Kind = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]


def key(kind: Kind, *names: str) -> list[Column[Any]]:
    """Columns of the primary key."""
    return [Column(name, kind, primary_key=True) for name in names]


def required(kind: Kind, *names: str) -> list[Column[Any]]:
    """Columns that always have a value."""
    return [Column(name, kind, nullable=False) for name in names]


def optional(kind: Kind, *names: str) -> list[Column[Any]]:
    """Columns that may be null."""
    return [Column(name, kind) for name in names]


# Which keys the database is sealed with, to tell when one is missing or another.
sealing_key = Table(
    "sealing_key",
    metadata,
    *key(String(8), "key_id"),
    *required(DIGEST, "mark"),
    *required(DateTime, "since"),
)
county = Table("county", metadata, *key(String(6), "code"), *required(Text, "name"))

# The registry with its history: a row holds from `from_month` until before `to_month` (null: until
# further notice). `registered_type` is 户类型 as written, where a column of its own says that the
# household is monitored.
registry_load = Table(
    "registry_load",
    metadata,
    *key(MONTH, "as_of"),
    *required(DIGEST, "fingerprint"),
    *required(Guarded, "file"),
    *required(Integer, "people", "households"),
)
person = Table(
    "person",
    metadata,
    *key(DIGEST, "person_id"),
    *key(Text, "household_id"),
    *key(MONTH, "from_month"),
    *optional(MONTH, "to_month"),
    *required(Integer, "line_no"),
    *required(DIGEST, "content"),
    *optional(Text, "township", "sex", "household_type", "risk_removed", "labour"),
    *optional(Guarded, "village", "village_group", "name", "relation", "ethnicity"),
    *optional(Guarded, "registered_type", "policy", "health"),
    *optional(Sealed, "id_number", "phone"),
    *optional(Date, "birth_date", "recognised_on"),
    *optional(Float, "income"),
    Index(None, "household_id"),
    Index(None, "from_month", "to_month"),
)

# A submission is one version of what a department handed over for a month: immutable but for
# `in_force`. Its id is a fingerprint of month, department, content and contract; `base` is the
# content that a returned receipt corrects, `inbox` the fingerprint of the whole inbox when this
# version came into force; `status` is taken, refused, held or answered.
submission = Table(
    "submission",
    metadata,
    *key(DIGEST, "submission_id"),
    *required(MONTH, "month"),
    *required(Text, "department", "dataset", "status"),
    *required(Integer, "version"),
    *required(DIGEST, "content", "contract"),
    *optional(DIGEST, "base", "inbox", "registry"),
    *required(Boolean, "in_force"),
    *required(DateTime, "received_at"),
    *required(GuardedJSON, "files", "report"),
    *required(JSON, "counts"),
    *optional(Guarded, "refusal"),
    sa.UniqueConstraint("month", "department", "version"),
)
late = Table(
    "late",
    metadata,
    *key(MONTH, "month"),
    *key(Text, "department"),
    *required(DateTime, "declared_at"),
)
# Every data row that was read, whatever became of it: `outcome` is matched, review, unmatched,
# rejected, duplicate or void; `correction` is the receipt, sheet and row that a corrected row came
# from.
submission_row = Table(
    "submission_row",
    metadata,
    Column(
        "submission_id",
        DIGEST,
        ForeignKey("submission.submission_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    *key(Integer, "line_no"),
    *required(Guarded, "file", "sheet"),
    *required(Integer, "row"),
    *required(Text, "outcome"),
    *optional(DIGEST, "person_id"),
    *optional(Text, "household_id", "method", "candidates"),
    *optional(Float, "confidence"),
    *optional(Guarded, "reason", "correction"),
    Index(None, "household_id"),
)
# What a clerk decided about a written identity; the last one that was not revoked holds. `chosen`
# is a candidate's key (null: none of them), `candidates` the keys in the order in which they were
# shown.
decision = Table(
    "decision",
    metadata,
    Column("decision_id", Integer, primary_key=True, autoincrement=True),
    *required(DIGEST, "identity"),
    *optional(DIGEST, "chosen"),
    *required(JSON, "candidates"),
    *required(MONTH, "month"),
    *required(Guarded, "file", "decided_by"),
    *required(Integer, "row"),
    *required(DateTime, "decided_at"),
    *optional(Guarded, "remark", "revoked_by"),
    *optional(DateTime, "revoked_at"),
    Index(None, "identity"),
)
# What intake could not be sure of, a row a heading, value or sum (`kind`: column, value, sum) of a
# department; an answer holds until it is revoked. `column` is the canonical one, `heading` as the
# department wrote it, `value` that of a coded column (else empty); `candidates` the likeliest
# first, `samples` a few masked cells, `months` those whose files raise it.
question = Table(
    "question",
    metadata,
    Column("question_id", Integer, primary_key=True, autoincrement=True),
    *required(Text, "department", "dataset", "kind", "column"),
    *required(Guarded, "heading", "value"),
    *required(JSON, "candidates", "months"),
    *required(GuardedJSON, "samples"),
    *required(Integer, "rows"),
    *required(DateTime, "asked_at"),
    *optional(Text, "answer"),
    *optional(Guarded, "answered_by"),
    *optional(DateTime, "answered_at"),
    Index(None, "department"),
)
signal = Table(
    "signal",
    metadata,
    *key(MONTH, "month"),
    *key(Integer, "signal_no"),
    *required(Text, "rule", "risk", "household_id", "department", "dataset"),
    *optional(DIGEST, "person_id"),
    *optional(Float, "value", "threshold"),
    *required(Guarded, "sentence", "file", "sheet"),
    *required(MONTH, "submission_month"),
    *required(Integer, "row"),
    Index(None, "household_id"),
)
warning = Table(
    "warning",
    metadata,
    *key(MONTH, "month"),
    *key(Text, "household_id"),
    *required(Text, "level", "rules", "risks"),
    *optional(Text, "category", "township", "measures", "missing", "negatives"),
    *optional(Guarded, "village"),
    *optional(Float, "over"),
)
# What the screening of a month was run with: rules, parameters, registry, submissions.
run = Table(
    "run",
    metadata,
    *key(MONTH, "month"),
    *required(DIGEST, "fingerprint"),
    *required(DateTime, "screened_at"),
    *required(JSON, "parameters", "inputs", "missing"),
)
# The ledger. Cases and their history follow from warnings, releases and feedback and are replayed,
# never edited. `relapsed` is 回退: the risk had been removed; `turns_on` the day from which time
# alone makes another state of it (督办, 结案); `numbers` every number under which it went out.
case = Table(
    "case",
    metadata,
    *key(Text, "clue_no"),
    *required(Text, "household_id", "state", "level", "rules", "risks"),
    *required(MONTH, "opened_month", "last_month"),
    *required(Boolean, "open"),
    *optional(Text, "category", "township", "conclusion", "numbers"),
    *optional(Boolean, "relapsed"),
    *optional(Guarded, "measures"),
    *optional(Date, "recognised_on", "due", "turns_on", "next_visit"),
    Index(None, "household_id"),
)
# What happened to a case; for `kind` see casework.states.
case_event = Table(
    "case_event",
    metadata,
    *key(Text, "clue_no"),
    *key(Integer, "event_no"),
    *required(MONTH, "month"),
    *required(Text, "kind", "state"),
    *optional(Text, "level", "rules"),
    *required(GuardedJSON, "detail"),
    *optional(Date, "day"),
)
# Facts about what left the workspace, and what came back. A release is a list (`kind`: 名单,
# 补充名单) of a township's month, `content` a fingerprint of what it says; `check_code` ties a
# number to village and head of household on the list.
release = Table(
    "release",
    metadata,
    *key(MONTH, "month"),
    *key(Text, "township"),
    *key(Integer, "version"),
    *required(Text, "kind", "file"),
    *required(DIGEST, "content"),
    *required(Date, "released_on", "due"),
    *required(Guarded, "released_by"),
)
release_item = Table(
    "release_item",
    metadata,
    *key(MONTH, "month"),
    *key(Text, "township"),
    *key(Integer, "version"),
    *key(Text, "clue_no"),
    *required(DIGEST, "content"),
    *optional(Text, "household_id", "level", "category", "risks", "rules"),
    *optional(String(4), "check_code"),
    Index(None, "clue_no"),
)
# What leaves the workspace for a township: prepared with the release, sent once. `file` is the path
# below the outbox, `problem` that of the last attempt that failed, `receipt` what the other side
# answered.
dispatch = Table(
    "dispatch",
    metadata,
    *key(Text, "file"),
    *required(MONTH, "month"),
    *required(Text, "township"),
    *required(FINGERPRINT, "fingerprint"),
    *required(DateTime, "prepared_at"),
    *required(Guarded, "prepared_by"),
    *required(Integer, "attempts"),
    *optional(Text, "channel"),
    *optional(DateTime, "sent_at"),
    *optional(Guarded, "problem", "receipt"),
    Index(None, "month", "township"),
)
# Workbooks that came back by a channel, by what is in them and in whose folder they lay (empty:
# nobody's): each is read once. One that is `held` waits for a clerk to say whose it is.
response = Table(
    "response",
    metadata,
    *key(FINGERPRINT, "fingerprint"),
    *key(Text, "township"),
    *required(Guarded, "file"),
    *required(Boolean, "held"),
    *required(DateTime, "collected_at"),
    *required(Integer, "taken", "problems"),
    *optional(Guarded, "refusal"),
)
# Answers of townships; `content` is a fingerprint of clue, answer, file and row.
feedback = Table(
    "feedback",
    metadata,
    *key(DIGEST, "content"),
    *required(Text, "clue_no", "conclusion"),
    *required(DateTime, "received_at"),
    *required(Guarded, "file"),
    *required(Integer, "row"),
    *optional(Guarded, "reason", "visitor", "measure", "sheet"),
    *optional(Date, "visited", "next_visit"),
    *optional(Float, "income"),
    *optional(Text, "household_id", "category", "risks"),
    *optional(MONTH, "list_month"),
    Index(None, "clue_no"),
)
# A risk that a township or the county calls removed (风险消除); the ledger says whether it may.
removal = Table(
    "removal",
    metadata,
    *key(DIGEST, "content"),
    *required(Text, "clue_no", "household_id"),
    *required(Date, "removed_on"),
    *required(Guarded, "by"),
    *required(DateTime, "received_at"),
    *optional(Guarded, "measure", "file", "sheet"),
    *optional(Integer, "row"),
    Index(None, "household_id"),
)
# What farmers reported themselves (农户自主申报, rule SELF-1) and officers found (干部排查,
# OFFI-1); joined to the month's signals.
report = Table(
    "report",
    metadata,
    *key(DIGEST, "content"),
    *required(MONTH, "month"),
    *required(Text, "rule", "risk", "household_id"),
    *optional(DIGEST, "person_id"),
    *required(Guarded, "sentence", "file", "sheet"),
    *required(Date, "reported_on"),
    *optional(Text, "township"),
    *optional(Guarded, "village"),
    *required(DateTime, "received_at"),
    *required(Integer, "row"),
    Index(None, "month"),
)
# The audit trail (`audit`): `after` is the seal of the entry before, so that the chain cannot fork.
audit_event = Table(
    "audit_event",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    *required(DateTime, "at"),
    *required(Text, "kind", "subject", "by"),
    *optional(MONTH, "month"),
    *required(JSON, "detail"),
    Column("after", FINGERPRINT, nullable=False, unique=True),
    *required(FINGERPRINT, "seal"),
)

# Views: what several rooms ask alike.
views = MetaData()


def _view(name: str, query: sa.Select[Any]) -> Table:
    return sa.CreateView(query, name, metadata=views).table


# Each clue on each list that went out, with the list's own days.
sent = _view(
    "sent",
    sa.select(
        *release_item.columns,
        *(release.c[name] for name in ("kind", "file", "released_on", "released_by", "due")),
    ).join_from(
        release_item,
        release,
        sa.and_(
            *(release.c[name] == release_item.c[name] for name in ("month", "township", "version"))
        ),
    ),
)
_ranked = sa.select(
    feedback,
    sa.func.row_number()
    .over(
        partition_by=feedback.c.clue_no,
        order_by=(feedback.c.received_at.desc(), feedback.c.content.desc()),
    )
    .label("place"),
).subquery()
# A township's last word on a clue: of its answers the one that was received last; of two of the
# same moment the one with the greater `content`, as good as any but always the same.
last_answer = _view(
    "last_answer",
    sa.select(*(_ranked.c[column.name] for column in feedback.columns)).where(_ranked.c.place == 1),
)
