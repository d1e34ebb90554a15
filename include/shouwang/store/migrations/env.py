"""Alembic's entry: migrations run on the connection that `shouwang.store.migrate` hands over."""

from alembic import context

from shouwang.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    include_name=lambda name, kind, _parents: (
        kind != "table" or not (name or "").startswith("record_")
    ),
    transaction_per_migration=False,
)
context.run_migrations()
