"""Alembic's entry: runs the migrations on the connection it is handed (see mhfa_lms/schema.py)."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    compare_type=True,
    render_as_batch=False,
)
context.run_migrations()
