"""The composition root: builds every part from the settings, starts and stops them in order.

Both the page and the command line use one `Runtime`; nothing else knows which implementation
stands behind a port.

    owner    owns                                    ended by
    ───────  ──────────────────────────────────────  ─────────────────────
    Runtime  history store, knowledge base           `stop`
    Runtime  session registry (all live sessions)    `stop`, grace period
    Runtime  upkeep tasks: agent files, their pages  `stop`
    Runtime  ingests that the page started           `stop`
    Runtime  warming tasks                           their end, `stop`
    Runtime  speech kit it was given                 `stop`
    opened   loopback engine of the command line     its context
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import date

from realtime_agents import settings as settings_module
from realtime_agents.agents.catalog import ScenarioCatalog
from realtime_agents.agents.config import AgentConfig
from realtime_agents.conversation_server import ConversationServer
from realtime_agents.engine.server import running_engine
from realtime_agents.engine.speech_port import Speech
from realtime_agents.errors import (
    ConfigError,
    KnowledgeError,
    RealtimeAgentsError,
    SettingsError,
)
from realtime_agents.health import Part
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.knowledge.jobs import IngestJobs
from realtime_agents.knowledge.ledger import IngestLedger
from realtime_agents.knowledge.opening import open_knowledge, store_mark
from realtime_agents.knowledge.port import Query
from realtime_agents.knowledge.seed import KnowledgeSeed
from realtime_agents.knowledge_watch import KnowledgeWatch
from realtime_agents.local_engine import (
    engine_config,
    model_name,
    speech_part,
    try_speech,
)
from realtime_agents.session.parts import SessionParts
from realtime_agents.session.registry import SessionRegistry
from realtime_agents.session.roster import spoken_configurations
from realtime_agents.session.session import Session
from realtime_agents.session.voice_config import VoiceDefaults
from realtime_agents.settings import Settings
from realtime_agents.store.history import HistoryStore
from realtime_agents.store.recordings import RecordingFiles
from realtime_agents.tools.builtin import built_in_tools
from realtime_agents.tools.registry import ToolContext
from realtime_agents.tools.runner import ToolRunner

log = logging.getLogger(__name__)

_UPKEEP_EVERY_S = 1.0
_WARMING_S = 0.5
"""How long a connection is kept open for the engine to look at an agent; it works on in its threads."""


class Runtime:
    """Everything one process runs. Use `opened`, or `start` and `stop`."""

    def __init__(
        self,
        settings: Settings,
        *,
        engine_url: str = "",
        speech: Speech | None = None,
        keep_history: bool = True,
        upkeep_every_s: float = _UPKEEP_EVERY_S,
    ) -> None:
        """``speech``: that of the local engine; it rests, and is never loaded, while another server talks."""
        self.settings = settings
        self._upkeep_every_s = upkeep_every_s
        self._talks = ConversationServer(settings, engine_url or f"http://127.0.0.1:{settings.port}/v1")
        self._keep_history = keep_history
        self.speech = speech if settings.uses_local_engine else None
        self.tools = built_in_tools()
        self.runner = ToolRunner(self.tools)
        self._voice = VoiceDefaults(transcription_model=settings.transcription_model)
        self.catalog = ScenarioCatalog(settings.agents_dir, self.tools.names)
        self.knowledge = open_knowledge(settings)
        mark = store_mark(settings)
        self.ledger = IngestLedger(settings.data_dir / f"ingest{mark}.db")
        self.ingests = IngestJobs(self.knowledge, self.ledger)
        self.recordings = RecordingFiles(settings.data_dir / "recordings")
        self.history = HistoryStore(settings.history_url, self.recordings)
        self.registry = SessionRegistry()
        self._seed = KnowledgeSeed(settings.agents_dir, settings.data_dir / f"seed{mark}.json")
        self._watch = KnowledgeWatch(self.knowledge, self._seed, is_server=bool(settings.elasticsearch_url))
        self._facts: Mapping[str, FactBook] = {}
        self._parts: tuple[Part, ...] = ()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls,
        settings: Settings,
        *,
        local_engine: bool = False,
        speech: Speech | None = None,
        keep_history: bool = True,
    ) -> AsyncIterator[Runtime]:
        """A started runtime for a command. ``local_engine`` runs the engine, with ``speech``, on a port of its own."""
        async with contextlib.AsyncExitStack() as stack:
            engine_url = ""
            if local_engine and settings.uses_local_engine:
                config = engine_config(settings, paced=False, speech=speech)
                engine_url = await stack.enter_async_context(running_engine(config))
            runtime = cls(settings, engine_url=engine_url, speech=speech, keep_history=keep_history)
            stack.push_async_callback(runtime.stop)
            await runtime.start()
            await runtime.refresh()
            yield runtime

    async def start(self) -> None:
        """Open the stores. Raises `SettingsError`, `StoreError`, `KnowledgeError` or `ConfigError` in plain words."""
        try:
            self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"DATA_DIR: the folder {self.settings.data_dir} cannot be made ({error.strerror})"
            ) from error
        if self._keep_history:
            await self.history.open()
        await self._open_knowledge()
        await self._load_facts()
        await self._look()

    async def _open_knowledge(self) -> None:
        """A server that does not answer now may do so later: the app starts, and says so."""
        try:
            await self.knowledge.ensure()
        except KnowledgeError as error:
            if not self.settings.elasticsearch_url:
                raise
            log.warning("the knowledge base does not answer", extra={"reason": str(error)})

    def start_upkeep(self) -> None:
        """Keep following the agent files and their pages until `stop`; get models ready meanwhile."""
        self._tasks = [
            # Apart: a knowledge server that hangs must not hold up the agent files.
            asyncio.create_task(self._keep_up(self.follow_agents), name="upkeep-agents"),
            asyncio.create_task(self._keep_up(self.follow_pages), name="upkeep-pages"),
            asyncio.create_task(self._warm_up(), name="warming"),
        ]
        if self.speech is not None:
            self._tasks.append(asyncio.create_task(self.speech.warm(), name="warming speech"))

    async def stop(self) -> None:
        """End every session, then close the stores; safe to call twice."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.registry.close_all()
        if self.speech is not None:
            await asyncio.to_thread(self.speech.close)
        await self.ingests.close()
        await self.knowledge.close()
        if self._keep_history:
            await self.history.close()

    async def open_session(self, scenario: str, agent: str | None = None) -> Session:
        """Start a conversation. Raises `ConfigError`, `SessionError` or `UpstreamError` for people."""
        return await self.registry.create(self._session_parts(scenario, agent or "", keep=self._keep_history))

    def _session_parts(self, scenario: str, agent: str, *, keep: bool) -> SessionParts:
        self.catalog.get(scenario)
        return SessionParts(
            upstream=self._talks.upstream,
            scenario=lambda: self.catalog.get(scenario),
            tools=self.tools,
            runner=self.runner,
            tool_context=lambda session_id, who: self._tool_context(session_id, scenario, who),
            model=self.model,
            server_is_ours=self.settings.uses_local_engine,
            patience=self._talks.patience,
            history=self.history if keep else None,
            recordings=self.recordings if keep else None,
            voice=self._voice,
            agent=agent,
        )

    @property
    def is_first_start(self) -> bool:
        """True when the scenario's own pages were never read into this data folder."""
        return not self._seed.was_applied

    @property
    def model(self) -> str:
        """Name of the model as usage records carry it."""
        return model_name(self.settings)

    def health(self) -> tuple[Part, ...]:
        """Every part as it was seen last; `refresh` looks again, `examine` tries them."""
        spoken = (speech_part(self.speech),) if self.speech is not None else ()
        return (*self._parts[:1], *spoken, *self._parts[1:])

    async def examine(self) -> tuple[Part, ...]:
        """Every part, tried now: who talks by a tiny question, speech by a short sentence. Costs a few tokens."""
        tried = [await self.try_conversation()]
        if self.speech is not None:
            tried.append(await try_speech(self.speech))
        await self.refresh()
        found = {part.name: part for part in tried}
        return tuple(found.get(part.name, part) for part in self.health())

    async def refresh(self) -> None:
        """Follow the agent files: reload what changed, bring their pages into the knowledge base."""
        await self.follow_agents()
        await self.follow_pages()

    async def follow_agents(self) -> None:
        """Reload agent files that changed. Waits for no server."""
        change = await asyncio.to_thread(self.catalog.refresh)
        for error in change.errors if change else ():
            log.warning("an agent file is wrong", extra={"file": error.file, "line": error.line})
        if change:
            await self._load_facts()
        self._tell_parts()

    async def follow_pages(self) -> None:
        """Bring pages that changed into the knowledge base, and see how that is."""
        await self._watch.bring_pages_in()
        await self._look()

    async def try_conversation(self) -> Part:
        """Put one tiny question to whoever talks, a chat server too."""
        try:
            scenario = self.catalog.get(self.settings.scenario)
        except ConfigError:  # told as the scenario's own problem
            return await self._talks.tried()
        spoken = spoken_configurations(scenario, self.tools, self._voice, today=date.today())
        return await self._talks.tried(spoken)

    def _tool_context(self, session_id: str, scenario_name: str, agent: AgentConfig) -> ToolContext:
        scenario = self.catalog.get(scenario_name)
        existing = self._watch.collections
        # A store that never answered may hold them all: it is asked, so that its failure is told as one.
        collections = agent.knowledge if existing is None else scenario.collections_for(agent, existing)
        return ToolContext(
            session_id=session_id,
            agent=agent,
            knowledge=self.knowledge,
            collections=collections,
            facts=self._facts.get(scenario_name, FactBook()),
            today=date.today(),
        )

    async def _keep_up(self, follow: Callable[[], Awaitable[None]]) -> None:
        failed: type[Exception] | None = None
        while True:
            try:
                await follow()
                failed = None
            except Exception as error:  # a disk that is away for a moment must not end the upkeep
                if type(error) is not failed:  # once, not every second
                    log.exception("upkeep failed")
                failed = type(error)
            await asyncio.sleep(self._upkeep_every_s)

    async def _warm_up(self) -> None:
        """Load model and vectors, and show the engine every agent once: no first question waits for them."""
        try:
            await self.knowledge.search(Query(text="warm up", limit=1))
            if not self.settings.uses_local_engine or self.settings.engine_chats:
                return
            scenario = self.catalog.get(self.settings.scenario)
            for agent in scenario.agents:
                session = Session(self._session_parts(scenario.name, agent, keep=False))
                try:
                    await session.start()
                    await asyncio.sleep(_WARMING_S)
                finally:
                    await session.close()
        except RealtimeAgentsError as error:
            log.info("warming ended early", extra={"error": type(error).__name__})

    async def _load_facts(self) -> None:
        books: dict[str, FactBook] = {}
        for name in self.catalog.scenarios:
            folder = self.settings.agents_dir / name / "facts"
            try:
                books[name] = await asyncio.to_thread(FactBook.load, folder)
            except ConfigError as error:
                log.warning("a fact file is wrong", extra={"file": error.file, "line": error.line})
                if name in self._facts:
                    books[name] = self._facts[name]
        self._facts = books

    async def _look(self) -> None:
        await asyncio.gather(self._talks.look(), self._watch.part())
        self._tell_parts()

    def _tell_parts(self) -> None:
        self._parts = (
            self._talks.seen,
            self._watch.seen,
            self._facts_part(),
            *self._other_parts(),
        )

    def _facts_part(self) -> Part:
        count = sum(len(book) for book in self._facts.values())
        return Part(name="facts", implementation="files", ok=count > 0, detail=f"{count} dated values")

    def _other_parts(self) -> tuple[Part, ...]:
        errors = self.catalog.errors
        agents = sum(len(s.agents) for s in self.catalog.scenarios.values())
        url = self.settings.history_url
        return (
            Part(
                name="agents",
                implementation="files",
                ok=not errors,
                detail=str(errors[0])
                if errors
                else f"{agents} agents; scenarios: {', '.join(self.catalog.scenarios)}",
            ),
            Part(
                name="history",
                implementation="sqlite" if url.startswith("sqlite") else url.split(":", 1)[0].split("+")[0],
                ok=True,
                detail=self.history.notice or ("kept" if self._keep_history else "not kept by this command"),
                embedded=url.startswith("sqlite"),
            ),
        )


_current: list[Runtime] = []


def find_runtime() -> Runtime | None:
    """The runtime of this process, or ``None`` while there is none."""
    return _current[-1] if _current else None


def get_runtime() -> Runtime:
    """The runtime of this process. Raises `RealtimeAgentsError` while the app is still starting."""
    if (runtime := find_runtime()) is None:
        raise RealtimeAgentsError("the app is still starting; try again in a moment")
    return runtime


@contextlib.contextmanager
def installed(runtime: Runtime) -> Iterator[None]:
    """Make ``runtime`` the one that `get_runtime` returns."""
    _current.append(runtime)
    try:
        yield
    finally:
        _current.remove(runtime)


@contextlib.asynccontextmanager
async def serving(speech: Speech | None = None) -> AsyncIterator[None]:
    """The app's lifespan: a started runtime, its upkeep, and a clean end. ``speech`` is closed with it."""
    runtime = Runtime(settings_module.load(), speech=speech)
    try:
        await runtime.start()
        if runtime.is_first_start:
            print("First start: reading the knowledge pages …", flush=True)
            await runtime.refresh()
        await runtime.ingests.take_up(runtime.settings.data_dir / "uploads")
        runtime.start_upkeep()
        with installed(runtime):
            yield
    finally:
        await runtime.stop()
