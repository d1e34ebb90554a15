"""what intake could not be sure of, and what the registry says of monitoring in columns of their
own"""

import sqlalchemy as sa
from alembic import op

from shouwang.store.tables import question

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    question.create(op.get_bind())
    for name, kind in (
        ("registered_type", sa.Text()),
        ("recognised_on", sa.Date()),
        ("policy", sa.Text()),
    ):
        op.add_column("person", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("person") as table:
        for name in ("registered_type", "recognised_on", "policy"):
            table.drop_column(name)
    op.drop_table("question")
