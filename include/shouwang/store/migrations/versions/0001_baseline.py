"""The tables as they stand before the first release.

Nothing was released, so no database has to be brought along: the baseline makes the tables and
views that `shouwang.store.tables` declares. The first release writes the tables out here; a change
after it is a migration of its own.
"""

from alembic import op

from shouwang.store.tables import metadata, views

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    views.create_all(op.get_bind())


def downgrade() -> None:
    views.drop_all(op.get_bind())
    metadata.drop_all(op.get_bind())
