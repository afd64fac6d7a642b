"""``search``: ranked passages with the score of each leg."""

from __future__ import annotations

import argparse
import asyncio
import json
import textwrap
from dataclasses import replace

from realtime_agents.errors import UsageError
from realtime_agents.knowledge.filters import first_day
from realtime_agents.knowledge.port import Hit, Query, SearchResult
from realtime_agents.runtime import Runtime
from realtime_agents.settings import Settings


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    if not arguments.query.strip():
        raise UsageError('expected words to search for, found none; try: search "late enrollment penalty"')
    for option, date in (("--in-force", arguments.in_force), ("--since", arguments.since)):
        if date and not first_day(date):
            raise UsageError(f"expected a date such as 2026-11-22 after {option}, found {date!r}")
    if arguments.agent and arguments.collection:
        raise UsageError("--agent and --collection both say where to search: give one of them")
    query = Query(
        text=arguments.query,
        collections=tuple(arguments.collection),
        source_types=tuple(arguments.type),
        in_force_on=arguments.in_force or None,
        as_of_since=arguments.since or None,
        limit=arguments.limit,
        mode=arguments.mode,
        deadline_ms=30_000,
    )
    result = asyncio.run(_search(settings, query, arguments.agent))
    if arguments.json:
        print(
            json.dumps(
                {
                    "query": query.text,
                    "degraded": list(result.degraded),
                    "duration_ms": round(result.duration_ms, 2),
                    "passages": [_to_json(rank, hit) for rank, hit in enumerate(result.hits, 1)],
                }
            )
        )
        return 0
    if not result.hits:
        where = f" in {', '.join(arguments.collection)}" if arguments.collection else ""
        narrowed = arguments.type or arguments.in_force or arguments.since or arguments.agent
        what = "these words and limits" if narrowed else "these words"
        print(f"No passage{where} fits {what}. `ingest` brings documents in.")
    for rank, hit in enumerate(result.hits, 1):
        _print(rank, hit)
    for leg in result.degraded:
        print(f"note: the {leg} leg did not answer")
    return 0


async def _search(settings: Settings, query: Query, agent: str) -> SearchResult:
    async with Runtime.opened(settings) as runtime:
        if agent:
            query = replace(query, collections=await _read_by(agent, runtime))
        return await runtime.knowledge.search(query)


async def _read_by(name: str, runtime: Runtime) -> tuple[str, ...]:
    """The collections that an agent of the scenario searches."""
    scenario = runtime.catalog.scenarios.get(runtime.settings.scenario)
    agents = scenario.agents if scenario else {}
    if scenario is None or name not in agents:
        raise UsageError(f"expected one of the agents {', '.join(agents)}, found {name!r}")
    held = tuple(sorted((await runtime.knowledge.stats()).collections))
    if not (found := scenario.collections_for(agents[name], held)):
        raise UsageError(f"the agent {name} reads no collection")
    return found


def _to_json(rank: int, hit: Hit) -> dict[str, object]:
    p = hit.passage
    return {
        "rank": rank,
        "document_id": p.document_id,
        "passage_id": p.id,
        "collection": p.collection,
        "title": p.title,
        "section": p.section,
        "url": p.url,
        "as_of": p.as_of or "",
        "score": round(hit.score, 4),
        "lexical": None if hit.lexical is None else round(hit.lexical, 4),
        "cosine": None if hit.cosine is None else round(hit.cosine, 4),
        "text": p.text,
    }


def _print(rank: int, hit: Hit) -> None:
    p = hit.passage
    legs = f"fused {hit.score:.3f} · bm25 {_score(hit.lexical)} · cosine {_score(hit.cosine)}"
    heading = f"{p.title} > {p.section}" if p.section else p.title
    print(f"{rank}. {heading}  [{p.document_id}]\n   {legs} · {p.collection} · as of {p.as_of or 'unknown'}")
    print(textwrap.indent(textwrap.shorten(p.text, 240, placeholder=" …"), "   "))


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
