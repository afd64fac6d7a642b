"""A runtime and a session for tests of the page's state: the faces of the real ones, no upstream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from realtime_agents.agents.config import AgentConfig, ScenarioConfig
from realtime_agents.errors import ConfigError, DocumentError, KnowledgeError, SessionError
from realtime_agents.health import Part
from realtime_agents.knowledge.jobs import Job
from realtime_agents.knowledge.ledger import SourceRecord
from realtime_agents.knowledge.port import (
    Document,
    Hit,
    KnowledgeHealth,
    KnowledgeStats,
    KnowledgeVersion,
    Passage,
    Query,
    SearchResult,
)
from realtime_agents.session.view import (
    Activity,
    EventLogged,
    EventRow,
    LiveText,
    Phase,
    SessionSnapshot,
    StatusChanged,
    Turn,
    TurnChanged,
    Update,
)
from realtime_agents.store.records import ConversationRecord, ConversationSummary

NO_LIVE = LiveText(turn_id="", agent="", text="")


class FakeSession:
    """A session that says what a test lets it say."""

    def __init__(self, session_id: str = "s1", *, scenario: str = "benefits", agent: str = "greeter") -> None:
        self.id = session_id
        self.scenario = scenario
        self.status = StatusChanged(phase=Phase.READY, activity=Activity.IDLE, agent=agent)
        self.turns: dict[str, Turn] = {}
        self.live = NO_LIVE
        self.events: dict[str, EventRow] = {}
        self.sent: list[str] = []
        self.refuse = ""
        self.interrupted = 0
        self._readers: set[tuple[bool, asyncio.Queue[Update | None]]] = set()
        self.subscribed = asyncio.Event()

    @property
    def phase(self) -> Phase:
        return self.status.phase

    def snapshot(self) -> SessionSnapshot:
        return SessionSnapshot(
            session_id=self.id,
            conversation_id=self.id,
            scenario=self.scenario,
            turns=tuple(self.turns.values()),
            live=self.live,
            status=self.status,
        )

    def event_log(self) -> tuple[EventRow, ...]:
        return tuple(self.events.values())

    @asynccontextmanager
    async def subscribe(self, *, events: bool = False) -> AsyncGenerator[AsyncIterator[Update], None]:
        queue: asyncio.Queue[Update | None] = asyncio.Queue()
        queue.put_nowait(self.snapshot())
        if self.phase is Phase.CLOSED:
            queue.put_nowait(None)
        reader = (events, queue)
        self._readers.add(reader)
        self.subscribed.set()
        try:
            yield _drain(queue)
        finally:
            self._readers.discard(reader)

    @property
    def readers(self) -> int:
        return len(self._readers)

    def emit(self, update: Update) -> None:
        """Remember an update and give it to every reader."""
        match update:
            case TurnChanged(turn=turn):
                self.turns[turn.id] = turn
            case LiveText():
                self.live = update
            case StatusChanged():
                self.status = update
            case EventLogged(row=row):
                self.events[row.id] = row
            case _:
                raise AssertionError(update)
        for events, queue in self._readers:
            if events or not isinstance(update, EventLogged):
                queue.put_nowait(update)

    def now(self, **changes: object) -> None:
        self.emit(replace(self.status, **changes))  # type: ignore[arg-type]

    async def start(self) -> None:
        self.now(phase=Phase.READY)

    async def send_text(self, text: str) -> None:
        if self.refuse:
            raise SessionError(self.refuse)
        self.sent.append(text)
        self.emit(TurnChanged(turn=Turn(id=f"u{len(self.sent)}", role="user", status="completed", text=text)))

    async def switch_agent(self, name: str) -> None:
        if self.refuse:
            raise SessionError(self.refuse)
        self.now(agent=name)

    async def interrupt(self) -> None:
        self.interrupted += 1

    async def record(self, on: bool) -> None:
        if self.refuse:
            raise SessionError(self.refuse)
        self.now(recording=on)

    def end(self) -> None:
        self.now(phase=Phase.CLOSED)
        for _, queue in self._readers:
            queue.put_nowait(None)


async def _drain(queue: asyncio.Queue[Update | None]) -> AsyncGenerator[Update, None]:
    while (update := await queue.get()) is not None:
        yield update


class FakeRegistry:
    def __init__(self) -> None:
        self.sessions: dict[str, FakeSession] = {}
        self.attached: dict[str, int] = {}
        self.running: set[str] = set()

    def get(self, session_id: str) -> FakeSession | None:
        return self.sessions.get(session_id)

    def is_running(self, conversation_id: str) -> bool:
        return conversation_id in self.running

    def attach(self, session_id: str) -> None:
        self.attached[session_id] = self.attached.get(session_id, 0) + 1

    def detach(self, session_id: str) -> None:
        self.attached[session_id] -= 1

    async def close(self, session_id: str) -> None:
        session = self.sessions.pop(session_id, None)
        if session is not None:
            session.end()


@dataclass
class FakeCatalog:
    scenarios: Mapping[str, ScenarioConfig] = field(default_factory=dict)
    errors: tuple[ConfigError, ...] = ()

    def get(self, name: str) -> ScenarioConfig:
        if name not in self.scenarios:
            raise ConfigError(f"no scenario named {name!r}; there is: {', '.join(self.scenarios)}", file=name)
        return self.scenarios[name]


@dataclass
class FakeHistory:
    records: dict[str, ConversationRecord] = field(default_factory=dict)

    async def list_conversations(
        self, search: str = "", limit: int = 50, offset: int = 0
    ) -> list[ConversationSummary]:
        found = [r.summary for r in self.records.values() if search.lower() in r.summary.title.lower()]
        return found[offset : offset + limit]

    async def load(self, conversation_id: str) -> ConversationRecord | None:
        return self.records.get(conversation_id)

    async def delete(self, conversation_id: str) -> bool:
        return self.records.pop(conversation_id, None) is not None


@dataclass
class FakeRecordings:
    kept: set[str] = field(default_factory=set)

    def find(self, conversation_id: str) -> Path | None:
        return Path(f"{conversation_id}.wav") if conversation_id in self.kept else None


@dataclass
class FakeKnowledge:
    passages: dict[str, Passage] = field(default_factory=dict)
    texts: dict[str, Document] = field(default_factory=dict)
    held: dict[str, tuple[int, int]] = field(default_factory=lambda: {"medicare": (2, 1)})
    changed: str | None = None
    nearest: float = 0.8
    notice: str = ""
    problem: str = ""
    """What every method fails with."""
    broken_legs: tuple[str, ...] = ()
    asked: list[Query] = field(default_factory=list)
    silent: asyncio.Event | None = None
    """Searches and passages wait for it."""
    kept: list[KnowledgeVersion] = field(default_factory=list)

    async def search(self, query: Query) -> SearchResult:
        """Words find passages in the opposite order of meaning."""
        self.asked.append(query)
        await self._wait()
        self._fail()
        if query.mode in self.broken_legs:
            raise KnowledgeError("This leg does not answer.")
        passages = [
            p for p in self.passages.values() if not query.collections or p.collection in query.collections
        ]
        hits = [
            Hit(passage=p, score=1 / (60 + i), lexical=7.5 - i, cosine=0.8 - i / 20)
            for i, p in enumerate(passages)
        ]
        if query.mode == "lexical":
            hits.reverse()
        return SearchResult(
            hits=tuple(hits[: query.limit]),
            top_cosine=self.nearest,
            duration_ms=12.4,
            degraded=self.broken_legs,
        )

    async def health(self) -> KnowledgeHealth:
        return KnowledgeHealth(
            implementation="embedded",
            ok=not self.problem,
            detail=self.problem or "SQLite 3.40",
            answers=not self.problem,
        )

    async def versions(self) -> tuple[KnowledgeVersion, ...]:
        self._fail()
        return tuple(self.kept)

    async def rollback(self, version: str = "") -> KnowledgeVersion:
        self._fail()
        self.kept = [replace(one, active=one.id == version) for one in self.kept]
        return next(one for one in self.kept if one.active)

    def _fail(self) -> None:
        if self.problem:
            raise KnowledgeError(self.problem)

    async def _wait(self) -> None:
        if self.silent is not None:
            await self.silent.wait()

    async def passage(self, passage_id: str) -> Passage | None:
        await self._wait()
        return self.passages.get(passage_id)

    async def document(self, document_id: str) -> Document | None:
        return self.texts.get(document_id)

    async def stats(self) -> KnowledgeStats:
        self._fail()
        return KnowledgeStats(collections=self.held, changed=self.changed)


@dataclass
class FakeLedger:
    records: list[SourceRecord] = field(default_factory=list)
    problem: str = ""

    def sources(self) -> list[SourceRecord]:
        if self.problem:
            raise KnowledgeError(self.problem)
        return self.records


class FakeIngests:
    """Jobs as a test puts them."""

    def __init__(self) -> None:
        self.jobs: tuple[Job, ...] = ()
        self.added: list[tuple[str, str]] = []
        self.cancelled: list[str] = []
        self.taken_out: list[tuple[str, str]] = []
        self.refuse = ""
        self.is_full = False
        """What is refused is not the address."""
        self._changed = asyncio.Event()

    def put(self, *jobs: Job) -> None:
        self.jobs = jobs
        self._changed.set()
        self._changed = asyncio.Event()

    async def watch(self) -> AsyncGenerator[tuple[Job, ...], None]:
        while True:
            changed = self._changed
            yield self.jobs
            await changed.wait()

    def add_url(self, url: str, collection: str) -> str:
        if self.refuse:
            raise KnowledgeError(self.refuse) if self.is_full else DocumentError(self.refuse)
        self.added.append((url, collection))
        return "job1"

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)

    async def take_out(self, job_id: str, document_id: str) -> None:
        if self.refuse:
            raise KnowledgeError(self.refuse)
        self.taken_out.append((job_id, document_id))

    def forget_ended(self) -> None:
        self.put()


def benefits() -> ScenarioConfig:
    """Two agents that hand over to one another."""
    agents = (
        AgentConfig(
            name="greeter",
            title="Greeter",
            description="Finds out what you need.",
            instructions="",
            suggestions=("Do I need Part B?",),
        ),
        AgentConfig(
            name="medicare",
            title="Medicare",
            description="Medicare costs and coverage.",
            instructions="",
            color="blue",
        ),
    )
    return ScenarioConfig(
        name="benefits", title="Benefits", description="", start="greeter", agents={a.name: a for a in agents}
    )


class FakeRuntime:
    """What `realtime_agents.runtime.Runtime` is to the page."""

    def __init__(self, scenario: ScenarioConfig | None = None) -> None:
        self.settings: Any = SimpleNamespace(scenario="benefits")
        chosen = scenario or benefits()
        self.catalog = FakeCatalog(scenarios={chosen.name: chosen})
        self.registry = FakeRegistry()
        self.history = FakeHistory()
        self.knowledge = FakeKnowledge()
        self.recordings = FakeRecordings()
        self.ledger = FakeLedger()
        self.ingests = FakeIngests()
        self.refreshed = 0
        self.refuse = ""

    def health(self) -> tuple[Part, ...]:
        return (
            Part(name="conversation", implementation="local engine", ok=True),
            Part(name="knowledge", implementation="embedded", ok=True, detail="12 documents, 40 passages"),
        )

    async def refresh(self) -> None:
        self.refreshed += 1

    async def examine(self) -> tuple[Part, ...]:
        await self.refresh()
        words = "It does not answer."
        talks = Part(name="conversation", implementation="local engine", ok=False, detail=words)
        return (talks, *self.health()[1:])

    def make_session(self, session_id: str, scenario: str, agent: str) -> FakeSession:
        return FakeSession(session_id, scenario=scenario, agent=agent)

    async def open_session(self, scenario: str, agent: str) -> FakeSession:
        if self.refuse:
            raise SessionError(self.refuse)
        session = self.make_session(f"s{len(self.registry.sessions) + 1}", scenario, agent)
        self.registry.sessions[session.id] = session
        return session
