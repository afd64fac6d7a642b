"""A tab, a runtime without upstream, and a clock that does not wait for heartbeats."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from realtime_agents.state import connection, event_log, knowledge_ingest, roster
from tests.state.fakes import FakeRuntime
from tests.state.tab import Tab

_USERS = (
    "catalog",
    "connection",
    "doctor",
    "event_log",
    "history",
    "inspection",
    "knowledge",
    "knowledge_ingest",
    "knowledge_versions",
    "reader",
    "roster",
)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    made = FakeRuntime()
    for name in _USERS:
        monkeypatch.setattr(f"realtime_agents.state.{name}.get_runtime", lambda: made)
    return made


@pytest.fixture
async def tab(runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tab]:
    opened = Tab()
    for module in (connection, event_log, knowledge_ingest, roster):
        monkeypatch.setattr(
            module, "is_connected", lambda socket_id: opened.connected and socket_id == opened.socket_id
        )
    async with opened.running():
        yield opened
