"""Run by Alembic, never imported: applies the migrations on the connection it was given."""

from __future__ import annotations

from alembic import context

from realtime_agents.store.models import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
