"""Every table but those of the departments' records (which follow from the contracts, see
``records``)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
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

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

# Which keys the database is sealed with, to tell when one is missing or another.
sealing_key = Table(
    "sealing_key",
    metadata,
    Column("key_id", String(8), primary_key=True),
    Column("mark", String(16), nullable=False),
    Column("since", sa.DateTime, nullable=False),  # UTC
)
county = Table(
    "county",
    metadata,
    Column("code", String(6), primary_key=True),
    Column("name", Text, nullable=False),
)

# The registry with its history: a row holds from `from_month` until before `to_month` (null: until
# further notice).
registry_load = Table(
    "registry_load",
    metadata,
    Column("as_of", String(7), primary_key=True),
    Column("fingerprint", String(16), nullable=False),
    Column("file", Guarded, nullable=False),
    Column("people", Integer, nullable=False),
    Column("households", Integer, nullable=False),
)
person = Table(
    "person",
    metadata,
    Column("person_id", String(16), primary_key=True),
    Column("household_id", Text, primary_key=True),
    Column("from_month", String(7), primary_key=True),
    Column("to_month", String(7)),
    Column("line_no", Integer, nullable=False),
    Column("content", String(16), nullable=False),
    Column("township", Text),
    Column("village", Guarded),
    Column("village_group", Guarded),
    Column("name", Guarded),
    Column("id_number", Sealed),
    Column("sex", Text),
    Column("birth_date", Date),
    Column("relation", Guarded),
    Column("ethnicity", Guarded),
    Column("household_type", Text),
    Column(
        "registered_type", Guarded
    ),  # 户类型 as written, where the household is monitored by a column of its own
    Column("recognised_on", Date),
    Column("policy", Guarded),
    Column("risk_removed", Text),
    Column("income", Float),
    Column("health", Guarded),
    Column("labour", Text),
    Column("phone", Sealed),
    Index(None, "household_id"),
    Index(None, "from_month", "to_month"),
)

# A submission is one version of what a department handed over for a month: immutable but for
# `in_force`.
submission = Table(
    "submission",
    metadata,
    Column(
        "submission_id", String(16), primary_key=True
    ),  # fingerprint of month, department, content and contract
    Column("month", String(7), nullable=False),
    Column("department", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", String(16), nullable=False),
    Column("contract", String(16), nullable=False),
    Column("base", String(16)),  # content that a returned receipt corrects
    Column("inbox", String(16)),  # fingerprint of the whole inbox when this version came into force
    Column("registry", String(16)),
    Column("status", Text, nullable=False),  # taken | refused
    Column("in_force", Boolean, nullable=False),
    Column("received_at", sa.DateTime, nullable=False),  # UTC
    Column("files", GuardedJSON, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("report", GuardedJSON, nullable=False),
    Column("refusal", Guarded),
    sa.UniqueConstraint("month", "department", "version"),
)
late = Table(
    "late",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("department", Text, primary_key=True),
    Column("declared_at", sa.DateTime, nullable=False),
)
# Every data row that was read, whatever became of it.
submission_row = Table(
    "submission_row",
    metadata,
    Column(
        "submission_id",
        String(16),
        ForeignKey("submission.submission_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("line_no", Integer, primary_key=True),
    Column("file", Guarded, nullable=False),
    Column("sheet", Guarded, nullable=False),
    Column("row", Integer, nullable=False),
    Column("outcome", Text, nullable=False),  # matched | review | unmatched | rejected | duplicate
    Column("household_id", Text),
    Column("person_id", String(16)),
    Column("method", Text),
    Column("confidence", Float),
    Column("candidates", Text),
    Column("reason", Guarded),
    Column("correction", Guarded),  # receipt, sheet and row that the corrected row came from
    Index(None, "household_id"),
)
# What a clerk decided about a written identity; the last one that was not revoked holds.
decision = Table(
    "decision",
    metadata,
    Column("decision_id", Integer, primary_key=True, autoincrement=True),
    Column("identity", String(16), nullable=False),
    Column("chosen", String(16)),  # a candidate's key; null: none of them
    Column(
        "candidates", JSON, nullable=False
    ),  # the keys that were seen, in the order in which they were shown
    Column("month", String(7), nullable=False),
    Column("file", Guarded, nullable=False),
    Column("row", Integer, nullable=False),
    Column("remark", Guarded),
    Column("decided_by", Guarded, nullable=False),
    Column("decided_at", sa.DateTime, nullable=False),  # UTC
    Column("revoked_by", Guarded),
    Column("revoked_at", sa.DateTime),
    Index(None, "identity"),
)
# What intake could not be sure of, a row a heading, value or sum of a department; an answer holds
# until it is revoked.
question = Table(
    "question",
    metadata,
    Column("question_id", Integer, primary_key=True, autoincrement=True),
    Column("department", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("kind", Text, nullable=False),  # column | value | sum
    Column("column", Text, nullable=False),  # the canonical column that it is about
    Column("heading", Guarded, nullable=False),  # as the department wrote it
    Column("value", Guarded, nullable=False),  # of a coded column; empty for the others
    Column("candidates", JSON, nullable=False),  # the likeliest first
    Column("samples", GuardedJSON, nullable=False),  # a few cells, masked
    Column("rows", Integer, nullable=False),
    Column("months", JSON, nullable=False),  # whose files raise it
    Column("asked_at", sa.DateTime, nullable=False),  # UTC
    Column("answer", Text),  # a candidate, or none
    Column("answered_by", Guarded),
    Column("answered_at", sa.DateTime),  # UTC
    Index(None, "department"),
)
signal = Table(
    "signal",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("signal_no", Integer, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("risk", Text, nullable=False),
    Column("household_id", Text, nullable=False),
    Column("person_id", String(16)),
    Column("department", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("value", Float),
    Column("threshold", Float),
    Column("sentence", Guarded, nullable=False),
    Column("submission_month", String(7), nullable=False),
    Column("file", Guarded, nullable=False),
    Column("sheet", Guarded, nullable=False),
    Column("row", Integer, nullable=False),
    Index(None, "household_id"),
)
warning = Table(
    "warning",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("household_id", Text, primary_key=True),
    Column("level", Text, nullable=False),
    Column("category", Text),
    Column("rules", Text, nullable=False),
    Column("risks", Text, nullable=False),
    Column("township", Text),
    Column("village", Guarded),
    Column("over", Float),
    Column("measures", Text),
    Column("missing", Text),
    Column("negatives", Text),
)
# What the screening of a month was run with: rules, parameters, registry, submissions.
run = Table(
    "run",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("fingerprint", String(16), nullable=False),
    Column("screened_at", sa.DateTime, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("missing", JSON, nullable=False),
)
# The ledger. Cases and their history follow from warnings, releases and feedback and are replayed,
# never edited.
case = Table(
    "case",
    metadata,
    Column("clue_no", Text, primary_key=True),
    Column("household_id", Text, nullable=False),
    Column("opened_month", String(7), nullable=False),
    Column("state", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("level", Text, nullable=False),
    Column("category", Text),
    Column("rules", Text, nullable=False),
    Column("risks", Text, nullable=False),
    Column("township", Text),
    Column("last_month", String(7), nullable=False),
    Column("conclusion", Text),
    Column("relapsed", Boolean),  # 回退: the risk had been removed
    Column("recognised_on", Date),
    Column("measures", Guarded),
    Column("due", Date),
    Column("turns_on", Date),  # from when time alone makes another state of it: 督办, 结案
    Column("next_visit", Date),
    Column("numbers", Text),  # every number under which it went out
    Index(None, "household_id"),
)
case_event = Table(
    "case_event",
    metadata,
    Column("clue_no", Text, primary_key=True),
    Column("event_no", Integer, primary_key=True),
    Column("month", String(7), nullable=False),
    Column("kind", Text, nullable=False),  # see casework.states
    Column("state", Text, nullable=False),
    Column("level", Text),
    Column("rules", Text),
    Column("detail", GuardedJSON, nullable=False),
    Column("day", Date),
)
# Facts about what left the workspace, and what came back.
release = Table(
    "release",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("township", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # 名单 | 补充名单
    Column("file", Text, nullable=False),
    Column("content", String(16), nullable=False),  # fingerprint of what the list says
    Column("released_on", Date, nullable=False),
    Column("released_by", Guarded, nullable=False),
    Column("due", Date, nullable=False),
)
release_item = Table(
    "release_item",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("township", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("clue_no", Text, primary_key=True),
    Column("content", String(16), nullable=False),
    Column("household_id", Text),
    Column("level", Text),
    Column("category", Text),
    Column("risks", Text),
    Column("rules", Text),
    Column("check_code", String(4)),  # ties the number to village and head of household on the list
    Index(None, "clue_no"),
)
# What leaves the workspace for a township: prepared with the release, sent once.
dispatch = Table(
    "dispatch",
    metadata,
    Column("file", Text, primary_key=True),  # below the outbox
    Column("month", String(7), nullable=False),
    Column("township", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("prepared_at", sa.DateTime, nullable=False),  # UTC
    Column("prepared_by", Guarded, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("problem", Guarded),  # of the last attempt that failed
    Column("channel", Text),
    Column("sent_at", sa.DateTime),  # UTC
    Column("receipt", Guarded),  # what the other side answered
    Index(None, "month", "township"),
)
# Workbooks that came back by a channel, by what is in them and in whose folder they lay: each is
# read once.
response = Table(
    "response",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("township", Text, primary_key=True),  # "": nobody's folder
    Column("file", Guarded, nullable=False),
    Column("held", Boolean, nullable=False),  # a clerk has to say whose it is
    Column("collected_at", sa.DateTime, nullable=False),  # UTC
    Column("taken", Integer, nullable=False),
    Column("problems", Integer, nullable=False),
    Column("refusal", Guarded),
)
feedback = Table(
    "feedback",
    metadata,
    Column("content", String(16), primary_key=True),  # fingerprint of clue, answer, file and row
    Column("clue_no", Text, nullable=False),
    Column("conclusion", Text, nullable=False),
    Column("reason", Guarded),
    Column("visited", Date),
    Column("visitor", Guarded),
    Column("income", Float),
    Column("measure", Guarded),
    Column("received_at", sa.DateTime, nullable=False),
    Column("file", Guarded, nullable=False),
    Column("row", Integer, nullable=False),
    Column("sheet", Guarded),
    Column("household_id", Text),
    Column("list_month", String(7)),
    Column("category", Text),
    Column("risks", Text),
    Column("next_visit", Date),
    Index(None, "clue_no"),
)
# A risk that a township or the county calls removed (风险消除); the ledger says whether it may.
removal = Table(
    "removal",
    metadata,
    Column("content", String(16), primary_key=True),
    Column("clue_no", Text, nullable=False),
    Column("household_id", Text, nullable=False),
    Column("removed_on", Date, nullable=False),
    Column("measure", Guarded),
    Column("by", Guarded, nullable=False),
    Column("received_at", sa.DateTime, nullable=False),
    Column("file", Guarded),
    Column("sheet", Guarded),
    Column("row", Integer),
    Index(None, "household_id"),
)
# What farmers reported themselves (农户自主申报) and officers found (干部排查); joined to the
# month's signals.
report = Table(
    "report",
    metadata,
    Column("content", String(16), primary_key=True),
    Column("month", String(7), nullable=False),
    Column("rule", Text, nullable=False),  # SELF-1 | OFFI-1
    Column("risk", Text, nullable=False),
    Column("household_id", Text, nullable=False),
    Column("person_id", String(16)),
    Column("sentence", Guarded, nullable=False),
    Column("reported_on", Date, nullable=False),
    Column("township", Text),
    Column("village", Guarded),
    Column("received_at", sa.DateTime, nullable=False),
    Column("file", Guarded, nullable=False),
    Column("sheet", Guarded, nullable=False),
    Column("row", Integer, nullable=False),
    Index(None, "month"),
)
audit_event = Table(
    "audit_event",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("at", sa.DateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("month", String(7)),
    Column("subject", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column(
        "after", String(64), nullable=False, unique=True
    ),  # the seal of the entry before: the chain cannot fork
    Column("seal", String(64), nullable=False),
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
# A township's last word on a clue: of its answers the one that was received last; of two of the
# same moment the one with the greater `content`, as good as any but always the same.
_ranked = sa.select(
    feedback,
    sa.func.row_number()
    .over(
        partition_by=feedback.c.clue_no,
        order_by=(feedback.c.received_at.desc(), feedback.c.content.desc()),
    )
    .label("place"),
).subquery()
last_answer = _view(
    "last_answer",
    sa.select(*(_ranked.c[column.name] for column in feedback.columns)).where(_ranked.c.place == 1),
)
