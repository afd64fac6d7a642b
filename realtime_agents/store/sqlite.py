"""Everything that is special about SQLite: how it is opened, checked, set aside, and what its errors mean."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

BUSY_TIMEOUT_MS = 5000
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_WORDS = {
    "SQLITE_BUSY": f"is in use by another program and stayed locked for {BUSY_TIMEOUT_MS // 1000} s",
    "SQLITE_LOCKED": f"is in use by another program and stayed locked for {BUSY_TIMEOUT_MS // 1000} s",
    "SQLITE_READONLY": "cannot be written: make the file and its folder writable",
    "SQLITE_FULL": "cannot grow: its disk is full",
    "SQLITE_CANTOPEN": "cannot be opened: check that its folder exists and may be written",
    "SQLITE_PERM": "cannot be opened: check the permissions of the file",
    "SQLITE_IOERR": "cannot be read or written: its disk reports an error",
    "SQLITE_CORRUPT": "is damaged; at the next start it is set aside and a new one is begun",
    "SQLITE_NOTADB": "is not a database; at the next start it is set aside and a new one is begun",
}


class DamagedDatabase(Exception):
    """The check at opening found the file damaged."""


def file_of(url: str | URL) -> Path | None:
    """The file behind a SQLite URL; None for other databases and for ``:memory:``."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def prepare(engine: Engine) -> None:
    """WAL, foreign keys, a busy timeout, and transactions that begin where we say so.

    The driver's own idea of transactions leaves schema changes outside of them, so it is switched
    off. A transaction that will write takes the write lock at once: asking for it later fails
    without waiting when somebody else wrote in between.
    """

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def check(connection: Connection) -> None:
    """Raise `DamagedDatabase` when the file's pages do not fit together."""
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise DamagedDatabase(str(found))


def is_damage(error: Exception) -> bool:
    """Whether the file itself is broken, as opposed to busy, read-only or out of space."""
    return isinstance(error, DamagedDatabase) or _code(error).startswith(_DAMAGED)


def set_aside(path: Path) -> Path:
    """Rename a damaged database and its journals to ``<name>.corrupt-<UTC time>``; returns the new path."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target = path.with_name(f"{path.name}.corrupt-{stamp}")
    attempt = 1
    while target.exists():
        attempt += 1
        target = path.with_name(f"{path.name}.corrupt-{stamp}-{attempt}")
    path.rename(target)
    for suffix in ("-wal", "-shm"):
        journal = path.with_name(path.name + suffix)
        if journal.exists():
            journal.rename(target.with_name(target.name + suffix))
    return target


def words_for(error: Exception) -> str | None:
    """What an error of SQLite means for a person; None when it is not one of the known kinds."""
    code = _code(error)
    return next((words for prefix, words in _WORDS.items() if code.startswith(prefix)), None)


def _code(error: Exception) -> str:
    origin: Any = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlite_errorname", ""))
