"""entries of the audit trail are chained; those of before are sealed as they are found"""

import sqlalchemy as sa
from alembic import op

from shouwang.store.audit import FIRST, chain_key, seal_of
from shouwang.store.tables import audit_event

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("after", "seal"):
        op.add_column("audit_event", sa.Column(name, sa.String(length=64), nullable=True))
    connection, after = op.get_bind(), FIRST
    key = chain_key(connection)
    rows = (
        connection.execute(sa.select(audit_event).order_by(audit_event.c.event_id)).mappings().all()
    )
    for row in rows:
        entry = {**row, "after": after}
        after = seal_of(key, entry)
        here = audit_event.c.event_id == entry["event_id"]
        connection.execute(
            audit_event.update().where(here).values(after=entry["after"], seal=after)
        )
    with op.batch_alter_table("audit_event") as table:
        for name in ("after", "seal"):
            table.alter_column(name, existing_type=sa.String(length=64), nullable=False)
        table.create_unique_constraint(op.f("uq_audit_event_after"), ["after"])


def downgrade() -> None:
    with op.batch_alter_table("audit_event") as table:
        table.drop_constraint(op.f("uq_audit_event_after"))
        table.drop_column("seal")
        table.drop_column("after")
