"""What came from where: the memory of ingest, in a file of its own beside the store.

For every source (a folder, a site) it keeps its entries (files, pages), how each looked when it
was read, and the documents that came of it. So an unchanged entry is not read again, a run that
was interrupted goes on, and what vanishes from a source vanishes from the store. Losing the file
loses nothing but this: documents stay, and the next run reads everything again.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.schema import BUSY_TIMEOUT_S, in_plain_words

log = logging.getLogger(__name__)

SourceKind = Literal["files", "web", "upload"]
RunState = Literal["running", "done", "stopped"]

_VERSION = 1
_TABLES = """
create table source(
    id integer primary key, kind text not null, location text not null, collection text not null,
    run integer not null default 0, state text not null default 'done',
    started_at real not null default 0, finished_at real not null default 0,
    unique(kind, location, collection)
);
create table entry(
    source integer not null, name text not null, mark text not null, etag text not null,
    last_modified text not null, run integer not null, whole integer not null,
    primary key(source, name)
) without rowid;
create table document(
    source integer not null, id text not null, entry text not null, sha256 text not null,
    run integer not null, primary key(source, id)
) without rowid;
create index document_entry on document(source, entry);
create index document_id on document(id);
"""
_GONE = """
create table if not exists gone(
    source integer not null, id text not null, run integer not null, primary key(source, id)
) without rowid
"""
"""Documents that vanished from a source: an older version of the store may still hold them."""
MAX_GONE = 1_000
"""Of one source; the oldest go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKey:
    """A source: the same three words name the same source again."""

    kind: SourceKind
    location: str
    """Absolute path, or the web address that was given."""
    collection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One ingest of a source. A run that goes on where one was interrupted has its number."""

    source: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file or page as it was when it was last read."""

    name: str
    mark: str = ""
    """While it is the same, so is the entry: size and time of a file, and by which rules it was read."""
    etag: str = ""
    last_modified: str = ""
    run: int = 0
    whole: bool = False
    """It was read without a failure."""
    documents: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint by document id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A source as people see it. Times in seconds since the epoch; 0 when there was none."""

    key: SourceKey
    state: RunState
    """``running`` with no run in progress: the program was ended meanwhile."""
    started_at: float
    finished_at: float
    documents: int


class IngestLedger:
    """One SQLite file. Methods block for some milliseconds: call them in a thread."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._ready = False

    def begin(self, key: SourceKey, *, resume: bool) -> Run:
        """Begin a run. ``resume``: go on with the last one when it did not finish."""
        place = (key.kind, key.location, key.collection)
        with self._write() as db:
            db.execute("insert or ignore into source(kind, location, collection) values(?, ?, ?)", place)
            row = db.execute(
                "select id, run, state from source where kind = ? and location = ? and collection = ?", place
            ).fetchone()
            number = row[1] if resume and row[2] != "done" else row[1] + 1
            db.execute(
                "update source set run = ?, state = 'running', started_at = ? where id = ?",
                (number, self._now(), row[0]),
            )
        return Run(source=row[0], number=number)

    def end(self, run: Run, state: RunState) -> None:
        """Say how the run ended."""
        with self._write() as db:
            db.execute(
                "update source set state = ?, finished_at = ? where id = ?", (state, self._now(), run.source)
            )

    def entry(self, run: Run, name: str) -> Entry | None:
        """What is known of an entry of the source."""
        with self._read() as db:
            row = db.execute(
                "select mark, etag, last_modified, run, whole from entry where source = ? and name = ?",
                (run.source, name),
            ).fetchone()
            if row is None:
                return None
            documents = db.execute(
                "select id, sha256 from document where source = ? and entry = ?", (run.source, name)
            )
            return Entry(
                name=name,
                mark=row[0],
                etag=row[1],
                last_modified=row[2],
                run=row[3],
                whole=bool(row[4]),
                documents=dict(documents.fetchall()),
            )

    def names(self, run: Run) -> list[str]:
        """All entries of the source, in order of name."""
        with self._read() as db:
            rows = db.execute("select name from entry where source = ? order by name", (run.source,))
            return [str(name) for (name,) in rows]

    def keep(self, run: Run, entry: str, fingerprints: Mapping[str, str]) -> None:
        """These documents came from the entry in this run, and are in the store."""
        with self._write() as db:
            db.executemany(
                "insert or replace into document(source, id, entry, sha256, run) values(?, ?, ?, ?, ?)",
                [(run.source, name, entry, sha256, run.number) for name, sha256 in fingerprints.items()],
            )
            db.executemany(
                "delete from gone where source = ? and id = ?", [(run.source, name) for name in fingerprints]
            )

    def settle(self, run: Run, entries: Sequence[Entry]) -> None:
        """These entries are dealt with in this run; ``documents`` and ``run`` of them are not looked at."""
        with self._write() as db:
            db.executemany(
                "insert or replace into entry(source, name, mark, etag, last_modified, run, whole)"
                " values(?, ?, ?, ?, ?, ?, ?)",
                [(run.source, e.name, e.mark, e.etag, e.last_modified, run.number, e.whole) for e in entries],
            )

    def touch(self, run: Run, name: str) -> None:
        """The entry and its documents are as they were."""
        where = (run.number, run.source, name)
        with self._write() as db:
            db.execute("update entry set run = ? where source = ? and name = ?", where)
            db.execute("update document set run = ? where source = ? and entry = ?", where)

    def vanished(self, run: Run, name: str) -> None:
        """The source says that the entry is gone."""
        with self._write() as db:
            db.execute("delete from entry where source = ? and name = ?", (run.source, name))

    def stale(self, run: Run, *, unseen: bool) -> list[str]:
        """Ids of documents that the source no longer holds and no other source has brought.

        ``unseen``: an entry that this run did not come across is gone too. Documents of an entry
        that could not be read wholly stay: what is unreadable now was good once.
        """
        with self._read() as db:
            rows = db.execute(
                "select d.id from document d left join entry e on e.source = d.source and e.name = d.entry"
                " where d.source = ? and d.run < ? and (e.name is null or (e.run = ? and e.whole)"
                " or (? and e.run < ?))"
                " and not exists (select 1 from document o where o.id = d.id and o.source <> d.source)"
                " order by d.id",
                (run.source, run.number, run.number, unseen, run.number),
            )
            return [str(name) for (name,) in rows]

    def forget(self, run: Run, *, unseen: bool) -> None:
        """Drop what `stale` tells of, with entries that have gone."""
        with self._write() as db:
            if unseen:
                db.execute("delete from entry where source = ? and run < ?", (run.source, run.number))
            gone = (
                "from document where source = ? and run < ? and not exists (select 1 from entry e"
                " where e.source = document.source and e.name = document.entry"
                " and not (e.run = ? and e.whole))"
            )
            where = (run.source, run.number, run.number)
            db.execute(
                f"insert or replace into gone(source, id, run) select source, id, {run.number} {gone}", where
            )
            db.execute(f"delete {gone}", where)
            db.execute(
                "delete from gone where source = ? and id not in"
                " (select id from gone where source = ? order by run desc, id limit ?)",
                (run.source, run.source, MAX_GONE),
            )

    def gone(self, run: Run) -> list[str]:
        """Ids of documents that the source held once and no source holds now."""
        with self._read() as db:
            rows = db.execute(
                "select id from gone where source = ? and not exists"
                " (select 1 from document d where d.id = gone.id) order by id",
                (run.source,),
            )
            return [str(name) for (name,) in rows]

    def sources(self) -> list[SourceRecord]:
        """Every source, the one read last first."""
        with self._read() as db:
            rows = db.execute(
                "select s.kind, s.location, s.collection, s.state, s.started_at, s.finished_at,"
                " (select count(*) from document d where d.source = s.id)"
                " from source s order by s.started_at desc, s.id desc"
            )
            return [
                SourceRecord(
                    key=SourceKey(kind=row[0], location=row[1], collection=row[2]),
                    state=row[3],
                    started_at=row[4],
                    finished_at=row[5],
                    documents=row[6],
                )
                for row in rows
            ]

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._opened("begin") as db:
            yield db

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._opened("begin immediate") as db:
            yield db

    @contextmanager
    def _opened(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            if not self._ready:
                self._prepare()
            with closing(self._connect()) as db:
                db.execute(begin)
                yield db
                db.execute("commit")
        except sqlite3.Error as error:
            raise in_plain_words(error, self._path, "ingest ledger") from error
        except OSError as error:
            reason = error.strerror or error
            raise KnowledgeError(f"The ingest ledger {self._path} cannot be used: {reason}.") from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        db.execute("pragma synchronous = normal")  # a power cut may cost the last batch, not the file
        return db

    def _prepare(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            version = self._version()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            version = -1
        if version not in {0, _VERSION}:
            aside = self._path.with_name(f"{self._path.name}.corrupt-{int(self._now())}")
            self._path.replace(aside)
            log.warning("the ingest ledger could not be used and was begun anew", extra={"aside": aside.name})
        with closing(self._connect()) as db:
            db.execute("begin immediate")
            if db.execute("pragma user_version").fetchone()[0] == 0:
                for statement in _TABLES.split(";\n"):
                    db.execute(statement)
                db.execute(f"pragma user_version = {_VERSION}")
            db.execute(_GONE)
            db.execute("commit")
        self._ready = True

    def _version(self) -> int:
        with closing(self._connect()) as db:
            return int(db.execute("pragma user_version").fetchone()[0])
