"""a returned file is known by content and sender, and may be held; what lay open beside a sealed column's type is sealed"""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

from shouwang.store.sealing import Guarded, GuardedJSON

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN: dict[str, tuple[tuple[str, ...], dict[str, type[Guarded] | type[GuardedJSON]]]] = {
    "case_event": (("clue_no", "event_no"), {"detail": GuardedJSON}),
    "feedback": (("content",), {"file": Guarded, "sheet": Guarded}),
    "removal": (("content",), {"file": Guarded, "sheet": Guarded}),
    "report": (("content",), {"file": Guarded, "sheet": Guarded}),
    "decision": (("decision_id",), {"decided_by": Guarded, "revoked_by": Guarded}),
    "release": (("month", "township", "version"), {"released_by": Guarded}),
    "dispatch": (("file",), {"prepared_by": Guarded}),
}  # fmt: skip
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
    op.execute("UPDATE release_item SET check_code = NULL")  # those of before were made without a key
    for name, (key, columns) in OPEN.items():
        _seal(connection, name, key, columns)


def _seal(
    connection: sa.Connection, name: str, key: tuple[str, ...], columns: Mapping[str, type[Guarded] | type[GuardedJSON]]
) -> None:
    written = sa.table(name, *map(sa.column, key), *(sa.column(column, kind()) for column, kind in columns.items()))
    rows = connection.execute(sa.select(written)).mappings().all()
    change = written.update().where(*(written.c[part] == sa.bindparam(f"k_{part}") for part in key))
    change = change.values({column: sa.bindparam(f"v_{column}", type_=kind()) for column, kind in columns.items()})
    if rows:
        connection.execute(
            change,
            [
                {f"k_{part}": row[part] for part in key} | {f"v_{column}": row[column] for column in columns}
                for row in rows
            ],
        )


def downgrade() -> None:
    raise NotImplementedError("What is sealed stays sealed: restore a backup of before.")
