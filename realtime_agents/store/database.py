"""Opens the history database and runs work in transactions. Blocking: `HistoryStore` owns its thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, create_engine, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlmodel import Session, col

from realtime_agents.errors import StoreError
from realtime_agents.store import migrations, sqlite
from realtime_agents.store.models import Item

log = logging.getLogger(__name__)
T = TypeVar("T")


class Database:
    """One database by SQLAlchemy URL, its schema brought up to date when opened.

    ``notice`` tells a person about something that happened while opening, empty otherwise.
    Every method may raise `StoreError`; all must be called from one thread.
    """

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self.notice = ""
        self._engine: Engine | None = None

    def open(self) -> None:
        """Open or create the database. A damaged SQLite file is set aside and a new one is begun."""
        path = sqlite.file_of(self.url)
        try:
            try:
                self._open_once(path)
            except (SQLAlchemyError, sqlite.DamagedDatabase) as error:
                self.close()
                if path is None or not sqlite.is_damage(error):
                    raise
                self._replace_damaged(path)
        except (SQLAlchemyError, OSError) as error:
            self.close()
            raise self._store_error(error) from error

    def _open_once(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        # Parameters are what people said: they stay out of error texts and logs.
        engine = create_engine(self.url, hide_parameters=True, pool_pre_ping=path is None)
        self._engine = engine
        on_sqlite = self.url.get_backend_name() == "sqlite"
        if on_sqlite:
            sqlite.prepare(engine)
        with engine.execution_options(write=True).begin() as connection:
            if on_sqlite:
                sqlite.check(connection)
            revision = migrations.current_revision(connection)
            if revision is not None and revision not in migrations.known_revisions():
                raise StoreError(
                    f"The history database {self._name()} was written by a newer version of this app "
                    f"(schema {revision!r}): install that version, or point DATABASE_URL or DATA_DIR elsewhere."
                )
            migrations.upgrade(connection)
            # Nobody is writing these any more: the process that was has ended without a goodbye.
            connection.execute(
                update(Item).where(col(Item.status) == "in_progress").values(status="interrupted")
            )

    def _replace_damaged(self, path: Path) -> None:
        kept = sqlite.set_aside(path)
        self.notice = (
            f"The history database was damaged. It was kept as {kept.name}, and a new, empty one was begun."
        )
        log.warning("history database damaged, set aside", extra={"kept": str(kept)})
        self._open_once(path)

    def run(self, work: Callable[[Session], T], *, write: bool) -> T:
        """Do ``work`` in one transaction and return what it returns."""
        if self._engine is None:
            raise StoreError("The history database is not open.")
        try:
            with Session(self._engine.execution_options(write=write), expire_on_commit=False) as session:
                result = work(session)
                session.commit()
                return result
        except SQLAlchemyError as error:
            raise self._store_error(error) from error

    def close(self) -> None:
        """Close all connections; safe to call twice."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _name(self) -> str:
        return self.url.render_as_string(hide_password=True)

    def _store_error(self, error: Exception) -> StoreError:
        path = sqlite.file_of(self.url)
        if path is not None:
            known = sqlite.words_for(error)
            reason = known or (
                str(error) if isinstance(error, OSError) else f"failed ({type(error).__name__})"
            )
            return StoreError(f"The history database {path} {reason}.")
        return StoreError(
            f"The history database {self._name()} cannot be used ({type(error).__name__}): "
            "check that it runs and that DATABASE_URL is right."
        )


def parse_url(url: str) -> URL:
    """Parse a database URL; plain ``postgres://`` means the psycopg driver. Raises `StoreError`."""
    try:
        parsed = make_url(url)
        if parsed.drivername in {"postgres", "postgresql"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        parsed.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(
            "DATABASE_URL must look like sqlite:///path/to/file.db or postgresql://user:password@host/name."
        ) from error
    except ImportError as error:
        raise StoreError(
            f"DATABASE_URL needs the Python package {error.name!r}, which is not installed: "
            f"pip install '{error.name}[binary]'."
        ) from error
    return parsed
