"""Alembic migrations, run by db.store.open_store."""
