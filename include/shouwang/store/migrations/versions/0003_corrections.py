"""corrections: what a version builds on, the inbox it was chosen from, and where a corrected row
came from"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("base", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("inbox", sa.String(length=16), nullable=True))
    with op.batch_alter_table("line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("correction", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("line", schema=None) as batch_op:
        batch_op.drop_column("correction")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_column("inbox")
        batch_op.drop_column("base")
