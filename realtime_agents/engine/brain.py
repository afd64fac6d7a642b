"""The thinking part that all connections of an engine share: the dialogue with its embedder and threads,
or a chat server."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

from realtime_agents.engine.chat.thinker import ChatThinker
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.dialogue.plan import CallTools, Dialogue, Plan, Say
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.engine.dialogue.view import DialogueContext, read_prompt
from realtime_agents.engine.thought import Thoughts, ToolCall, Words
from realtime_agents.errors import KnowledgeError

log = logging.getLogger(__name__)


class Brain:
    """Thinks up responses off the event loop. Threads and client start at the first use and end with `close`.

    With a chat server configured the dialogue rests and no embedder is loaded; only what a client
    wants said word for word is never left to a model.
    """

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._chat = ChatThinker(config.chat) if config.chat is not None else None
        self._lock = threading.Lock()
        self._dialogue: Dialogue | None = None
        self._pool: ThreadPoolExecutor | None = None

    async def think(self, context: DialogueContext) -> Thoughts:
        """The thoughts of one response, as they come. Raises `ThinkingError`."""
        if self._chat is not None and not read_prompt(context.instructions).verbatim:
            async with aclosing(self._chat.think(context)) as thoughts:
                async for thought in thoughts:
                    yield thought
            return
        loop = asyncio.get_running_loop()
        match await loop.run_in_executor(self._threads(), self._plan, context):
            case Say(text=text, more=more):
                yield Words(text=text, whole=more is not None)
                if more is not None and (rest := await loop.run_in_executor(self._threads(), more)):
                    yield Words(text=rest)
            case CallTools(calls=calls):
                for name, arguments in calls:
                    yield ToolCall(name=name, arguments=arguments)

    async def warm(self, context: DialogueContext | None = None) -> None:
        """Load the embedder, and embed the texts of ``context`` ahead of the first question."""
        if self._chat is not None:
            await self._chat.warm()
            return
        await asyncio.get_running_loop().run_in_executor(self._threads(), self._warm, context)

    async def close(self) -> None:
        """End the client, and the threads without waiting for what they still compute."""
        if self._chat is not None:
            await self._chat.close()
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
        if self._chat is not None:
            return Semantics(None)
        try:
            return Semantics(self._config.embedder())
        except KnowledgeError as error:
            log.warning("no embedder, the engine compares words only", extra={"reason": str(error)})
            return Semantics(None)
