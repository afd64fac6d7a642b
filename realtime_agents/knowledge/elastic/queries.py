"""Request bodies, and what the answers mean. No I/O."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypedDict

import numpy as np

from realtime_agents.embedding import Vector
from realtime_agents.knowledge.analysis import normalise
from realtime_agents.knowledge.filters import Filters, days_of
from realtime_agents.knowledge.index import Ask, StoredPassage
from realtime_agents.knowledge.passages import PreparedDocument, PreparedPassage
from realtime_agents.knowledge.port import Document, DocumentInfo, Passage, SourceType
from realtime_agents.knowledge.vectors import HEAD, PAGE

NEAR_FACTOR = 1.5
"""Vector candidates for each one wanted: they are found by the whole passage's vector and then
scored with their windows. Of the first ten by that score 99.4 % are among the first 150 by the whole."""
MAX_CANDIDATES = 10_000
"""What the server allows."""
MAX_ID_BYTES = 480
"""The server allows 512; longer ids are hashed."""
WORDS_TITLE_WEIGHT = 2
"""Title and section count this often, as the column weights of the embedded store."""

Source = Mapping[str, Any]

_WORD = re.compile(r"[^\W_]+")


def passage_key(passage_id: str) -> str:
    """The ``_id`` of a passage or document."""
    if len(passage_id.encode()) <= MAX_ID_BYTES:
        return passage_id
    return f"sha256:{hashlib.sha256(passage_id.encode()).hexdigest()}"


def filter_clauses(filters: Filters) -> list[dict[str, Any]]:
    """The shared rule as clauses of a ``filter``."""
    clauses: list[dict[str, Any]] = []
    if filters.collections:
        clauses.append({"terms": {"collection": list(filters.collections)}})
    if filters.source_types:
        clauses.append({"terms": {"source_type": list(filters.source_types)}})
    if filters.in_force_on:
        clauses.append({"range": {"first_day": {"lte": filters.in_force_on}}})
        clauses.append({"range": {"last_day": {"gte": filters.in_force_on}}})
    if filters.as_of_since:
        clauses.append({"range": {"known_day": {"gte": filters.as_of_since}}})
    return clauses


def lexical_search(ask: Ask, timeout_ms: int) -> dict[str, Any]:
    """Any of the terms; a term of several words is a phrase."""
    return {
        "size": ask.limit,
        "timeout": f"{timeout_ms}ms",
        "track_total_hits": False,
        "query": {
            "bool": {
                "should": [phrase(term) for term in ask.terms or ()],
                "minimum_should_match": 1,
                "filter": filter_clauses(ask.filters),
            }
        },
        **_BROUGHT,
    }


def vector_search(ask: Ask, vector: Vector, timeout_ms: int) -> dict[str, Any]:
    """The nearest by the vector of the whole passage; the filter holds while they are looked for."""
    count = min(int(NEAR_FACTOR * ask.limit), MAX_CANDIDATES)
    return {
        "size": count,
        "timeout": f"{timeout_ms}ms",
        "track_total_hits": False,
        "knn": {
            "field": "embedding",
            "query_vector": plain_vector(vector),
            "k": count,
            "num_candidates": count,
            "filter": filter_clauses(ask.filters),
        },
        **_BROUGHT,
    }


NAMED: list[Any] = ["document_id", "ord", "vectors"]
"""Columns of a passage that tell which it is and how near; reading them is far cheaper than its text."""
_BROUGHT: dict[str, Any] = {"stored_fields": "_none_", "docvalue_fields": NAMED}


def phrase(term: str) -> dict[str, Any]:
    """One word, or words one after the other.

    A pair counts as rare as it is. A longer phrase is looked for as pairs that follow each other: the
    server would add up how rare they are, the boost makes a mean of it.
    """
    pairs = len(_WORD.findall(term)) - 1
    if pairs < 1:
        return {"match": {"words": term}}
    return {"match_phrase": {"words.pairs": {"query": term, "boost": 1 / pairs}}}


def plain_vector(vector: Vector) -> list[float]:
    """Six decimals: cosines stay the same to five, and the text is half as long."""
    return [round(float(number), 6) for number in vector]


def vectors_of(hit: Mapping[str, Any]) -> bytes | None:
    """The stored vectors that came with a hit; ``None`` when it has none."""
    found = hit.get("fields", {}).get("vectors")
    return base64.b64decode(found[0]) if found else None


def hit_name(hit: Mapping[str, Any]) -> str:
    """The passage id of a hit that brought the columns `NAMED`."""
    fields = hit["fields"]
    return f"{fields['document_id'][0]}#{fields['ord'][0]}"


def passage_name(source: Source) -> str:
    """The passage id of what is stored."""
    return f"{source['document_id']}#{source['ord']}"


def stored_passage(source: Source) -> StoredPassage:
    text = source["text"]
    passage = Passage(
        id=passage_name(source),
        document_id=source["document_id"],
        section=source["section"],
        text=text,
        summary=text[source["summary_start"] : source["summary_end"]],
        char_start=source["char_start"],
        char_end=source["char_end"],
        **_common_of(source),
    )
    spans = json.loads(source["windows"]["spans"])
    return StoredPassage(passage, tuple((int(a), int(b)) for a, b in spans))


def stored_document(source: Source) -> Document:
    return Document(id=source["id"], text=source["text"], **_common_of(source))


def document_info(source: Source) -> DocumentInfo:
    return DocumentInfo(id=source["id"], passages=source["passages"], **_common_of(source))


def document_source(prepared: PreparedDocument, sha256: str, passages: int) -> dict[str, Any]:
    """What is stored of a document. ``sha256`` is empty until all of it is stored."""
    document = prepared.document
    return {
        **_common(document),
        "id": document.id,
        "text": document.text,
        "sha256": sha256,
        "passages": passages,
        "stored": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def passage_source(document: Document, passage: PreparedPassage, vectors: bytes | None) -> dict[str, Any]:
    """What is stored of a passage."""
    days = days_of(document)
    source = {
        **_common(document),
        "document_id": document.id,
        "ord": passage.ord,
        "section": passage.section,
        "text": passage.text,
        "first_day": days.first,
        "last_day": days.last,
        "char_start": passage.char_start,
        "char_end": passage.char_end,
        "summary_start": passage.summary[0],
        "summary_end": passage.summary[1],
        "windows": {"spans": json.dumps(passage.windows)},
        "key": passage.key,
    }
    if days.known:
        source["known_day"] = days.known
    return {**source, **derived_fields(source, vectors)}


def derived_fields(source: Source, vectors: bytes | None) -> dict[str, Any]:
    """The fields that are searched and not kept in ``_source``."""
    heads = [normalise(source["title"]), normalise(source["section"])]
    fields: dict[str, Any] = {
        "words": [*(WORDS_TITLE_WEIGHT * [head for head in heads if head]), normalise(source["text"])]
    }
    if vectors is not None:
        fields["vectors"] = base64.b64encode(vectors).decode()
    return fields


def embedding_of(vectors: bytes, dims: int) -> list[float]:
    """The vector that finds candidates: the whole passage with its title mixed in, as in their score."""
    whole, title = np.frombuffer(vectors[: 4 * dims], "<f2").reshape(HEAD, dims).astype(np.float32)
    return plain_vector((1 - PAGE) * whole + PAGE * title)


class _Common(TypedDict):
    """What a document and each of its passages tell alike."""

    collection: str
    title: str
    url: str
    source: str
    as_of: str | None
    source_type: SourceType
    published: str | None
    effective_from: str | None
    effective_to: str | None


def _common(document: Document) -> dict[str, Any]:
    """As it is stored: what is not known is left out."""
    found = {name: getattr(document, name) for name in _Common.__annotations__}
    return {name: value for name, value in found.items() if value is not None}


def _common_of(source: Source) -> _Common:
    return _Common(
        collection=source["collection"],
        title=source["title"],
        url=source["url"],
        source=source["source"],
        as_of=source.get("as_of"),
        source_type=source["source_type"],
        published=source.get("published"),
        effective_from=source.get("effective_from"),
        effective_to=source.get("effective_to"),
    )


def batches(ids: Iterable[str], size: int) -> Iterable[Sequence[str]]:
    listed = list(ids)
    return (listed[start : start + size] for start in range(0, len(listed), size))
