"""Schema changes of the history database, applied when it is opened.

To change the schema: change ``models.py``, copy the newest file of ``versions`` under the next
number, and write the difference there; ``tests/store/test_migrations.py`` says what is missing.
"""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_FOLDER = Path(__file__).resolve().parent
_ONE_AT_A_TIME = threading.Lock()
"""Alembic hands the connection to ``env.py`` through a module global."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def current_revision(connection: Connection) -> str | None:
    """Revision of the database; None when it has no schema yet."""
    return MigrationContext.configure(connection).get_current_revision()


def known_revisions() -> frozenset[str]:
    """All revisions this version of the app can read."""
    return frozenset(s.revision for s in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest version, inside the transaction of ``connection``."""
    config = _config()
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")
