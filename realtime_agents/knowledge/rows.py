"""Every SQL statement of the embedded store. Each function runs inside a transaction of `Database`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from realtime_agents.knowledge.analysis import ANALYSIS_VERSION, match_expression, normalise
from realtime_agents.knowledge.passages import PreparedDocument, PreparedPassage
from realtime_agents.knowledge.port import Document, Passage
from realtime_agents.knowledge.sentences import Span
from realtime_agents.knowledge.vectors import VectorRow


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage and what is needed to choose another summary of it."""

    passage: Passage
    windows: tuple[Span, ...]


def meta(connection: Connection, key: str) -> str:
    """A value of the file's own notes; empty when it was never set."""
    row = connection.execute("select value from meta where key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def set_meta(connection: Connection, key: str, value: str) -> None:
    connection.execute("insert or replace into meta values(?, ?)", (key, value))


def fingerprints(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Content hashes of those documents that are stored."""
    found = (
        (i, connection.execute("select sha256 from document where id = ?", (i,)).fetchone()) for i in ids
    )
    return {document_id: str(row[0]) for document_id, row in found if row}


def known_vectors(connection: Connection, document_id: str) -> dict[str, bytes]:
    """Vectors of a document by the key of the text they were made from."""
    rows = connection.execute(
        "select p.key, v.v from passage p join vector v on v.passage_id = p.id where p.document_id = ?",
        (document_id,),
    )
    return dict(rows.fetchall())


def write_document(connection: Connection, prepared: PreparedDocument, vectors: dict[str, bytes]) -> None:
    """Put a document in the place of what was there under its id. ``vectors`` are by passage key."""
    document = prepared.document
    delete_document(connection, document.id)
    connection.execute(
        "insert into document values(?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.collection,
            document.title,
            document.url,
            document.source,
            document.as_of,
            document.text,
            prepared.sha256,
        ),
    )
    for passage in prepared.passages:
        passage_id = _insert_passage(connection, document, passage)
        if passage.key in vectors:
            set_vector(connection, passage_id, vectors[passage.key])


def _insert_passage(connection: Connection, document: Document, passage: PreparedPassage) -> int:
    cursor = connection.execute(
        "insert into passage(document_id, collection, ord, section, text, char_start, char_end,"
        " summary_start, summary_end, windows, key) values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.collection,
            passage.ord,
            passage.section,
            passage.text,
            passage.char_start,
            passage.char_end,
            *passage.summary,
            json.dumps(passage.windows),
            passage.key,
        ),
    )
    passage_id = cursor.lastrowid
    assert passage_id is not None  # noqa: S101 - an insert into a rowid table always has one
    _index(connection, passage_id, document.title, passage.section, passage.text)
    return passage_id


def _index(connection: Connection, passage_id: int, title: str, section: str, text: str) -> None:
    connection.execute(
        "insert into lexical(rowid, title, section, text) values(?, ?, ?, ?)",
        (passage_id, normalise(title), normalise(section), normalise(text)),
    )


def delete_document(connection: Connection, document_id: str) -> bool:
    """True when there was one."""
    rows = connection.execute(
        "select p.id, d.title, p.section, p.text from passage p join document d on d.id = p.document_id"
        " where d.id = ?",
        (document_id,),
    ).fetchall()
    for passage_id, title, section, text in rows:
        connection.execute(
            "insert into lexical(lexical, rowid, title, section, text) values('delete', ?, ?, ?, ?)",
            (passage_id, normalise(title), normalise(section), normalise(text)),
        )
        connection.execute("delete from vector where passage_id = ?", (passage_id,))
    connection.execute("delete from passage where document_id = ?", (document_id,))
    return connection.execute("delete from document where id = ?", (document_id,)).rowcount > 0


def lexical(
    connection: Connection, terms: tuple[str, ...], collections: Sequence[str], limit: int
) -> list[tuple[int, float]]:
    """Passage ids and BM25, larger is better, best first; empty when there are no terms."""
    if not terms:
        return []
    where = ""
    if collections:
        # The plus keeps SQLite from looking every id up in the index, which is 100 times slower.
        marks = ", ".join("?" * len(collections))
        where = f" and +lexical.rowid in (select id from passage where collection in ({marks}))"  # noqa: S608 - marks only
    rows = connection.execute(
        f"select rowid, -rank from lexical where lexical match ?{where} order by rank, rowid limit ?",  # noqa: S608
        (match_expression(terms), *collections, limit),
    )
    return [(int(passage_id), float(score)) for passage_id, score in rows]


def holds_term(connection: Connection, term: str) -> bool:
    """True when some passage has the term."""
    found = connection.execute(
        "select 1 from lexical where lexical match ? limit 1", (match_expression((term,)),)
    )
    return found.fetchone() is not None


def fits(connection: Connection, embedder_id: str) -> bool:
    """True when words and vectors were made by the rules in use. An empty id asks for words only."""
    same_words = meta(connection, "analysis") == ANALYSIS_VERSION
    return same_words and (not embedder_id or meta(connection, "embedder") == embedder_id)


def fit(connection: Connection, embedder_id: str) -> None:
    """Index all passages again, and drop vectors of another embedder, where they do not fit."""
    if meta(connection, "analysis") != ANALYSIS_VERSION:
        connection.execute("insert into lexical(lexical) values('delete-all')")
        stored = connection.execute(
            "select p.id, d.title, p.section, p.text from passage p join document d on d.id = p.document_id"
        )
        for passage_id, title, section, text in stored:
            _index(connection, passage_id, title, section, text)
        set_meta(connection, "analysis", ANALYSIS_VERSION)
    if embedder_id and meta(connection, "embedder") != embedder_id:
        connection.execute("delete from vector")
        set_meta(connection, "embedder", embedder_id)


_PASSAGE = (
    "select p.id, p.document_id, p.ord, p.collection, d.title, p.section, d.url, d.source, d.as_of, p.text,"
    " p.summary_start, p.summary_end, p.char_start, p.char_end, p.windows"
    " from passage p join document d on d.id = p.document_id "
)


def passages(connection: Connection, ids: Sequence[int]) -> dict[int, StoredPassage]:
    """Passages by their number; those that are gone are left out."""
    marks = ", ".join("?" * len(ids))
    rows = connection.execute(f"{_PASSAGE} where p.id in ({marks})", tuple(ids))
    return {int(row[0]): _stored(row) for row in rows}


def passage_at(connection: Connection, document_id: str, place: int) -> Passage | None:
    row = connection.execute(
        f"{_PASSAGE} where p.document_id = ? and p.ord = ?", (document_id, place)
    ).fetchone()
    return _stored(row).passage if row else None


def _stored(row: tuple[int | str, ...]) -> StoredPassage:
    (
        _,
        document_id,
        place,
        collection,
        title,
        section,
        url,
        source,
        as_of,
        text,
        left,
        right,
        start,
        end,
        spans,
    ) = row
    words = str(text)
    passage = Passage(
        id=f"{document_id}#{place}",
        document_id=str(document_id),
        collection=str(collection),
        title=str(title),
        section=str(section),
        url=str(url),
        source=str(source),
        as_of=None if as_of is None else str(as_of),
        text=words,
        summary=words[int(left) : int(right)],
        char_start=int(start),
        char_end=int(end),
    )
    return StoredPassage(passage, tuple((int(a), int(b)) for a, b in json.loads(str(spans))))


def document(connection: Connection, document_id: str) -> Document | None:
    row = connection.execute(
        "select id, collection, title, url, source, as_of, text from document where id = ?", (document_id,)
    ).fetchone()
    if row is None:
        return None
    return Document(
        id=row[0], collection=row[1], title=row[2], url=row[3], source=row[4], as_of=row[5], text=row[6]
    )


def counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """Documents and passages of each collection, by name."""
    rows = connection.execute(
        "select d.collection, count(*), sum((select count(*) from passage p where p.document_id = d.id))"
        " from document d group by d.collection order by d.collection"
    )
    return {name: (documents, passages_) for name, documents, passages_ in rows}


def all_vectors(connection: Connection) -> list[VectorRow]:
    rows = connection.execute(
        "select v.passage_id, p.collection, v.v from vector v join passage p on p.id = v.passage_id order by v.passage_id"
    )
    return [VectorRow(*row) for row in rows]


def set_vector(connection: Connection, passage_id: int, blob: bytes) -> None:
    """Keep the vectors of a passage, unless it was deleted in the meantime."""
    connection.execute(
        "insert or replace into vector select id, ? from passage where id = ?", (blob, passage_id)
    )


_WITHOUT_VECTOR = (
    _PASSAGE  # noqa: S608 - constants only
    + " where not exists (select 1 from vector v where v.passage_id = p.id) order by p.id limit ?"
)


def count_without_vector(connection: Connection) -> int:
    row = connection.execute(
        "select count(*) from passage where id not in (select passage_id from vector)"
    ).fetchone()
    return int(row[0])


def without_vector(connection: Connection, limit: int) -> list[tuple[int, StoredPassage]]:
    """Some passages that have no vector, and their numbers."""
    rows = connection.execute(_WITHOUT_VECTOR, (limit,))
    return [(int(row[0]), _stored(row)) for row in rows]
