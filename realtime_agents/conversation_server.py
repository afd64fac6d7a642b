"""Who sessions talk to, as the settings have it: connections to it, patience with it, and how it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from realtime_agents.engine.chat.reach import problem_of
from realtime_agents.health import Part
from realtime_agents.local_engine import chat_config, conversation_part
from realtime_agents.protocol.session_config import RealtimeSession
from realtime_agents.session.openai_upstream import OpenAIUpstream
from realtime_agents.session.parts import Patience
from realtime_agents.session.probe import probe
from realtime_agents.settings import Settings

CHAT_EVERY_S = 10.0
"""How often it is looked whether the chat server is there."""
_ENGINE_MARGIN_S = 10.0
_OPENAI_URL = "https://api.openai.com/v1"


class ConversationServer:
    """The local engine, with its own rules or a chat server, or another Realtime server."""

    def __init__(self, settings: Settings, engine_url: str) -> None:
        self._settings = settings
        self._engine_url = engine_url
        self._chat = chat_config(settings) if settings.uses_local_engine else None
        self._chat_problem = ""
        self._look_due = 0.0

    @property
    def patience(self) -> Patience:
        """A chat server may load its model before it says a word; the engine itself ends what takes too long."""
        if self._chat is None:
            return Patience()
        return Patience(stall_s=self._chat.first_word_s + _ENGINE_MARGIN_S)

    def upstream(self) -> OpenAIUpstream:
        """One connection that is not open yet."""
        settings = self._settings
        if settings.uses_local_engine:
            return OpenAIUpstream(base_url=self._engine_url, api_key="local", model="local-engine")
        base_url = settings.realtime_base_url or _OPENAI_URL
        return OpenAIUpstream(
            base_url=base_url, api_key=settings.openai_api_key, model=settings.realtime_model
        )

    @property
    def seen(self) -> Part:
        """What is in use, and whether a chat server was there when it was looked at last; nothing is waited for."""
        return _told(conversation_part(self._settings), self._chat_problem)

    async def look(self) -> None:
        """Look whether a chat server is there, unless that was seen a moment ago; nothing is asked of it."""
        now = time.monotonic()
        if self._chat is not None and now >= self._look_due:
            self._look_due = now + CHAT_EVERY_S
            self._chat_problem = await problem_of(self._chat)

    async def tried(self, sessions: Sequence[RealtimeSession] = ()) -> Part:
        """Put one tiny question to whoever talks, a chat server too; tell another server of ``sessions`` before."""
        upstream = self.upstream()
        is_ours = self._settings.uses_local_engine
        try:
            problem = await probe(
                upstream,
                sessions=() if is_ours else sessions,
                limit_s=self.patience.stall_s,
                is_ours=is_ours,
            )
        finally:
            await upstream.close()
        return _told(conversation_part(self._settings), problem)


def _told(part: Part, problem: str) -> Part:
    return replace(part, ok=False, detail=problem) if problem else part
