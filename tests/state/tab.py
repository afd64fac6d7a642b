"""A browser tab without a browser: events go in, deltas come out, the real event processor between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import reflex as rx
from reflex.app import EventNamespace
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor
from reflex_base.registry import RegistrationContext

_MARK = "_rx_state_"


class Tab:
    """What one tab was sent. ``value(State, "name")`` is what its page shows."""

    def __init__(self) -> None:
        self.token = "tab"
        self.socket_id = "socket"
        self.connected = True
        self.deltas: list[Mapping[str, Mapping[str, Any]]] = []
        self.events: list[Event] = []
        self._values: dict[tuple[str, str], Any] = {}
        self._changed = asyncio.Event()
        self._processor = BaseStateEventProcessor()
        memory = StateManagerMemory()  # type: ignore[abstract]  # overloads hide the methods from the checker
        self._processor.configure(state_manager=memory, event_namespace=cast("EventNamespace", self))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Tab]:
        # An app of its own: another test may have made the real one in this process.
        with RegistrationContext.get().fork():
            rx.App()
            async with self._processor:
                yield self

    async def emit_update(self, update: Any, token: str) -> None:
        """What Reflex calls to send to the browser."""
        assert token == self.token
        for state, changes in (update.delta or {}).items():
            for name, value in changes.items():
                self._values[state, name.removesuffix(_MARK)] = value
        if update.delta:
            self.deltas.append(update.delta)
        self.events.extend(update.events or ())
        self._changed.set()

    async def fire(self, event: Any, *, path: str = "/", query: str = "") -> None:
        """Send an event as a click would, and wait until its handler has run."""
        await (await self.start(event, path=path, query=query)).wait_all()

    async def start(self, event: Any, *, path: str = "/", query: str = "") -> Any:
        """Send an event; returns the future of its handler."""
        router = {"pathname": path, "asPath": path + query, "sid": self.socket_id, "token": self.token}
        found = Event.from_event_type(event, router_data=router)[0]
        return await self._processor.enqueue(self.token, found)

    def value(self, state: type[rx.State], name: str) -> Any:
        """The newest value that was sent; the default when none was."""
        return self._values.get((state.get_full_name(), name), state.get_fields()[name].default)

    async def until(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        """Wait until what the tab was sent meets a condition."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def scripts(self) -> list[str]:
        """JavaScript that the server asked the page to run."""
        return [str(e.payload) for e in self.events if e.name in {"_call_function", "_call_script"}]
