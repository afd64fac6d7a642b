"""How documents and passages lie in Elasticsearch, and the fingerprint that says so.

Two indices for each version: documents as they were brought in, and passages, which are
searched. Words are analysed as in the embedded store: shared normalisation first, then split
at what is neither letter nor digit, folded and stemmed by Porter's rules. Neighbouring words are
indexed as pairs too: so a phrase is as rare as it is itself, as FTS5 counts it, and not as rare as all
its words together. Vectors lie there twice:
the whole passage's as a `dense_vector` that finds candidates, and all of them, float16, as bytes
from which the exact score is computed as for the embedded store.
"""

from __future__ import annotations

from typing import Any

from realtime_agents.knowledge.analysis import ANALYSIS_VERSION
from realtime_agents.knowledge.index import EmbedderTag

LAYOUT_VERSION = "2"
"""Raise when mappings change: an index of another layout is refused until it is rebuilt."""
HNSW_M = 16
HNSW_EF_CONSTRUCTION = 100
MAX_WORD_POSITIONS_GAP = 100

_TEXT: dict[str, Any] = {"type": "keyword", "index": False, "doc_values": False}
_NAME: dict[str, Any] = {"type": "keyword"}
_DAY: dict[str, Any] = {"type": "date", "format": "yyyy-MM-dd"}
_NUMBER: dict[str, Any] = {"type": "integer"}

_FOLDED = ["lowercase", "asciifolding", "porter_stem"]
_ANALYSIS: dict[str, Any] = {
    "tokenizer": {"words": {"type": "pattern", "pattern": "[^\\p{L}\\p{M}\\p{N}]+"}},
    "filter": {
        "pairs": {"type": "shingle", "min_shingle_size": 2, "max_shingle_size": 2, "output_unigrams": False}
    },
    "analyzer": {
        "words": {"type": "custom", "tokenizer": "words", "filter": _FOLDED},
        "pairs": {"type": "custom", "tokenizer": "words", "filter": [*_FOLDED, "pairs"]},
    },
}
_COMMON: dict[str, Any] = {
    "collection": _NAME,
    "title": _TEXT,
    "url": _TEXT,
    "source": _TEXT,
    "as_of": _TEXT,
    "source_type": _NAME,
    "published": _TEXT,
    "effective_from": _TEXT,
    "effective_to": _TEXT,
    "text": _TEXT,
}
_DOCUMENT: dict[str, Any] = {
    **_COMMON,
    "id": _NAME,
    "sha256": _NAME,
    "passages": _NUMBER,
    "stored": {"type": "date"},
}
_PASSAGE: dict[str, Any] = {
    **_COMMON,
    "document_id": _NAME,
    "ord": _NUMBER,
    "section": _TEXT,
    "first_day": _DAY,
    "last_day": _DAY,
    "known_day": _DAY,
    "char_start": _NUMBER,
    "char_end": _NUMBER,
    "summary_start": _NUMBER,
    "summary_end": _NUMBER,
    "windows": {"type": "object", "enabled": False},
    "key": _NAME,
    "words": {
        "type": "text",
        "analyzer": "words",
        "position_increment_gap": MAX_WORD_POSITIONS_GAP,
        "index_options": "positions",
        "fields": {
            "pairs": {
                "type": "text",
                "analyzer": "pairs",
                "position_increment_gap": MAX_WORD_POSITIONS_GAP,
                "index_options": "positions",
            }
        },
    },
    "vectors": {"type": "binary", "doc_values": True},
}
_NOT_KEPT = ["words", "embedding", "vectors"]
"""Fields left out of ``_source``: they are large and can be made from the rest."""


def fingerprint(tag: EmbedderTag | None) -> dict[str, Any]:
    """What an index was made by; kept in its ``_meta``."""
    return {
        "layout": LAYOUT_VERSION,
        "analysis": ANALYSIS_VERSION,
        "embedder": tag.id if tag else "",
        "dims": tag.dims if tag else 0,
    }


def document_index(meta: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Body that creates an index of documents."""
    return {
        "settings": {"number_of_shards": 1, **settings},
        "mappings": {"dynamic": "strict", "_meta": meta, "properties": _DOCUMENT},
    }


def passage_index(meta: dict[str, Any], settings: dict[str, Any], tag: EmbedderTag | None) -> dict[str, Any]:
    """Body that creates an index of passages. Without an embedder it has no vectors to search."""
    properties = dict(_PASSAGE)
    if tag is not None:
        properties["embedding"] = embedding_field(tag)
    return {
        "settings": {"number_of_shards": 1, "analysis": _ANALYSIS, **settings},
        "mappings": {
            "dynamic": "strict",
            "_meta": meta,
            "_source": {"excludes": _NOT_KEPT},
            "properties": properties,
        },
    }


def embedding_field(tag: EmbedderTag) -> dict[str, Any]:
    """Explicit, because what a server takes for a vector field depends on its version and the dimensions."""
    return {
        "type": "dense_vector",
        "dims": tag.dims,
        "index": True,
        "similarity": "cosine",
        "index_options": {"type": "hnsw", "m": HNSW_M, "ef_construction": HNSW_EF_CONSTRUCTION},
    }
