"""cases: what went out and came back by household, removals, reports of farmers and officers"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ADDED: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "case": {
        "returned": sa.Boolean(),
        "recognised_on": sa.Date(),
        "measures": sa.Text(),
        "due": sa.Date(),
        "turns_on": sa.Date(),
        "next_visit": sa.Date(),
        "numbers": sa.Text(),
    },
    "case_event": {"day": sa.Date()},
    "release_item": {
        "household_id": sa.Text(),
        "level": sa.Text(),
        "category": sa.Text(),
        "risks": sa.Text(),
        "rules": sa.Text(),
        "check_code": sa.String(length=4),
    },
    "feedback": {
        "sheet": sa.Text(),
        "household_id": sa.Text(),
        "list_month": sa.String(length=7),
        "category": sa.Text(),
        "risks": sa.Text(),
        "next_visit": sa.Date(),
    },
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column, kind in columns.items():
                batch_op.add_column(sa.Column(column, kind, nullable=True))
    with op.batch_alter_table("release_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_release_item_clue_no"), ["clue_no"], unique=False)
    case = sa.table(
        "case", *map(sa.column, ("clue_no", "household_id", "level", "category", "risks", "rules"))
    )
    for name, taken in (
        ("release_item", ("household_id", "level", "category", "risks", "rules")),
        ("feedback", ("household_id",)),
    ):
        facts = sa.table(name, *map(sa.column, ("clue_no", *taken)))
        for column in taken:
            known = (
                sa.select(case.c[column]).where(case.c.clue_no == facts.c.clue_no).scalar_subquery()
            )
            op.execute(facts.update().values({column: known}))
    op.create_table(
        "removal",
        sa.Column("content", sa.String(length=16), nullable=False),
        sa.Column("clue_no", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("content", name=op.f("pk_removal")),
    )
    op.create_index(op.f("ix_removal_household_id"), "removal", ["household_id"], unique=False)
    op.create_table(
        "report",
        sa.Column("content", sa.String(length=16), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("township", sa.Text(), nullable=True),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("content", name=op.f("pk_report")),
    )
    op.create_index(op.f("ix_report_month"), "report", ["month"], unique=False)


def downgrade() -> None:
    op.drop_table("report")
    op.drop_table("removal")
    with op.batch_alter_table("release_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_release_item_clue_no"))
    for table, columns in ADDED.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
