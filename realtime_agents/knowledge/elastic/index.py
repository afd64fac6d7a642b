"""One version of the Elasticsearch store: `PassageIndex` over two indices."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import AsyncElasticsearch

from realtime_agents.embedding import Vector
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.elastic.abbreviations import COUNTING, Unused
from realtime_agents.knowledge.elastic.bulk import Action, Bulk
from realtime_agents.knowledge.elastic.client import error_type, told
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.queries import (
    NAMED,
    batches,
    derived_fields,
    document_info,
    document_source,
    embedding_of,
    hit_name,
    lexical_search,
    passage_key,
    passage_name,
    passage_source,
    stored_document,
    stored_passage,
    vector_search,
    vectors_of,
)
from realtime_agents.knowledge.index import Ask, EmbedderTag, Found, Holdings, StoredPassage, Waiting
from realtime_agents.knowledge.passages import PreparedDocument
from realtime_agents.knowledge.port import Document, DocumentInfo, Passage
from realtime_agents.knowledge.vectors import VectorHit, in_order, scored

logger = logging.getLogger(__name__)

FETCHED = 500
"""Documents or passages asked for in one request."""
MAX_NAME_BYTES = 8_000
"""Longer ids and collection names are refused: the server indexes at most 32,766 bytes."""
MAX_COLLECTIONS = 1_000
COUNTING_LIMIT_S = 2.0

_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticIndex:
    """``document_index`` and ``passage_index`` are names of indices, or the aliases of the active version.

    Reads go to whatever the alias names at that moment, so they follow a switch at once. Both legs of a
    search are one ``_msearch``; what came from two versions is asked again. One ``_mget`` brings the texts
    of the best. Each of those ``_msearch`` also counts the known abbreviations, so that the next question
    need not ask which of them are in use. ``tag`` is ``None`` where no vectors can be compared: without
    an embedder, or with those of another one.
    """

    client: AsyncElasticsearch
    config: ElasticConfig
    bulk: Bulk
    document_index: str
    passage_index: str
    version: str
    tag: EmbedderTag | None
    abbreviations: Unused
    refreshes: bool = True
    """False while a version is loaded that nobody searches yet."""

    async def find(self, ask: Ask) -> Found:
        """See the port. The cosines of what only words found come along."""
        answers = await self._search(ask)
        versions = {hit["_index"] for hits in answers.values() if isinstance(hits, list) for hit in hits}
        if len(versions) > 1:  # the alias was switched between the two legs
            answers = await self._search(ask)
        failures = {leg: hits for leg, hits in answers.items() if isinstance(hits, str)}
        words = answers.get("lexical", [])
        meanings = answers.get("vector", [])
        near = self._scored(meanings, ask.vector)[: ask.limit]
        have = {hit.key for hit in near}
        beside = [hit for hit in self._scored(words, ask.vector) if hit.key not in have]
        lexical = [(hit_name(hit), float(hit["_score"])) for hit in _hits(words)]
        return Found(
            lexical=tuple(sorted(lexical, key=lambda pair: (-pair[1], pair[0]))),
            near=tuple(near),
            beside=tuple(beside),
            failures=failures,
        )

    async def cosines(self, vector: Vector, ids: Sequence[str]) -> list[VectorHit]:
        found: list[VectorHit] = []
        for batch in batches(ids, FETCHED):
            body = await told(
                self.config,
                self.client.search(
                    index=self.passage_index,
                    query={"ids": {"values": [passage_key(name) for name in batch]}},
                    size=len(batch),
                    stored_fields="_none_",
                    docvalue_fields=NAMED,
                ),
            )
            found += self._scored(body["hits"]["hits"], vector)
        return found

    async def passages(self, ids: Sequence[str]) -> dict[str, StoredPassage]:
        sources = await self._sources(self.passage_index, ids)
        stored = (stored_passage(source) for source in sources)
        return {one.passage.id: one for one in stored}

    async def passage_at(self, document_id: str, place: int) -> Passage | None:
        name = f"{document_id}#{place}"
        return next((one.passage for one in (await self.passages([name])).values()), None)

    async def unused(self, terms: Sequence[str]) -> frozenset[str]:
        return self.abbreviations.terms.intersection(terms)

    async def count_abbreviations(self) -> None:
        """Learn by a request of its own which are in use: at a start, and after what was written.

        When it fails what is known stays, and the next search brings it.
        """
        patient = self.client.options(request_timeout=COUNTING_LIMIT_S, max_retries=0)
        try:
            answer = await told(self.config, patient.search(index=self.passage_index, **COUNTING))
        except KnowledgeError as error:
            logger.info("The abbreviations in use could not be counted", extra={"reason": str(error)})
        else:
            self.abbreviations.follow(answer)

    async def document(self, document_id: str) -> Document | None:
        sources = await self._sources(self.document_index, [document_id])
        return stored_document(sources[0]) if sources else None

    async def listed(self, collection: str, after: str, limit: int) -> tuple[DocumentInfo, ...]:
        query: dict[str, Any] = {"term": {"collection": collection}} if collection else {"match_all": {}}
        body = await told(
            self.config,
            self.client.search(
                index=self.document_index,
                query=query,
                size=min(limit, 10_000),
                sort=[{"id": "asc"}],
                search_after=[after] if after else None,
                source_excludes=["text"],
            ),
        )
        return tuple(document_info(hit["_source"]) for hit in body["hits"]["hits"])

    async def holdings(self) -> Holdings:
        body = await told(
            self.config,
            self.client.search(
                index=self.document_index,
                size=0,
                aggs={
                    "collections": {
                        "terms": {"field": "collection", "size": MAX_COLLECTIONS, "order": {"_key": "asc"}},
                        "aggs": {"passages": {"sum": {"field": "passages"}}},
                    },
                    "changed": {"max": {"field": "stored"}},
                },
            ),
        )
        found = body["aggregations"]
        return Holdings(
            collections={
                bucket["key"]: (int(bucket["doc_count"]), int(bucket["passages"]["value"]))
                for bucket in found["collections"]["buckets"]
            },
            changed=found["changed"].get("value_as_string"),
        )

    async def fingerprints(self, ids: Sequence[str]) -> dict[str, str]:
        sources = await self._sources(self.document_index, ids, ["id", "sha256"])
        return {source["id"]: source["sha256"] for source in sources if source["sha256"]}

    async def vectors(self, document_ids: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        if self.tag is None or not document_ids:
            return found
        async for hit in self._all_passages({"terms": {"document_id": list(document_ids)}}, ["key"]):
            if blob := vectors_of(hit):
                found[hit["_source"]["key"]] = blob
        return found

    async def write(
        self, documents: Sequence[PreparedDocument], vectors: Mapping[str, bytes]
    ) -> tuple[tuple[str, str], ...]:
        """See the port. A document counts as stored when its last write says so: until then its hash is empty,
        so that a run that ended half-way is made good by the next one."""
        fitting = {d.document.id: d for d in documents if not _too_long(d)}
        refused = {d.document.id: "its id or collection is too long" for d in documents if _too_long(d)}
        before = await self._sources(self.document_index, list(fitting), ["id", "passages"])
        counts = {source["id"]: int(source["passages"]) for source in before}
        begun = [
            self._document(d, "", max(len(d.passages), counts.get(name, 0))) for name, d in fitting.items()
        ]
        await self.bulk.send(begun)
        changes = [change for d in fitting.values() for change in self._changes(d, vectors, counts)]
        failed = await self.bulk.send(changes)
        owners = {change.id: change for change in changes}
        bad = {str((owners[i].source or {}).get("document_id", "")): why for i, why in failed.items()}
        done = [
            self._document(d, d.sha256, len(d.passages)) for name, d in fitting.items() if name not in bad
        ]
        failed = await self.bulk.send(done)
        keys = {passage_key(name): name for name in fitting}
        bad |= {keys[i]: why for i, why in failed.items()}
        refused |= {name: f"Elasticsearch refused it ({why})" for name, why in bad.items()}
        await self._refresh()
        return tuple(refused.items())

    async def delete(self, ids: Sequence[str]) -> int:
        known = await self._sources(self.document_index, list(dict.fromkeys(ids)), ["id", "passages"])
        gone: list[Action] = []
        for source in known:
            gone += self._surplus(source["id"], 0, int(source["passages"]))
        await self.bulk.send(gone)
        # The document goes last: it says how many passages there are to delete.
        await self.bulk.send(
            [Action(index=self.document_index, id=passage_key(s["id"]), source=None) for s in known]
        )
        if known:
            await self._refresh()
        return len(known)

    async def waiting(self, limit: int) -> list[Waiting]:
        body = await told(
            self.config,
            self.client.search(index=self.passage_index, query=_WITHOUT_VECTORS, size=limit, sort=_IN_ORDER),
        )
        stored = (stored_passage(hit["_source"]) for hit in body["hits"]["hits"])
        return [Waiting(key=one.passage.id, stored=one) for one in stored]

    async def waiting_count(self) -> int:
        body = await told(self.config, self.client.count(index=self.passage_index, query=_WITHOUT_VECTORS))
        return int(body["count"])

    async def set_vectors(self, vectors: Mapping[str, bytes]) -> None:
        sources = await self._sources(self.passage_index, list(vectors))
        changes: list[Action] = []
        for source in sources:
            name = passage_name(source)
            changes.append(self._passage(name, dict(source), vectors[name]))
        await self.bulk.send(changes)
        await self._refresh()

    async def _search(self, ask: Ask) -> dict[str, list[Any] | str]:
        """Hits of each leg asked for, or why it failed."""
        left_s = ask.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        left_ms = max(int(left_s * 1000), 1)
        legs: dict[str, dict[str, Any]] = {}
        if ask.terms:
            legs["lexical"] = lexical_search(ask, left_ms)
        if ask.vector is not None:
            legs["vector"] = vector_search(ask, ask.vector, left_ms)
        if not legs:
            return {}
        searches = [
            part for one in (*legs.values(), COUNTING) for part in ({"index": self.passage_index}, one)
        ]
        # No retry: a second attempt would come after the deadline. A search may not hang on a dead node.
        client = self.client.options(request_timeout=left_s, max_retries=0)
        *answers, counted = (await told(self.config, client.msearch(searches=searches)))["responses"]
        self.abbreviations.follow(counted)
        return {leg: _outcome(answer) for leg, answer in zip(legs, answers, strict=True)}

    def _scored(self, hits: list[Any] | str, vector: Vector | None) -> list[VectorHit]:
        if vector is None:
            return []
        found = [
            scored(hit_name(hit), blob, vector)
            for hit in _hits(hits)
            if (blob := vectors_of(hit)) is not None
        ]
        return in_order(found)

    def _document(self, prepared: PreparedDocument, sha256: str, passages: int) -> Action:
        source = document_source(prepared, sha256, passages)
        return Action(index=self.document_index, id=passage_key(prepared.document.id), source=source)

    def _changes(
        self, prepared: PreparedDocument, vectors: Mapping[str, bytes], counts: Mapping[str, int]
    ) -> list[Action]:
        document = prepared.document
        changes: list[Action] = []
        for passage in prepared.passages:
            blob = vectors.get(passage.key) if self.tag else None
            source = passage_source(document, passage, blob)
            changes.append(self._passage(f"{document.id}#{passage.ord}", source, blob))
        return changes + self._surplus(document.id, len(prepared.passages), counts.get(document.id, 0))

    def _passage(self, name: str, source: dict[str, Any], blob: bytes | None) -> Action:
        whole = {**source, **derived_fields(source, blob)}
        if blob is not None and self.tag is not None:
            whole["embedding"] = embedding_of(blob, self.tag.dims)
        return Action(index=self.passage_index, id=passage_key(name), source=whole)

    def _surplus(self, document_id: str, first: int, after: int) -> list[Action]:
        places = range(first, after)
        return [
            Action(index=self.passage_index, id=passage_key(f"{document_id}#{place}"), source=None)
            for place in places
        ]

    async def _sources(
        self, index: str, ids: Sequence[str], fields: Sequence[str] | None = None
    ) -> list[Mapping[str, Any]]:
        """Documents by id, in that order; those that are not there are left out."""
        found: list[Mapping[str, Any]] = []
        for batch in batches((name for name in ids if name), FETCHED):
            body = await told(
                self.config,
                self.client.mget(
                    index=index,
                    ids=[passage_key(name) for name in batch],
                    source_includes=list(fields) if fields else None,
                ),
            )
            for entry in body["docs"]:
                if "error" in entry:
                    raise KnowledgeError(
                        f"Elasticsearch at {self.config.place} cannot read: {error_type(entry)}."
                    )
                if entry.get("found"):
                    found.append(entry["_source"])
        return found

    async def _all_passages(self, query: dict[str, Any], fields: list[str]) -> AsyncIterator[Any]:
        after: list[Any] | None = None
        while True:
            body = await told(
                self.config,
                self.client.search(
                    index=self.passage_index,
                    query=query,
                    size=FETCHED,
                    sort=_IN_ORDER,
                    search_after=after,
                    source_includes=fields,
                    docvalue_fields=[{"field": "vectors"}],
                ),
            )
            hits = body["hits"]["hits"]
            for hit in hits:
                yield hit
            if len(hits) < FETCHED:
                return
            after = hits[-1]["sort"]

    async def _refresh(self) -> None:
        """What was written can be searched from now on."""
        if self.refreshes:
            names = [self.document_index, self.passage_index]
            await told(self.config, self.client.indices.refresh(index=names))
            await self.count_abbreviations()


_WITHOUT_VECTORS: dict[str, Any] = {"bool": {"must_not": [{"exists": {"field": "vectors"}}]}}
_IN_ORDER: list[dict[str, str]] = [{"document_id": "asc"}, {"ord": "asc"}]


def _outcome(answer: Mapping[str, Any]) -> list[Any] | str:
    if int(answer.get("status", _OK)) != _OK or "hits" not in answer:
        return f"Elasticsearch could not search ({error_type(answer) or answer.get('status')})."
    if answer.get("timed_out"):
        return "Elasticsearch took too long."
    if answer.get("_shards", {}).get("failed"):
        return "A part of the Elasticsearch index could not be searched."
    hits: list[Any] = answer["hits"]["hits"]
    return hits


def _hits(hits: list[Any] | str) -> list[Any]:
    return [] if isinstance(hits, str) else hits


def _too_long(prepared: PreparedDocument) -> bool:
    names = (prepared.document.id, prepared.document.collection)
    return any(len(name.encode()) > MAX_NAME_BYTES for name in names)
