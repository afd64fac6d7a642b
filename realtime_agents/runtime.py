"""The composition root: builds every part from the settings, starts and stops them in order.

Both the page and the command line use one `Runtime`; nothing else knows which implementation
stands behind a port.

    owner    owns                                    ended by
    ───────  ──────────────────────────────────────  ─────────────────────
    Runtime  history store, knowledge base           `stop`
    Runtime  session registry (all live sessions)    `stop`, grace period
    Runtime  upkeep task (agent files, their pages)  `stop`
    opened   loopback engine for the command line    its context
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import date

from realtime_agents.agents.catalog import ScenarioCatalog
from realtime_agents.engine.server import EngineConfig, running_engine
from realtime_agents.errors import KnowledgeError, RealtimeAgentsError, UpstreamError
from realtime_agents.health import Part
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.knowledge.seed import KnowledgeSeed
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.session.openai_upstream import OpenAIUpstream
from realtime_agents.session.registry import SessionRegistry
from realtime_agents.session.session import Session, SessionParts
from realtime_agents.settings import Settings
from realtime_agents.store.history import HistoryStore
from realtime_agents.tools.builtin import built_in_tools
from realtime_agents.tools.runner import ToolRunner

log = logging.getLogger(__name__)

_UPKEEP_EVERY_S = 1.0
_OPENAI_URL = "https://api.openai.com/v1"


class Runtime:
    """Everything one process runs. Use `opened`, or `start` and `stop`."""

    def __init__(
        self, settings: Settings, *, engine_url: str | None = None, keep_history: bool = True
    ) -> None:
        self.settings = settings
        self._engine_url = engine_url or f"http://127.0.0.1:{settings.port}/v1"
        self._keep_history = keep_history
        self.tools = built_in_tools()
        self.runner = ToolRunner(self.tools)
        self.catalog = ScenarioCatalog(settings.agents_dir, self.tools.names)
        self.knowledge = EmbeddedKnowledgeBase(settings.knowledge_path)
        self.history = HistoryStore(settings.history_url)
        self.registry = SessionRegistry()
        self._facts: dict[str, FactBook] = {}
        self._seed = KnowledgeSeed(settings.agents_dir, settings.data_dir / "seed.json")
        self._collections: tuple[str, ...] = ()
        self._upkeep: asyncio.Task[None] | None = None
        self.seeded = asyncio.Event()
        """Set once the scenario's own pages are searchable."""
