"""The versions of the Elasticsearch store: two indices each, and two aliases that name the active one."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import AsyncElasticsearch, AuthorizationException, BadRequestError, NotFoundError

from realtime_agents.embedding import Embedder, load_embedder
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.base import IndexedKnowledgeBase
from realtime_agents.knowledge.elastic.abbreviations import Unused
from realtime_agents.knowledge.elastic.bulk import Bulk
from realtime_agents.knowledge.elastic.client import (
    OLDEST,
    READ_ONLY,
    make_client,
    plainly,
    told,
)
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.index import ElasticIndex
from realtime_agents.knowledge.elastic.mapping import (
    document_index,
    embedding_field,
    fingerprint,
    passage_index,
)
from realtime_agents.knowledge.fusion import VECTOR_WEIGHT
from realtime_agents.knowledge.index import EmbedderTag
from realtime_agents.knowledge.port import KnowledgeHealth, KnowledgeVersion
from realtime_agents.knowledge.version_names import FIRST, OLDER_KEPT, by_age, is_left_behind, new_name

logger = logging.getLogger(__name__)

REBUILD = "Run `python -m realtime_agents knowledge rebuild`; it goes on with the documents that are stored."
HEALTH_LIMIT_S = 5.0
OPENING_LIMIT_S = 5.0
SHARDS_PAUSE_S = 0.1
TEMPLATE_PRIORITY = 200
_WRITE_BLOCKS = frozenset(f"index.blocks.{name}" for name in ("read_only", "read_only_allow_delete", "write"))
_SERVING = {"auto_expand_replicas": "0-1"}
_LOADING = {"number_of_replicas": 0, "refresh_interval": "-1"}


@dataclass(frozen=True, slots=True)
class _Version:
    """A version as its index of passages tells."""

    id: str
    meta: Mapping[str, Any]
    active: bool

    @property
    def finished(self) -> bool:
        return bool(self.meta.get("finished")) or self.active


class ElasticStore:
    """`IndexStore` on a server. Any number of processes may use one prefix at once.

    For the prefix ``kb``: indices ``kb-documents-<version>`` and ``kb-passages-<version>``, aliases
    ``kb-documents`` and ``kb-passages``. Both aliases are switched in one request.
    """

    implementation = "elasticsearch"
    one_request = True

    def __init__(
        self, config: ElasticConfig, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.config = config
        self._sleep = sleep
        self._client: AsyncElasticsearch | None = None
        self._tag: EmbedderTag | None = None
        self._misfit = ""
        self._same_embedder = True
        self._abbreviations = Unused()  # of all versions: a new one is made of the same documents
        self._server = ""
        self._closed = False

    @property
    def notice(self) -> str:
        return self._misfit

    @property
    def misfit(self) -> str:
        return self._misfit

    async def open(self, tag: EmbedderTag | None) -> str:
        self._tag, self._misfit, self._same_embedder = tag, "", True
        try:
            async with asyncio.timeout(OPENING_LIMIT_S):
                await self._check_server()
                active = next((version for version in await self._versions() if version.active), None)
        except TimeoutError as error:
            raise KnowledgeError(f"Elasticsearch at {self.config.place} does not answer in time.") from error
        if active is None:
            await self._create(FIRST, _SERVING, {"finished": True}, aliases=True)
        await self._wait_for_shards()
        no_vectors = await self._fit(active) if active is not None else ""
        if not self._misfit:
            await self._index("", refreshes=True).count_abbreviations()
        return no_vectors

    async def active(self) -> ElasticIndex:
        if self._misfit:
            raise KnowledgeError(self._misfit)
        return self._index("", refreshes=True)

    async def active_version(self) -> str:
        alias = self._passages("")
        found = await self._told(self._es.indices.get_alias(name=alias))
        return max(found, default="").removeprefix(f"{alias}-")

    async def source(self) -> ElasticIndex:
        return self._index("", refreshes=True)

    async def begin(self) -> ElasticIndex:
        await self._drop_unfinished()
        version = new_name()
        await self._create(version, _LOADING, {}, aliases=False)
        return self._index(version, refreshes=False)

    async def settled(self, version: str) -> None:
        """What was loaded into a version can be searched from now on."""
        names = [self._documents(version), self._passages(version)]
        settings = {"index": {**_SERVING, "refresh_interval": None}}
        await self._told(self._es.indices.put_settings(index=names, settings=settings))
        await self._told(self._es.indices.refresh(index=names))

    async def activate(self, version: str) -> None:
        known = {entry.id: entry for entry in await self._versions()}
        meta = {**known[version].meta, "finished": True}
        await self._told(self._es.indices.put_mapping(index=self._passages(version), meta=meta))
        actions: list[dict[str, Any]] = []
        for name, index in (("documents", self._documents), ("passages", self._passages)):
            alias = f"{self.config.prefix}-{name}"
            for entry in known.values():
                if entry.active and entry.id != version:
                    actions.append({"remove": {"index": index(entry.id), "alias": alias}})
            actions.append({"add": {"index": index(version), "alias": alias}})
        await self._told(self._es.indices.update_aliases(actions=actions))
        older = sorted(
            (entry.id for entry in known.values() if entry.id != version), key=by_age, reverse=True
        )
        for name in older[OLDER_KEPT:]:
            await self.drop(name)

    async def drop(self, version: str) -> None:
        names = [self._documents(version), self._passages(version)]
        with suppress(KnowledgeError, TimeoutError):
            if await self.active_version() != version:
                await self._told(self._es.indices.delete(index=names, ignore_unavailable=True))

    async def versions(self) -> tuple[KnowledgeVersion, ...]:
        finished = [version for version in await self._versions() if version.finished]
        return tuple(
            [
                KnowledgeVersion(
                    id=version.id,
                    active=version.active,
                    created=str(version.meta.get("created", "")),
                    documents=await self._count(self._documents(version.id)),
                    passages=await self._count(self._passages(version.id)),
                    embedder=str(version.meta.get("embedder", "")),
                )
                for version in finished
            ]
        )

    async def health(self) -> KnowledgeHealth:
        started = time.monotonic()
        try:
            async with asyncio.timeout(HEALTH_LIMIT_S):
                status = await self._status()
                took_ms = (time.monotonic() - started) * 1000
                blocked = await self._blocked()
        except (KnowledgeError, TimeoutError) as error:
            detail = str(error) or f"Elasticsearch at {self.config.place} does not answer in time."
            return KnowledgeHealth(implementation=self.implementation, ok=False, detail=detail, answers=False)
        ok = status != "red" and not blocked and not self._misfit
        detail = f"Elasticsearch {self._server} at {self.config.place}, {status}, answers in {took_ms:.0f} ms"
        if status == "red":
            detail += "; a part of the index is missing: see its own health report"
        if blocked:
            detail += f"; {READ_ONLY}: it can be searched, but nothing can be added"
        if self._misfit:
            detail += f"; {self._misfit}"
        return KnowledgeHealth(implementation=self.implementation, ok=ok, detail=detail)

    async def close(self) -> None:
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    @property
    def _es(self) -> AsyncElasticsearch:
        if self._closed:
            raise KnowledgeError("The knowledge base is closed.")
        if self._client is None:
            self._client = make_client(self.config)
        return self._client

    async def _told(self, answer: Awaitable[Any]) -> Mapping[str, Any]:
        return await told(self.config, answer)

    async def _check_server(self) -> None:
        info = await self._told(self._es.options(request_timeout=OPENING_LIMIT_S, max_retries=0).info())
        number = str(info.get("version", {}).get("number", ""))
        match = re.match(r"(\d+)\.(\d+)", number)
        if match is None or (int(match[1]), int(match[2])) < OLDEST:
            raise KnowledgeError(
                f"Elasticsearch at {self.config.place} is {number or 'of no known version'}; at least"
                f" {'.'.join(str(part) for part in OLDEST)} is needed."
            )
        self._server = number

    async def _wait_for_shards(self) -> None:
        """Just made by another process, or just started: until its shards are there an index answers with 503."""
        until = time.monotonic() + OPENING_LIMIT_S
        patient = self._es.options(request_timeout=OPENING_LIMIT_S, max_retries=0)
        while True:
            try:
                for index in (self._documents(""), self._passages("")):
                    await self._told(patient.count(index=index))
            except KnowledgeError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(SHARDS_PAUSE_S)
            else:
                return

    async def _status(self) -> str:
        if not self._server:
            await self._check_server()
        names = [f"{self.config.prefix}-documents", f"{self.config.prefix}-passages"]
        patient = self._es.options(request_timeout=HEALTH_LIMIT_S, max_retries=0)
        with plainly(self.config):
            try:
                return str((await patient.cluster.health(index=names, timeout="0s"))["status"])
            except NotFoundError:
                return "no index yet"

    async def _blocked(self) -> bool:
        """Whether the server lets nothing be written, as it does when its disk is nearly full."""
        names = [f"{self.config.prefix}-documents", f"{self.config.prefix}-passages"]
        patient = self._es.options(request_timeout=HEALTH_LIMIT_S, max_retries=0)
        with plainly(self.config):
            try:
                answer = await patient.indices.get_settings(
                    index=names, name="index.blocks.*", flat_settings=True
                )
            except (NotFoundError, AuthorizationException):
                return False
        blocks = [block for entry in answer.values() for block in entry.get("settings", {}).items()]
        return any(name in _WRITE_BLOCKS and value == "true" for name, value in blocks)

    async def _fit(self, active: _Version) -> str:
        """Why vectors cannot be searched; an index by other rules altogether is refused until it is rebuilt."""
        ours, theirs = fingerprint(self._tag), active.meta
        for rule, name in (("layout", "layout"), ("analysis", "text analysis")):
            if theirs.get(rule) != ours[rule]:
                self._misfit = (
                    f"The index was made by another version of this app: {name} {theirs.get(rule)!r}, expected"
                    f" {ours[rule]!r}. {REBUILD}"
                )
        if self._misfit or self._tag is None:
            return ""
        if not theirs.get("embedder"):
            await self._add_vectors(active, self._tag)
            return ""
        if theirs.get("embedder") != ours["embedder"] or theirs.get("dims") != ours["dims"]:
            self._same_embedder = False
            return f"Search by meaning is off: the index was made with another embedding model. {REBUILD}"
        return ""

    async def _add_vectors(self, version: _Version, tag: EmbedderTag) -> None:
        """The index was made without an embedder; its passages get their vectors later."""
        await self._told(
            self._es.indices.put_mapping(
                index=self._passages(version.id),
                meta={**version.meta, **fingerprint(tag)},
                properties={"embedding": embedding_field(tag)},
            )
        )

    async def _create(
        self, version: str, settings: dict[str, Any], extra: dict[str, Any], *, aliases: bool
    ) -> None:
        made = datetime.now(UTC).isoformat(timespec="seconds")
        meta = {"app": "realtime-agents", "created": made, **fingerprint(self._tag), **extra}
        bodies = {
            "documents": (self._documents(version), document_index(meta, settings)),
            "passages": (self._passages(version), passage_index(meta, settings, self._tag)),
        }
        for name, (index, body) in bodies.items():
            alias: dict[str, Any] | None = {f"{self.config.prefix}-{name}": {}} if aliases else None
            await self._put_template(name, body)
            with plainly(self.config):
                try:
                    await self._es.indices.create(index=index, aliases=alias, **body)
                except BadRequestError as error:
                    # Another process may have made the same first version at the same time.
                    if error.error != "resource_already_exists_exception":
                        raise

    async def _put_template(self, name: str, body: dict[str, Any]) -> None:
        """Whatever else makes such an index gets the same analyser and vector options."""
        with plainly(self.config):
            try:
                await self._es.indices.put_index_template(
                    name=f"{self.config.prefix}-{name}",
                    index_patterns=[f"{self.config.prefix}-{name}-*"],
                    priority=TEMPLATE_PRIORITY,
                    template={"settings": _without(body["settings"], _LOADING), "mappings": body["mappings"]},
                )
            except AuthorizationException:
                # A right on the cluster, which a key for these indices alone need not have.
                logger.info("No right to put index templates", extra={"prefix": self.config.prefix})

    async def _versions(self) -> list[_Version]:
        """Newest first, unfinished ones too."""
        before = f"{self.config.prefix}-passages-"
        found = await self._told(
            self._es.indices.get(index=f"{before}*", features=["mappings", "aliases"], allow_no_indices=True)
        )
        versions = [
            _Version(
                id=name.removeprefix(before),
                meta=body.get("mappings", {}).get("_meta", {}),
                active=f"{self.config.prefix}-passages" in body.get("aliases", {}),
            )
            for name, body in found.items()
        ]
        return sorted(
            (v for v in versions if v.meta.get("app") == "realtime-agents"),
            key=lambda version: by_age(version.id),
            reverse=True,
        )

    async def _drop_unfinished(self) -> None:
        for version in await self._versions():
            if not version.finished and is_left_behind(version.id):
                await self.drop(version.id)

    async def _count(self, index: str) -> int:
        return int((await self._told(self._es.count(index=index)))["count"])

    def _index(self, version: str, *, refreshes: bool) -> ElasticIndex:
        """``version`` empty is the active one, whichever that is at each request."""
        client = self._es
        return ElasticIndex(
            client=client,
            config=self.config,
            bulk=Bulk(client, self.config, self._sleep, through_alias=not version),
            document_index=self._documents(version),
            passage_index=self._passages(version),
            version=version,
            tag=self._tag if version or self._same_embedder else None,
            abbreviations=self._abbreviations,
            refreshes=refreshes,
        )

    def _documents(self, version: str) -> str:
        return f"{self.config.prefix}-documents{'-' if version else ''}{version}"

    def _passages(self, version: str) -> str:
        return f"{self.config.prefix}-passages{'-' if version else ''}{version}"


class ElasticKnowledgeBase(IndexedKnowledgeBase):
    """`KnowledgeBase` in Elasticsearch 8.19 or 9.x; uses what the Basic licence allows."""

    def __init__(
        self,
        config: ElasticConfig,
        embedder_factory: Callable[[], Embedder] = load_embedder,
        *,
        vector_weight: float = VECTOR_WEIGHT,
        rerank: int = 0,
    ) -> None:
        super().__init__(ElasticStore(config), embedder_factory, vector_weight=vector_weight, rerank=rerank)


def _without(settings: dict[str, Any], left_out: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in left_out}
