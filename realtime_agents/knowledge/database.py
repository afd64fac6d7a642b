"""Connections of the embedded store: one per thread, all closed together."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.schema import connect, in_plain_words

_INSTRUCTIONS_PER_CHECK = 5_000


class Database:
    """Gives each thread its connection; SQLite's errors leave as `KnowledgeError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def read(self, deadline: float | None = None) -> Iterator[sqlite3.Connection]:
        """One consistent view for several statements.

        ``deadline`` is a `time.monotonic` value in seconds; past it the running statement is
        aborted and `TimeoutError` raised.
        """
        with self._transaction("begin", deadline) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; the generation is counted up, so that readers notice the change."""
        with self._transaction("begin immediate", None) as connection:
            yield connection
            connection.execute("update meta set value = value + 1 where key = 'generation'")

    def close(self) -> None:
        """Close every connection; safe to call again. No thread may still be using one."""
        with self._lock:
            self._closed = True
            for connection in self._all:
                connection.close()
            self._all.clear()

    @contextmanager
    def _transaction(self, begin: str, deadline: float | None) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connection()
            if deadline is not None:
                connection.set_progress_handler(lambda: time.monotonic() > deadline, _INSTRUCTIONS_PER_CHECK)
            try:
                connection.execute(begin)
                yield connection
                connection.execute("commit")
            finally:
                connection.set_progress_handler(None, 0)
                if connection.in_transaction:
                    connection.execute("rollback")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise TimeoutError("the knowledge search took longer than its deadline") from error
            raise in_plain_words(error, self.path) from error
        except sqlite3.Error as error:
            raise in_plain_words(error, self.path) from error

    def _connection(self) -> sqlite3.Connection:
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is not None and not self._closed:
            return known
        with self._lock:
            if self._closed:
                raise KnowledgeError("The knowledge base is closed.")
            connection = connect(self.path)
            self._all.append(connection)
        self._local.connection = connection
        return connection
