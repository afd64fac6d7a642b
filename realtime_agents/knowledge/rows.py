"""Every SQL statement of the embedded store. Each function runs inside a transaction of `Database`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Any

from realtime_agents.knowledge.analysis import ANALYSIS_VERSION, match_expression, normalise
from realtime_agents.knowledge.filters import Days, Filters, days_of
from realtime_agents.knowledge.index import StoredPassage
from realtime_agents.knowledge.passages import PreparedDocument, PreparedPassage
from realtime_agents.knowledge.port import Document, DocumentInfo, Passage
from realtime_agents.knowledge.vectors import VectorRow


def meta(connection: Connection, key: str) -> str:
    """A value of the file's own notes; empty when it was never set."""
    row = connection.execute("select value from meta where key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def set_meta(connection: Connection, key: str, value: str) -> None:
    connection.execute("insert or replace into meta values(?, ?)", (key, value))


def note_change(connection: Connection) -> None:
    """Documents were written or deleted in this transaction."""
    set_meta(connection, "changed", datetime.now(UTC).isoformat(timespec="seconds"))


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


def write_document(connection: Connection, prepared: PreparedDocument, vectors: Mapping[str, bytes]) -> None:
    """Put a document in the place of what was there under its id. ``vectors`` are by passage key."""
    document, days = prepared.document, days_of(prepared.document)
    delete_document(connection, document.id)
    connection.execute(
        "insert into document(id, collection, title, url, source, as_of, text, sha256, source_type, published,"
        " effective_from, effective_to, first_day, last_day, known_day)"
        " values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.collection,
            document.title,
            document.url,
            document.source,
            document.as_of,
            document.text,
            prepared.sha256,
            document.source_type,
            document.published,
            document.effective_from,
            document.effective_to,
            days.first,
            days.last,
            days.known,
        ),
    )
    for passage in prepared.passages:
        number = _insert_passage(connection, document, passage)
        if passage.key in vectors:
            set_vector(connection, number, vectors[passage.key])


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
    number = cursor.lastrowid
    assert number is not None  # noqa: S101 - an insert into a rowid table always has one
    _index(connection, number, document.title, passage.section, passage.text)
    return number


def _index(connection: Connection, number: int, title: str, section: str, text: str) -> None:
    connection.execute(
        "insert into lexical(rowid, title, section, text) values(?, ?, ?, ?)",
        (number, normalise(title), normalise(section), normalise(text)),
    )


def delete_document(connection: Connection, document_id: str) -> bool:
    """True when there was one."""
    rows = connection.execute(
        "select p.id, d.title, p.section, p.text from passage p join document d on d.id = p.document_id"
        " where d.id = ?",
        (document_id,),
    ).fetchall()
    for number, title, section, text in rows:
        connection.execute(
            "insert into lexical(lexical, rowid, title, section, text) values('delete', ?, ?, ?, ?)",
            (number, normalise(title), normalise(section), normalise(text)),
        )
        connection.execute("delete from vector where passage_id = ?", (number,))
    connection.execute("delete from passage where document_id = ?", (document_id,))
    return connection.execute("delete from document where id = ?", (document_id,)).rowcount > 0


def lexical(
    connection: Connection, terms: tuple[str, ...], filters: Filters, limit: int
) -> list[tuple[str, float]]:
    """Passage ids and BM25, larger is better, best first; empty when there are no terms."""
    if not terms:
        return []
    passing, values = _passing(filters)
    # The plus keeps SQLite from looking every id up in the index, which is 100 times slower.
    where = "".join(f" and +lexical.rowid {condition}" for condition in passing)
    best = f"select rowid, rank from lexical where lexical match ?{where} order by rank, rowid limit ?"  # noqa: S608
    rows = connection.execute(
        f"select p.document_id || '#' || p.ord as name, -best.rank from ({best}) best"  # noqa: S608 - fixed words only
        " join passage p on p.id = best.rowid order by best.rank, name",
        (match_expression(terms), *values, limit),
    )
    return [(str(name), float(score)) for name, score in rows]


def _passing(filters: Filters) -> tuple[list[str], list[str]]:
    """Conditions on a passage's number, and their values. Nearly all pages hold today: those that do not are named."""
    passing: list[str] = []
    conditions: list[str] = []
    values: list[str] = []
    for column, wanted in (("p.collection", filters.collections), ("d.source_type", filters.source_types)):
        if wanted:
            conditions.append(f"{column} in ({', '.join('?' * len(wanted))})")
            values.extend(wanted)
    if filters.as_of_since:
        conditions.append("d.known_day >= ?")
        values.append(filters.as_of_since)
    if conditions:
        only_passage = all(condition.startswith("p.") for condition in conditions)
        join = "" if only_passage else " join document d on d.id = p.document_id"
        passing.append(f"in (select p.id from passage p{join} where {' and '.join(conditions)})")  # noqa: S608
    if filters.in_force_on:
        passing.append(
            "not in (select p.id from document d join passage p on p.document_id = d.id"
            " where d.first_day > ? or d.last_day < ?)"
        )
        values += [filters.in_force_on] * 2
    return passing, values


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
        for number, title, section, text in stored:
            _index(connection, number, title, section, text)
        set_meta(connection, "analysis", ANALYSIS_VERSION)
    if embedder_id and meta(connection, "embedder") != embedder_id:
        connection.execute("delete from vector")
        set_meta(connection, "embedder", embedder_id)


_PASSAGE = (
    "select p.id, p.document_id, p.ord, p.collection, d.title, p.section, d.url, d.source, d.as_of, p.text,"
    " p.summary_start, p.summary_end, p.char_start, p.char_end, p.windows, d.source_type, d.published,"
    " d.effective_from, d.effective_to"
    " from passage p join document d on d.id = p.document_id "
)


def passage_at(connection: Connection, document_id: str, place: int) -> StoredPassage | None:
    row = connection.execute(
        f"{_PASSAGE} where p.document_id = ? and p.ord = ?", (document_id, place)
    ).fetchone()
    return _stored(row) if row else None


def _stored(row: tuple[Any, ...]) -> StoredPassage:
    text, left, right = row[9], row[10], row[11]
    passage = Passage(
        id=f"{row[1]}#{row[2]}",
        document_id=row[1],
        collection=row[3],
        title=row[4],
        section=row[5],
        url=row[6],
        source=row[7],
        as_of=row[8],
        text=text,
        summary=text[left:right],
        char_start=row[12],
        char_end=row[13],
        source_type=row[15],
        published=row[16],
        effective_from=row[17],
        effective_to=row[18],
    )
    return StoredPassage(passage, tuple((int(a), int(b)) for a, b in json.loads(row[14])))


def document(connection: Connection, document_id: str) -> Document | None:
    row = connection.execute(
        "select id, collection, title, url, source, as_of, text, source_type, published, effective_from,"
        " effective_to from document where id = ?",
        (document_id,),
    ).fetchone()
    if row is None:
        return None
    return Document(
        id=row[0],
        collection=row[1],
        title=row[2],
        url=row[3],
        source=row[4],
        as_of=row[5],
        text=row[6],
        source_type=row[7],
        published=row[8],
        effective_from=row[9],
        effective_to=row[10],
    )


def listed(connection: Connection, collection: str, after: str, limit: int) -> tuple[DocumentInfo, ...]:
    """Documents in order of id, beginning behind ``after``."""
    rows = connection.execute(
        "select d.id, d.collection, d.title, d.url, d.source, d.as_of, d.source_type, d.published,"
        " d.effective_from, d.effective_to,"
        " (select count(*) from passage p where p.document_id = d.id) from document d"
        " where d.id > ? and (? = '' or d.collection = ?) order by d.id limit ?",
        (after, collection, collection, limit),
    )
    return tuple(
        DocumentInfo(
            id=row[0],
            collection=row[1],
            title=row[2],
            url=row[3],
            source=row[4],
            as_of=row[5],
            source_type=row[6],
            published=row[7],
            effective_from=row[8],
            effective_to=row[9],
            passages=row[10],
        )
        for row in rows
    )


def counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """Documents and passages of each collection, by name."""
    rows = connection.execute(
        "select d.collection, count(*), sum((select count(*) from passage p where p.document_id = d.id))"
        " from document d group by d.collection order by d.collection"
    )
    return {name: (documents, passages_) for name, documents, passages_ in rows}


def vectors(connection: Connection, document_ids: Sequence[str] | None = None) -> list[VectorRow]:
    """The vectors of some documents, or of all."""
    select = (
        "select p.document_id || '#' || p.ord, p.collection, v.v, d.source_type, d.first_day, d.last_day,"
        " d.known_day from vector v join passage p on p.id = v.passage_id"
        " join document d on d.id = p.document_id"
    )
    if document_ids is None:
        found = connection.execute(select).fetchall()
    else:
        one = f"{select} where p.document_id = ?"
        found = [row for name in document_ids for row in connection.execute(one, (name,))]
    return [
        VectorRow(name, collection, blob, source_type, Days(first=first, last=last, known=known))
        for name, collection, blob, source_type, first, last, known in found
    ]


def documents_of(connection: Connection, numbers: Iterable[int]) -> tuple[str, ...]:
    """Documents to which passages belong, each once."""
    one = "select document_id from passage where id = ?"
    found = (connection.execute(one, (number,)).fetchone() for number in numbers)
    return tuple(dict.fromkeys(str(row[0]) for row in found if row))


def set_vector(connection: Connection, number: int, blob: bytes) -> None:
    """Keep the vectors of a passage, unless it was deleted in the meantime."""
    connection.execute("insert or replace into vector select id, ? from passage where id = ?", (blob, number))


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
