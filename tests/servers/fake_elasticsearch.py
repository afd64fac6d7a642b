"""A stand-in for Elasticsearch that gives the answers a healthy server does not: overload, halves, red.

It keeps what is written and answers the handful of requests that the store makes, far from all that
a server does: only for faults. What works is tested with a real one.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answer = tuple[int, Any]


@dataclass(slots=True)
class FakeElasticsearch:
    """Set the fields to make it fail."""

    version: str = "9.4.3"
    header: bool = True
    """False: it is something else that speaks HTTP."""
    status: str = "green"
    oldest_media_type: int = 9
    """Requests that ask for a newer version than this are refused, as an 8.x server does."""
    bulk_faults: list[Callable[[list[Any]], Answer | None]] = field(default_factory=list)
    """Each is used up by one bulk request; `None` lets it through."""
    fault: Answer | None = None
    """The answer to everything."""
    leg_faults: dict[str, Any] = field(default_factory=dict)
    """Answers of the legs ``lexical`` and ``vector`` of a search, and of the ``count`` of abbreviations."""
    silent: asyncio.Event | None = None
    """Requests whose path holds one of `mute` wait for it."""
    mute: tuple[str, ...] = ("_msearch",)
    deaf: int = 1_000_000
    """So many of these wait; the later ones are answered."""
    blocks: dict[str, str] = field(default_factory=dict)
    """Settings of every index that say what may not be done with it."""
    indices: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        text = await request.text()
        self.requests.append(f"{request.method} {request.path}")
        if self.silent is not None and self.deaf and any(part in request.path for part in self.mute):
            self.deaf -= 1
            await self.silent.wait()
        status, body = self._refusal(request) or self.fault or await self._route(request, text)
        headers = {"X-Elastic-Product": "Elasticsearch"} if self.header else {}
        kind = "application/json"
        return web.Response(status=status, text=json.dumps(body), content_type=kind, headers=headers)

    def _refusal(self, request: web.Request) -> Answer | None:
        match = re.search(r"compatible-with=(\d+)", request.headers.get("Accept", ""))
        if match is None or int(match[1]) <= self.oldest_media_type:
            return None
        reason = f"Accept version must be either version 8 or 7, but found {match[1]}."
        return 400, {"error": {"type": "media_type_header_exception", "reason": reason}, "status": 400}

    async def _route(self, request: web.Request, text: str) -> Answer:
        parts = request.path.strip("/").split("/")
        match request.method, parts:
            case "GET", [""]:
                return 200, {"version": {"number": self.version}, "tagline": "You Know, for Search"}
            case _, ["_index_template", *_]:
                return 200, {"acknowledged": True}
            case "PUT", [index] if not index.startswith("_"):
                body = json.loads(text)
                self.indices[index] = body["mappings"]["_meta"]
                for alias in body.get("aliases", {}):
                    self.aliases.setdefault(alias, set()).add(index)
                return 200, {"acknowledged": True}
            case "GET", ["_alias", alias]:
                return 200, {name: {} for name in self.aliases.get(alias, ())}
            case "GET", [_, "_mapping,_alias"] | [_]:
                return 200, {name: self._described(name) for name in self.indices if "passages" in name}
            case _, ["_cluster", "health", *_]:
                return 200, {"status": self.status}
            case "GET", [_, "_settings", "index.blocks.*"]:
                return 200, {name: {"settings": self.blocks} for name in self.indices}
            case _, ["_bulk"]:
                return self._bulk([json.loads(line) for line in text.splitlines() if line])
            case _, [index, "_mget"]:
                ids = json.loads(text)["ids"]
                return 200, {"docs": [self._got(f"{index}/{name}") for name in ids]}
            case _, [_, "_refresh"]:
                return 200, {"_shards": {"failed": 0}}
            case _, [index, "_count"]:
                return 200, {"count": 0}
            case _, [_, "_search"] if "uses" in text:
                counted = self._counted(json.loads(text))
                return counted["status"], counted
            case _, [_, "_search"]:
                return 200, {
                    "hits": {"hits": []},
                    "aggregations": {"collections": {"buckets": []}, "changed": {}},
                }
            case _, ["_msearch"]:
                return self._searched([json.loads(line) for line in text.splitlines() if line])
        return 404, {"error": {"type": "index_not_found_exception"}, "status": 404}

    def _counted(self, body: Any) -> dict[str, Any]:
        """In how many passages each abbreviation stands."""
        if fault := self.leg_faults.get("count"):
            return dict(fault)
        texts = [" ".join(s["words"]).split() for key, s in self.stored.items() if "passages/" in key]
        asked = body["aggs"]["uses"]["filters"]["filters"]
        buckets = {term: {"doc_count": sum(term in words for words in texts)} for term in asked}
        return {"status": 200, "hits": {"hits": []}, "aggregations": {"uses": {"buckets": buckets}}}

    def _described(self, index: str) -> dict[str, Any]:
        aliases: dict[str, Any] = {alias: {} for alias, names in self.aliases.items() if index in names}
        return {"mappings": {"_meta": self.indices[index]}, "aliases": aliases}

    def _got(self, key: str) -> dict[str, Any]:
        found = self.stored.get(key)
        return {"_id": key, "found": found is not None, **({"_source": found} if found else {})}

    def _bulk(self, lines: list[Any]) -> Answer:
        if self.bulk_faults and (answer := self.bulk_faults.pop(0)(lines)) is not None:
            return answer
        return 200, {"errors": False, "items": self.take(lines, lambda _: True)}

    def take(self, lines: list[Any], accepted: Callable[[int], bool], status: int = 429) -> list[Any]:
        """Store the actions that are accepted, by their place; the others get ``status``."""
        items: list[Any] = []
        at = 0
        while at < len(lines):
            (kind, head), source = next(iter(lines[at].items())), None
            at += 1
            if kind == "index":
                source, at = lines[at], at + 1
            if not accepted(len(items)):
                items.append({kind: {"status": status, "error": {"type": "es_rejected_execution_exception"}}})
                continue
            key = f"{head['_index']}/{head['_id']}"
            if source is None:
                self.stored.pop(key, None)
            else:
                self.stored[key] = source
            items.append({kind: {"status": 200}})
        return items

    def _searched(self, lines: list[Any]) -> Answer:
        answers: list[Any] = []
        for body in lines[1::2]:
            if "aggs" in body:
                answers.append(self._counted(body))
                continue
            leg = "vector" if "knn" in body else "lexical"
            passages = [s for key, s in self.stored.items() if "passages/" in key]
            hits = [
                {
                    "_index": "kb-passages-first",
                    "_score": 1.0,
                    "fields": {name: [s[name]] for name in ("document_id", "ord", "vectors") if name in s},
                }
                for s in passages
            ]
            answers.append(self.leg_faults.get(leg) or {"status": 200, "hits": {"hits": hits}})
        return 200, {"responses": answers}


@asynccontextmanager
async def running(fake: FakeElasticsearch) -> AsyncIterator[str]:
    """Its URL on loopback."""
    application = web.Application(client_max_size=50_000_000)
    application.router.add_route("*", "/{path:.*}", fake.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
