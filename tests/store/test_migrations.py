"""Models and migrations describe the same schema."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from realtime_agents.store import migrations
from realtime_agents.store.models import METADATA


def test_a_database_made_by_the_migrations_is_what_the_models_say(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        found = {fk["options"].get("ondelete") for fk in inspect(connection).get_foreign_keys("item")}
        assert found == {"CASCADE"}
    engine.dispose()


def test_upgrading_twice_changes_nothing_and_ends_at_a_known_revision(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    with engine.begin() as connection:
        assert migrations.current_revision(connection) is None
        migrations.upgrade(connection)
        first = migrations.current_revision(connection)
        migrations.upgrade(connection)
        assert migrations.current_revision(connection) == first
        assert first in migrations.known_revisions()
    engine.dispose()
