"""Store (台账库): the system of record, SQLAlchemy tables and Alembic migrations on SQLite or
PostgreSQL.

Every other room hands frames or small records in and gets frames out. Tables that hold a
department's records are derived from its contract (``records``); everything else is declared in
``tables`` and migrated.
"""
