"""The database file of the embedded store: made, checked, and set aside when it is damaged."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from realtime_agents.errors import KnowledgeError

logger = logging.getLogger(__name__)

APPLICATION_ID = 0x52416B62
"""``RAkb``: how the file says that it is ours."""
SCHEMA_VERSION = 3
BUSY_TIMEOUT_S = 5.0

_TABLES = """
create table meta(key text primary key, value text not null) without rowid;
create table document(
    id text primary key, collection text not null, title text not null, url text not null,
    source text not null, as_of text, text text not null, sha256 text not null,
    source_type text not null default '', published text, effective_from text, effective_to text,
    first_day text not null default '0001-01-01', last_day text not null default '9999-12-31',
    known_day text not null default ''
);
create index document_first on document(first_day);
create index document_last on document(last_day);
create table passage(
    id integer primary key autoincrement, document_id text not null, collection text not null,
    ord integer not null, section text not null, text text not null,
    char_start integer not null, char_end integer not null,
    summary_start integer not null, summary_end integer not null, windows text not null,
    key text not null
);
create unique index passage_place on passage(document_id, ord);
create index passage_collection on passage(collection);
create table vector(passage_id integer primary key, v blob not null);
create virtual table lexical using fts5(
    title, section, text, content='', tokenize='porter unicode61 remove_diacritics 2'
);
insert into lexical(lexical, rank) values('rank', 'bm25(2.0, 2.0, 1.0)');
insert into meta values('generation', '0');
"""
# What each layout lacks of the next one, for files that are already there.
_STEPS = {
    1: """
alter table document add column source_type text not null default '';
alter table document add column published text;
alter table document add column effective_from text;
alter table document add column effective_to text;
alter table document add column first_day text not null default '0001-01-01';
alter table document add column last_day text not null default '9999-12-31';
alter table document add column known_day text not null default '';
update document set known_day = case length(as_of)
    when 4 then as_of || '-12-31'
    when 7 then date(as_of || '-01', '+1 month', '-1 day')
    when 10 then as_of else '' end where as_of is not null;
""",
    2: """
create index document_first on document(first_day);
create index document_last on document(last_day);
""",
}
# Passage ids are never given twice (autoincrement): a snapshot of the vectors that is one
# change behind must not point at another passage. The lexical index has no content of its own
# because it holds analysed text; entries are taken out with their old values.


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time; transactions are begun explicitly."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("pragma synchronous = normal")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def prepare_file(path: Path) -> str:
    """Create the database, or check the one that is there.

    Returns a notice for people, empty when all is well. A damaged or foreign file is renamed to
    ``<name>.corrupt-<time>`` and a new one begun. Raises `KnowledgeError` when the folder or the
    file cannot be used at all.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _patiently(lambda: _prepared(path))
    except sqlite3.Error as error:
        raise in_plain_words(error, path) from error
    except OSError as error:
        raise KnowledgeError(
            f"The knowledge database {path} cannot be used: {error.strerror or error}."
        ) from error


def _prepared(path: Path) -> str:
    problem = _problem(path)
    notice = _set_aside(path, problem) if problem else ""
    _create(path)
    return notice


def _patiently(work: Callable[[], str]) -> str:
    """Try again while another process creates the file: a change of journal mode waits for nobody."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _problem(path: Path) -> str:
    """Why an existing file cannot be used; empty when it can or there is none."""
    if not path.exists():
        return ""
    if not path.is_file():
        raise KnowledgeError(f"The knowledge database should be a file, but {path} is not.")
    if not path.stat().st_size:
        return ""
    try:
        with closing(connect(path)) as connection:
            connection.execute("begin")  # one view: another process may be creating the file right now
            return _finding(connection)
    except sqlite3.DatabaseError as error:
        if _primary_code(error) not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise
        return "it is damaged or not a database"


def _finding(connection: sqlite3.Connection) -> str:
    application = connection.execute("pragma application_id").fetchone()[0]
    version = _layout(connection)
    if application != APPLICATION_ID:
        empty = not connection.execute("select 1 from sqlite_master limit 1").fetchone()
        return "" if empty else "it is a database of another program"
    if version != SCHEMA_VERSION and version not in _STEPS:
        return f"its layout is version {version}, expected {SCHEMA_VERSION}"
    check = connection.execute("pragma quick_check(1)").fetchone()[0]
    return "" if check == "ok" else "it is damaged"


def _set_aside(path: Path, problem: str) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        leftover = path.with_name(path.name + suffix)
        if leftover.exists():
            leftover.rename(aside.with_name(aside.name + suffix))
    logger.warning(
        "Knowledge database set aside", extra={"path": str(path), "aside": str(aside), "problem": problem}
    )
    return (
        f"The knowledge database could not be used because {problem}. It was kept as {aside.name}"
        " and an empty one was begun: ingest your documents again."
    )


def _create(path: Path) -> None:
    with closing(connect(path)) as connection:
        if not _is_ours(connection):
            connection.execute("pragma page_size = 8192")
        connection.execute("pragma journal_mode = wal")
        if _is_ours(connection) and _layout(connection) == SCHEMA_VERSION:
            return
        connection.execute("begin immediate")
        # Another process may have been first while this one waited for the lock.
        if not _is_ours(connection):
            _run(connection, _TABLES)
            stamp = datetime.now(UTC).isoformat(timespec="seconds")
            connection.execute("insert into meta values('created', ?)", (stamp,))
            connection.execute(f"pragma application_id = {APPLICATION_ID}")
        else:
            for version in range(_layout(connection), SCHEMA_VERSION):
                _run(connection, _STEPS[version])
        connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
        connection.execute("commit")


def _is_ours(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("pragma application_id").fetchone()[0] == APPLICATION_ID)


def _layout(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])


def _run(connection: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def in_plain_words(error: sqlite3.Error, path: Path, what: str = "knowledge database") -> KnowledgeError:
    """What SQLite says, for the person who can do something about it."""
    match _primary_code(error):
        case sqlite3.SQLITE_READONLY:
            reason = (
                "it is read-only. Give the app the right to write there, or set DATA_DIR to another folder"
            )
        case sqlite3.SQLITE_FULL:
            reason = "the disk is full. Free some space and try again"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            reason = "it cannot be opened. Check that the folder exists and may be written"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            reason = f"another program has kept it locked for {BUSY_TIMEOUT_S:.0f} s. Try again when that has finished"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            reason = "it is damaged. Restart the app: the file is then set aside and a new one begun"
        case sqlite3.SQLITE_IOERR:
            reason = "the disk reports a read or write error"
        case _:
            reason = f"SQLite says {str(error)!r}"
    return KnowledgeError(f"The {what} {path} cannot be used: {reason}.")
