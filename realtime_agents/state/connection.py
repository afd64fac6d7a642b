"""The running session as one browser tab sees it: joining, following, speaking to it."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import reflex as rx

from realtime_agents.errors import ConfigError, RealtimeAgentsError
from realtime_agents.runtime import get_runtime
from realtime_agents.session.session import Session
from realtime_agents.session.view import Phase, StatusChanged
from realtime_agents.state.catalog import CatalogState
from realtime_agents.state.handlers import background, background_latest, handler
from realtime_agents.state.inspection import InspectionState
from realtime_agents.state.live import LiveState
from realtime_agents.state.pacing import Batch, paced
from realtime_agents.state.presence import is_connected
from realtime_agents.state.transcript import TranscriptState
from realtime_agents.state.words import status_words

log = logging.getLogger(__name__)

VIEWS = ("talk", "desk", "lab")
_RUNNING = frozenset({Phase.CONNECTING, Phase.READY, Phase.RECONNECTING})
_FAILED = "Something went wrong on this page. Reload it: the conversation goes on."
_GONE = "The conversation from before has ended. You find it in the history; a new question starts a new one."
_ANEW = "The conversation from before ended with the server. You find it in the history; this is a new one."
_TRY_AGAIN = "That did not work. Try again; the server's log has the reason."


class ConnectionState(rx.State):
    """Phase and activity of the session. The live session itself sits in the registry.

    owner    owns                                      ended by
    ───────  ────────────────────────────────────────  ─────────────────────────────────────────
    follow   one subscription to the session per tab   the session's end, a newer `follow` of the
             and its attachment in the registry        tab, or the tab's disconnect
    """

    session_id: str = rx.SessionStorage("", name="realtime-agents-session")
    """Kept by the tab, so that a reload joins the running session again."""
    phase: rx.Field[str] = rx.field("new")
    activity: rx.Field[str] = rx.field("idle")
    status: rx.Field[str] = rx.field("")
    """Phase and activity in words."""
    notice: rx.Field[str] = rx.field("")
    """From the session: reconnecting, a new agent, the end."""
    problem: rx.Field[str] = rx.field("")
    """What was asked for last and could not be done, and what to do."""
    view: rx.Field[str] = rx.field("desk")
    recording: rx.Field[bool] = rx.field(default=False)
    """Both sides are kept as sound."""
    busy: rx.Field[bool] = rx.field(default=False)
    """A message or a connection is on its way: a second press does nothing."""

    @handler
    async def arrive(self) -> Any:
        """A page was opened or reloaded: show what there is, join the session that still runs."""
        catalog = await self.get_state(CatalogState)
        catalog._refresh()
        self.problem, self.busy = "", False
        asked_view = self.router.url.query_parameters.get("view", "")
        if asked_view in VIEWS:
            self.view = asked_view
        if self._session() is None:
            if self.session_id:
                self.notice = _GONE
            self._forget("closed" if self.session_id else self.phase, catalog.agent_title)
            return None
        return ConnectionState.follow()

    @background_latest
    async def follow(self) -> None:
        """Show the session's updates until it ends, this tab leaves or a newer `follow` takes over."""
        async with self:
            session_id, socket_id = self.session_id, self.router.session.session_id
        registry = get_runtime().registry
        session = registry.get(session_id)
        if session is None:
            return
        registry.attach(session_id)
        try:
            async with session.subscribe(events=False) as updates, aclosing(paced(updates)) as batches:
                async for batch in batches:
                    if not is_connected(socket_id):
                        return
                    async with self:
                        if self.session_id != session_id:
                            return
                        await self._show(batch)
            async with self:
                if self.session_id == session_id:
                    self._forget("closed", (await self.get_state(CatalogState)).agent_title)
        finally:
            registry.detach(session_id)

    @background
    async def send(self, form: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """The composer was submitted. The draft is cleared only once the session took it."""
        async for event in self._say(str(form.get("message", ""))):
            yield event

    @background
    async def ask(self, question: str) -> AsyncGenerator[Any, None]:
        """A suggested question was pressed."""
        async for event in self._say(question):
            yield event

    @background
    async def connect(self) -> AsyncGenerator[Any, None]:
        """Start the conversation, or end the one that runs."""
        if not await self._begin():
            return
        running = self._session()
        if running is not None:
            problem = await attempt(lambda: get_runtime().registry.close(running.id))
        else:
            problem = await attempt(self._open)
            yield ConnectionState.follow()
        await self._finish(problem)

    @background
    async def choose_agent(self, name: str) -> None:
        """Another agent was pressed: it takes over the running conversation, or opens the next."""
        session = self._session()
        problem = await attempt(lambda: session.switch_agent(name)) if session else ""
        async with self:
            self.problem = problem
            if not problem:
                catalog = await self.get_state(CatalogState)
                catalog._choose(catalog.scenario, name)

    @background
    async def choose_scenario(self, name: str) -> None:
        """Another scenario: the running conversation ends, it stays in the history."""
        try:
            get_runtime().catalog.get(name)
        except ConfigError as error:  # its files went away while the page was open
            async with self:
                self.problem = str(error)
            return
        session = self._session()
        if session is not None:
            await attempt(lambda: get_runtime().registry.close(session.id))
        async with self:
            catalog = await self.get_state(CatalogState)
            catalog._choose(name, "")
            self._forget("new", catalog.agent_title)
            (await self.get_state(TranscriptState))._show_all((), {})
            (await self.get_state(LiveState))._clear()

    @background
    async def interrupt(self) -> None:
        """Stop the answer; what was said of it stays."""
        session = self._session()
        problem = await attempt(session.interrupt) if session else ""
        if problem:
            async with self:
                self.problem = problem

    @handler
    async def choose_view(self, view: str) -> None:
        """Talk, Desk or Lab: three views of the one session."""
        if view in VIEWS:
            self.view = view
        if view == "lab":
            await self._inspect()

    @handler
    def report_failure(self) -> None:
        """A handler of the page failed; its reason is in the server's log."""
        self.problem, self.busy = _FAILED, False

    @handler
    def dismiss(self) -> None:
        """The person read what went wrong."""
        self.problem = ""

    async def _say(self, text: str) -> AsyncGenerator[Any, None]:
        """Send ``text``, opening a session first when none runs. Takes the lock itself."""
        said = text.strip()
        if not said or not await self._begin():
            return
        problem = ended = ""
        if self._session() is None:
            ended = _ANEW if self.session_id else ""
            problem = await attempt(self._open)
            yield ConnectionState.follow()
        session = self._session()
        if session is not None:
            problem = await attempt(lambda: session.send_text(said))
        await self._finish(problem or ended)
        if not problem:
            yield rx.call_script(f"realtimeAgents.sent({json.dumps(said)})")

    async def _begin(self) -> bool:
        """False when something is already on its way. Takes the lock itself."""
        async with self:
            if self.busy:
                return False
            self.busy, self.problem = True, ""
            return True

    async def _finish(self, problem: str) -> None:
        """Takes the lock itself."""
        async with self:
            self.busy, self.problem = False, problem

    async def _open(self) -> None:
        """Open a session with the chosen agent. Takes the lock itself."""
        async with self:
            catalog = await self.get_state(CatalogState)
            scenario, agent = catalog.scenario, catalog.agent
            self.phase, self.status = (
                Phase.CONNECTING.value,
                status_words("connecting", "idle", catalog.agent_title),
            )
        opened = ""
        try:
            opened = (await get_runtime().open_session(scenario, agent)).id
        finally:
            async with self:
                self.session_id = opened
                if not opened:
                    self._forget("closed", "")

    def _session(self) -> Session | None:
        """The session of this tab, if it still runs."""
        session = get_runtime().registry.get(self.session_id) if self.session_id else None
        return session if session is not None and session.phase in _RUNNING else None

    async def _show(self, batch: Batch) -> None:
        if not batch:
            return
        catalog = await self.get_state(CatalogState)
        transcript = await self.get_state(TranscriptState)
        live = await self.get_state(LiveState)
        status = batch.status
        if batch.snapshot is not None:
            status = status or batch.snapshot.status
            catalog._choose(batch.snapshot.scenario, status.agent)
            transcript._show_all(batch.snapshot.turns, catalog._faces())
            live._show(batch.snapshot.live, catalog._faces())
        if batch.turns:
            transcript._show_changed(batch.turns.values(), catalog._faces())
            if batch.has_ended(live.turn_id):
                live._clear()
        if batch.live is not None and not batch.has_ended(batch.live.turn_id):
            live._show(batch.live, catalog._faces())
        if status is not None:
            if status.agent != catalog.agent:
                catalog._choose(catalog.scenario, status.agent)
            self._show_status(status, catalog.agent_title)
        if self.view == "lab" and (batch.snapshot is not None or batch.turns):
            await self._inspect()

    async def _inspect(self) -> None:
        window = (await self.get_state(TranscriptState))._window
        (await self.get_state(InspectionState))._show(window.current, window.turns, self.session_id)

    def _show_status(self, status: StatusChanged, agent_title: str) -> None:
        for name, value in (
            ("phase", status.phase.value),
            ("activity", status.activity.value),
            ("notice", status.notice),
            ("recording", status.recording),
            ("status", status_words(status.phase, status.activity, agent_title)),
        ):
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _forget(self, phase: str, agent_title: str) -> None:
        """No session runs (any more)."""
        self.session_id = ""
        self.phase, self.activity, self.recording = phase, "idle", False
        self.status = status_words(phase, "idle", agent_title)


async def attempt(action: Callable[[], Awaitable[object]]) -> str:
    """Do what a person asked for; the words to show when it failed, empty when it worked."""
    try:
        await action()
    except RealtimeAgentsError as error:
        return str(error)
    except Exception:
        log.exception("a request of the page failed")
        return _TRY_AGAIN
    return ""


def on_failure(exception: Exception) -> Any:
    """What Reflex calls when a handler raised: keep the reason, tell the person what to do."""
    log.error("a handler of the page failed", exc_info=exception)
    return ConnectionState.report_failure()
