"""numbers and phones are sealed; digests of texts that may hold one get a key

Whatever was an unkeyed digest is put under the key of the hashes as it is, so that nothing has to
be known of what it was made from. The columns themselves are sealed afterwards, by
`store.resealing`, in the same transaction.
"""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from shouwang.store.keys import Keys
from shouwang.store.sealing import keys_of

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DIGESTS = {
    "person": ("person_id", "content"),
    "line": ("person_id",),
    "signal": ("person_id",),
    "report": ("person_id", "content"),
    "decision": ("identity",),
    "release": ("content",),
    "release_item": ("content",),
    "feedback": ("content",),
    "removal": ("content",),
}
OPTION = ("person_id", "household_id", "name", "id_number", "township", "village")
"""What the digest of a candidate was made of (`matching.remembered`)."""


def upgrade() -> None:
    op.create_table(
        "sealing_key",
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_sealing_key")),
    )
    connection = op.get_bind()
    keys = keys_of(connection)
    options = _options(connection, keys)
    for table, columns in DIGESTS.items():
        for column in columns:
            _replace(connection, table, column, keys.keyed_text)
    _replace(
        connection,
        "line",
        "candidates",
        lambda text: json.dumps([keys.keyed_text(p) for p in json.loads(text)]),
    )
    decision = sa.table(
        "decision", *map(sa.column, ("decision_id", "chosen")), sa.column("candidates", sa.JSON)
    )
    for row in connection.execute(sa.select(decision)).all():
        known = [options.get(key) or keys.keyed_text(key) for key in row.candidates]
        chosen = row.chosen and (options.get(row.chosen) or keys.keyed_text(row.chosen))
        change = decision.update().where(decision.c.decision_id == row.decision_id)
        connection.execute(change.values(chosen=chosen, candidates=known))


def _options(connection: sa.Connection, keys: Keys) -> dict[str, str]:
    """The digest of each candidate as it was → as it is now; needed where a clerk has decided."""
    if connection.execute(sa.text("SELECT 1 FROM decision")).first() is None:
        return {}
    rows = connection.execute(sa.text(f"SELECT DISTINCT {', '.join(OPTION)} FROM person")).all()  # noqa: S608
    found = {}
    for person_id, *rest in rows:
        old, new = (
            hashlib.sha256(
                "\x1f".join(value or "" for value in (identifier, *rest)).encode()
            ).hexdigest()[:16]
            for identifier in (person_id, keys.keyed_text(person_id))
        )
        found[old] = keys.keyed_text(new)
    return found


def _replace(connection: sa.Connection, table: str, column: str, new: Any) -> None:
    """Every value of a column by another; equal ones at once."""
    changed = sa.table(table, sa.column(column, sa.Text))
    where = changed.c[column]
    values = [
        value
        for (value,) in connection.execute(sa.select(where).where(where.is_not(None)).distinct())
    ]
    temporary = sa.Table(
        f"new_{table}_{column}",
        sa.MetaData(),
        sa.Column("old", sa.Text, primary_key=True),
        sa.Column("new", sa.Text),
        prefixes=["TEMPORARY"],
    )
    temporary.create(connection)
    if values:
        connection.execute(
            temporary.insert(), [{"old": value, "new": new(value)} for value in values]
        )
    found = sa.select(temporary.c.new).where(temporary.c.old == where).scalar_subquery()
    connection.execute(changed.update().values({column: found}).where(where.is_not(None)))
    temporary.drop(connection)


def downgrade() -> None:
    raise NotImplementedError("What is sealed stays sealed: restore a backup of before.")
