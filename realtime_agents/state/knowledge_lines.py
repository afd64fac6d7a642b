"""Knowledge as the page shows it: collections, hits, jobs, sources and versions as flat lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from realtime_agents.agents.config import ScenarioConfig
from realtime_agents.knowledge.jobs import Job
from realtime_agents.knowledge.ledger import SourceRecord
from realtime_agents.knowledge.personal import EMAIL, personal_words
from realtime_agents.knowledge.port import Hit, KnowledgeVersion, Passage
from realtime_agents.state.model_input import score_words
from realtime_agents.state.rows import AgentFace, agent_face
from realtime_agents.state.words import count_words, title_words

MAX_SKIPPED = 50
MAX_DONE = 30
"""Results of a job that are shown: those that were skipped first, of the others the newest."""
_KINDS = {"files": "Files", "web": "Web", "upload": "Upload"}
_STATES = {"waiting": "waits", "running": "reading", "done": "done", "stopped": "stopped", "failed": "failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionLine:
    """A collection, how much it holds, and who reads it."""

    name: str
    title: str
    counts: str
    """``34 documents · 210 passages``."""
    read: str
    """When something was last read into it; empty when that is not known."""
    readers: tuple[AgentFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLine:
    """An agent and what it reads, to search as it does."""

    name: str
    title: str
    initial: str
    color: str
    reads: str
    """``Medicare, Documents``; empty when it reads nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitLine:
    """A passage found: its place in the fused order, and score and place in each leg."""

    id: str
    place: str
    title: str
    meta: str
    summary: str
    score: str
    lexical: str
    lexical_place: str
    cosine: str
    cosine_place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalLine:
    """A document that looks as if it held personal data. Never the data."""

    document: str
    """Its id."""
    found: str
    """``1 Social Security number``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """An ingest as it stands."""

    id: str
    label: str
    collection: str
    state: str
    state_words: str
    counts: str
    current: str
    """What is being read now."""
    percent: int
    """-1 while the whole is not known."""
    open: bool
    """It waits or runs, so it can be stopped."""
    problem: str
    personal: tuple[PersonalLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """What came of one document."""

    key: str
    name: str
    fate: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """Where documents came from."""

    key: str
    kind: str
    place: str
    collection: str
    collection_name: str
    documents: str
    read: str
    again: str
    """Address to read again; empty for files, which only the command line reaches, and while it is read."""
    again_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """A version of the index."""

    id: str
    active: bool
    created: str
    counts: str
    embedder: str


def ago_words(then: float, now: float) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``, then the date. Seconds since the epoch."""
    passed = max(now - then, 0)
    if passed < 60:
        return "just now"
    if passed < 3600:
        return f"{passed // 60:.0f} min ago"
    if passed < 86_400:
        return f"{passed // 3600:.0f} h ago"
    if passed < 14 * 86_400:
        return f"{count_words(int(passed // 86_400), 'day')} ago"
    return datetime.fromtimestamp(then, UTC).date().isoformat()


def seconds_of(iso: str | None) -> float:
    """An ISO time as seconds since the epoch; 0 when there is none or it is not one."""
    try:
        return datetime.fromisoformat(iso or "").timestamp()
    except ValueError:
        return 0.0


def collection_lines(
    counts: Mapping[str, tuple[int, int]],
    scenario: ScenarioConfig | None,
    sources: Iterable[SourceRecord],
    now: float,
) -> tuple[CollectionLine, ...]:
    """Collections by name. A collection nobody has read into came with the app."""
    read: dict[str, float] = {}
    for source in sources:
        at = source.finished_at or source.started_at
        read[source.key.collection] = max(read.get(source.key.collection, 0.0), at)
    return tuple(
        CollectionLine(
            name=name,
            title=title_words(name),
            counts=f"{count_words(documents, 'document')} · {count_words(passages, 'passage')}",
            read=f"read {ago_words(read[name], now)}" if read.get(name) else "",
            readers=_readers(name, scenario, tuple(counts)),
        )
        for name, (documents, passages) in sorted(counts.items())
    )


def scope_lines(scenario: ScenarioConfig | None, existing: tuple[str, ...]) -> tuple[ScopeLine, ...]:
    """Each agent of a scenario with the collections it reads."""
    if scenario is None:
        return ()
    lines = []
    for agent in scenario.agents.values():
        face = agent_face(agent)
        reads = ", ".join(map(title_words, scenario.collections_for(agent, existing)))
        lines.append(
            ScopeLine(name=face.name, title=face.title, initial=face.initial, color=face.color, reads=reads)
        )
    return tuple(lines)


def hit_line(
    hit: Hit, place: int = 0, lexical_places: Mapping[str, int] = {}, cosine_places: Mapping[str, int] = {}
) -> HitLine:
    """One hit. The places are counted from 1, by passage id; a leg that did not find it has none."""
    passage = hit.passage
    return HitLine(
        id=passage.id,
        place=str(place or ""),
        title=passage.title,
        meta=passage_meta(passage),
        summary=passage.summary,
        score=score_words(hit.score, 4),
        lexical=score_words(hit.lexical, 2),
        lexical_place=_place(lexical_places, passage.id),
        cosine=score_words(hit.cosine, 3),
        cosine_place=_place(cosine_places, passage.id),
    )


def passage_meta(passage: Passage) -> str:
    """``Costs > Part B · CMS · as of 2026-01``."""
    where = (passage.section, passage.source, f"as of {passage.as_of}" if passage.as_of else "")
    return " · ".join(part for part in where if part)


def job_line(job: Job) -> JobLine:
    """A job as the page shows it."""
    now, open_ = job.progress, job.state in {"waiting", "running"}
    in_vain = job.state == "done" and now.failed > 0 and now.failed == now.documents and not now.removed
    parts = (
        f"{now.added:,} added" if now.added or not now.documents else "",
        f"{now.updated:,} updated" if now.updated else "",
        f"{now.unchanged:,} unchanged" if now.unchanged else "",
        f"{now.removed:,} removed" if now.removed else "",
        f"{now.failed:,} skipped" if now.failed else "",
    )
    return JobLine(
        id=job.id,
        label=job.label,
        collection=title_words(job.collection),
        state="failed" if in_vain else job.state,
        state_words="nothing read" if in_vain else _STATES[job.state],
        counts=", ".join(part for part in parts if part) if now.documents or not open_ else "",
        current=now.current if job.state == "running" else "",
        percent=100 if job.state == "done" else _percent(now.fraction),
        open=open_,
        problem=job.problem,
        personal=tuple(
            PersonalLine(document=name, found=personal_words(counts))
            for name, counts in job.personal
            if set(counts) != {EMAIL}
        ),
    )


def result_lines(job: Job) -> tuple[ResultLine, ...]:
    """What was skipped, then what else came of the newest documents, newest first."""
    numbered = list(enumerate(job.results))
    skipped = [pair for pair in numbered if pair[1].fate == "skipped"][-MAX_SKIPPED:]
    others = [pair for pair in reversed(numbered) if pair[1].fate != "skipped"][:MAX_DONE]
    return tuple(
        ResultLine(
            key=f"{job.id}-{number}-{result.fate}", name=result.name, fate=result.fate, detail=result.detail
        )
        for number, result in (*skipped, *others)
    )


def source_line(source: SourceRecord, now: float, *, reading: bool = False) -> SourceLine:
    """A source as the page shows it. ``reading``: one of our jobs reads it, or is about to."""
    key = source.key
    if reading:
        read = "being read"
    elif source.state == "done":
        read = f"read {ago_words(source.finished_at, now)}"
    else:
        began = ago_words(source.started_at, now)
        way_on = "" if key.kind != "files" else "; the same ingest command goes on"
        read = f"begun {began}, not finished{way_on}"
    return SourceLine(
        key=f"{key.kind} {key.location} {key.collection}",
        kind=_KINDS[key.kind],
        place="Files sent from this page" if key.kind == "upload" else key.location,
        collection=title_words(key.collection),
        collection_name=key.collection,
        documents=count_words(source.documents, "document"),
        read=read,
        again=key.location if key.kind == "web" and not reading else "",
        again_words="Read again" if source.state == "done" else "Go on",
    )


def version_line(version: KnowledgeVersion, now: float) -> VersionLine:
    """A version as the page shows it."""
    created = seconds_of(version.created)
    return VersionLine(
        id=version.id,
        active=version.active,
        created=ago_words(created, now) if created else version.created,
        counts=f"{count_words(version.documents, 'document')} · {count_words(version.passages, 'passage')}",
        embedder=version.embedder.split(":", 1)[0] or "words only",
    )


def _readers(name: str, scenario: ScenarioConfig | None, existing: tuple[str, ...]) -> tuple[AgentFace, ...]:
    if scenario is None:
        return ()
    return tuple(
        agent_face(agent)
        for agent in scenario.agents.values()
        if name in scenario.collections_for(agent, existing)
    )


def _place(places: Mapping[str, int], passage_id: str) -> str:
    return f"#{places[passage_id]}" if passage_id in places else ""


def _percent(fraction: float | None) -> int:
    return -1 if fraction is None else round(100 * fraction)
