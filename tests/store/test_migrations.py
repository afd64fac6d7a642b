"""Models and migrations describe the same schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from realtime_agents.store import migrations
from realtime_agents.store.history import HistoryStore
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


def at_revision(path: Path, revision: str) -> None:
    """A database as an older version of the app left it, with one conversation."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in (
            "INSERT INTO conversation VALUES ('conv_1', 'benefits', 'va', 'Hello', 1.0, 2.0, NULL)",
            "INSERT INTO item VALUES ('conv_1', 'a1', 0, '', 'agent', 'va', 'completed', 'Hi there.', 0, "
            "'[]', '{}', '{\"total_ms\": 9}', 2.0)",
        ):
            connection.execute(text(statement.replace(":", r"\:")))
    engine.dispose()


@pytest.mark.parametrize("revision", ["0001"])
async def test_a_database_of_an_older_version_is_read_as_typed_and_wholly_heard(
    tmp_path: Path, revision: str
) -> None:
    path = tmp_path / "old.db"
    at_revision(path, revision)
    history = HistoryStore(f"sqlite:///{path}")
    await history.open()
    record = await history.load("conv_1")
    await history.close()
    assert record is not None
    (turn,) = record.turns
    assert (turn.text, turn.spoken, turn.heard_chars, turn.timeline) == ("Hi there.", False, None, ())
    assert turn.metrics is not None
    assert (turn.metrics.total_ms, turn.metrics.first_audio_ms) == (9, None)
