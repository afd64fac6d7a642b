"""The thinking part that all connections of an engine share: embedder, dialogue, worker threads."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.dialogue.plan import CallTools, Dialogue, Plan, Say
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.engine.dialogue.view import DialogueContext
from realtime_agents.engine.thought import Thoughts, ToolCall, Words
from realtime_agents.errors import KnowledgeError

log = logging.getLogger(__name__)


class Brain:
    """Plans responses off the event loop. Threads start at the first use and end with `close`."""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._dialogue: Dialogue | None = None
        self._pool: ThreadPoolExecutor | None = None

    async def think(self, context: DialogueContext) -> Thoughts:
        """The thoughts of one response, as they come. Raises `ThinkingError`."""
        match await self.plan(context):
            case Say(text=text):
                yield Words(text=text)
            case CallTools(calls=calls):
                for name, arguments in calls:
                    yield ToolCall(name=name, arguments=arguments)

    async def plan(self, context: DialogueContext) -> Plan:
        """The dialogue's decision for ``context``."""
        return await asyncio.get_running_loop().run_in_executor(self._threads(), self._plan, context)

    async def warm(self, context: DialogueContext | None = None) -> None:
        """Load the embedder, and embed the texts of ``context`` ahead of the first question."""
        await asyncio.get_running_loop().run_in_executor(self._threads(), self._warm, context)

    def close(self) -> None:
        """End the threads without waiting for what they still compute."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._config.worker_threads, thread_name_prefix="engine")
        return self._pool

    def _plan(self, context: DialogueContext) -> Plan:
        return self._ready().plan(context)

    def _warm(self, context: DialogueContext | None) -> None:
        self._ready().warm(context or DialogueContext(instructions=""))

    def _ready(self) -> Dialogue:
        with self._lock:
            if self._dialogue is None:
                self._dialogue = Dialogue(self._semantics())
            return self._dialogue

    def _semantics(self) -> Semantics:
        try:
            return Semantics(self._config.embedder())
        except KnowledgeError as error:
            log.warning("no embedder, the engine compares words only", extra={"reason": str(error)})
            return Semantics(None)
