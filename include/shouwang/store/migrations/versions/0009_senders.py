"""a returned file is known by content and sender, and may be held; what lay open beside a sealed
column's type is sealed"""

import sqlalchemy as sa
from alembic import op

from shouwang.store.sealing import Guarded, GuardedJSON, may_hold_number

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "registry_load": (("as_of",), ("file",)),
    "person": (
        ("person_id", "household_id", "from_month"),
        ("village", "ethnicity", "registered_type", "policy"),
    ),
    "line": (("delivery_id", "line_no"), ("file", "sheet", "correction")),
    "decision": (("decision_id",), ("file", "decided_by", "revoked_by")),
    "signal": (("month", "signal_no"), ("file", "sheet")),
    "warning": (("month", "household_id"), ("village",)),
    "feedback": (("content",), ("file", "sheet")),
    "removal": (("content",), ("file", "sheet")),
    "report": (("content",), ("file", "sheet", "village")),
    "question": (("question_id",), ("answered_by",)),
    "release": (("month", "township", "version"), ("released_by",)),
    "dispatch": (("file",), ("prepared_by",)),
}
JSON = {
    "case_event": (("clue_no", "event_no"), ("detail",)),
    "delivery": (("delivery_id",), ("files",)),
}
"""Tables with their keys, and what in them was written as it was though it may hold a number."""


def upgrade() -> None:
    connection = op.get_bind()
    op.rename_table("returned", "returned_before")
    table = op.create_table(
        "returned",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("file", Guarded(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("collected_at", sa.DateTime(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("refusal", Guarded(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", "township", name=op.f("pk_returned_sender")),
    )
    names = ("fingerprint", "township", "file", "collected_at", "taken", "problems", "refusal")
    before = sa.table("returned_before", *(sa.column(name, table.c[name].type) for name in names))
    rows = [
        {**row, "township": row["township"] or "", "held": False}
        for row in connection.execute(sa.select(before)).mappings()
    ]
    if rows:
        connection.execute(table.insert(), rows)
    op.drop_table("returned_before")
    op.execute(
        "UPDATE release_item SET check_code = NULL"
    )  # those of before were made without a key
    for name, (key, columns) in OPEN.items():
        _seal(connection, name, key, columns, Guarded())
    for name, (key, columns) in JSON.items():
        _seal(connection, name, key, columns, GuardedJSON())


def _seal(
    connection: sa.Connection,
    name: str,
    key: tuple[str, ...],
    columns: tuple[str, ...],
    kind: Guarded | GuardedJSON,
) -> None:
    """Write what has to be sealed once more, now by the column's type."""
    written = sa.table(name, *map(sa.column, key), *(sa.column(column, kind) for column in columns))
    change = written.update().where(*(written.c[part] == sa.bindparam(f"k_{part}") for part in key))
    change = change.values({column: sa.bindparam(f"v_{column}", type_=kind) for column in columns})
    rows = [
        {f"k_{part}": row[part] for part in key}
        | {f"v_{column}": row[column] for column in columns}
        for row in connection.execute(sa.select(written)).mappings()
        if any(may_hold_number(str(row[column] or "")) for column in columns)
    ]
    if rows:
        connection.execute(change, rows)


def downgrade() -> None:
    raise NotImplementedError("What is sealed stays sealed: restore a backup of before.")
