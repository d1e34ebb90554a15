"""Who may do what in PostgreSQL: the owner of the tables migrates them, the runner works with their
rows.

`RUNNER` may neither change nor drop a table, and of the audit trail it may write the next entry and
read, no more. Log in to it itself, or to roles that are granted it. Whoever runs ``shouwang init``
is the owner.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.store.tables import audit_event

RUNNER = "shouwang_runner"

_MAKE = """
DO $$ BEGIN
    IF (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
        CREATE ROLE shouwang_runner NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another county has made it
END $$
"""


def owns_tables(connection: Connection) -> bool:
    """Whether the login is the owner of the tables, or may act as it."""
    query = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(:name)"
    return bool(connection.scalar(sa.text(query), {"name": audit_event.name}))


def grant(connection: Connection) -> None:
    """Let the runner do its work on every table of the schema, those of new contracts too; again
    changes nothing.

    The role is made if the owner may make roles; a database that has none is its owner's alone.
    """
    connection.exec_driver_sql(_MAKE)
    if not connection.scalar(
        sa.text("SELECT count(*) FROM pg_roles WHERE rolname = :name"), {"name": RUNNER}
    ):
        return
    quote = connection.dialect.identifier_preparer.quote
    schema = quote(str(connection.scalar(sa.select(sa.func.current_schema()))))
    for privileges in (
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA {schema} TO {RUNNER}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {RUNNER}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {RUNNER}",
        f"REVOKE UPDATE, DELETE ON {schema}.{quote(audit_event.name)} FROM {RUNNER}",
        f"REVOKE INSERT, UPDATE, DELETE ON {schema}.alembic_version FROM {RUNNER}",
    ):
        connection.exec_driver_sql(privileges)
