"""Keeps one session connected: opens, watches, replaces the connection, and gives up in words."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from realtime_agents.errors import UpstreamClosed, UpstreamError, UpstreamRefused
from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.protocol.events import ServerEvent, SessionCreated
from realtime_agents.session.clock import Clock
from realtime_agents.session.link import Link
from realtime_agents.session.parts import Patience
from realtime_agents.session.status import StatusBoard
from realtime_agents.session.upstream import Upstream
from realtime_agents.session.view import Phase

log = logging.getLogger(__name__)

_BUSY_POLL_S = 5.0
"""How often a connection that should be replaced is asked whether it is idle."""


class Duties(Protocol):
    """What the session does when its connection changes. Synchronous, except the end."""

    @property
    def awaits_server(self) -> bool:
        """True while the server owes an answer."""

    @property
    def is_idle(self) -> bool:
        """True while nothing at all is under way."""

    def on_event(self, event: ServerEvent) -> None: ...

    def on_open(self, send: Callable[[ClientEvent], None]) -> None:
        """A connection is open and knows nothing: configure it and tell it the conversation."""

    def on_lost(self, *, planned: bool) -> None:
        """The connection is gone; a new one is being opened."""

    def on_audio_dropped(self) -> None:
        """The connection takes less audio than the person says."""

    async def on_failed(self, words: str) -> None:
        """There will be no connection any more; ``words`` say why and what to do."""


class Supervisor:
    """Owns the connection of one session, and the task that keeps it.

    A drop that can be recovered from is answered with new attempts, 0.5 s apart and doubling to
    8 s with jitter; any other ends the session, and so does one that opens and breaks at once again
    and again. A connection is replaced before the server ends
    it for its age, when nothing is under way. Silence while an answer is due counts as a drop.

    ============ ================ =========================
    owned        opened by        closed by
    ============ ================ =========================
    keeper task  `start`          its end, `stop`
    watch task   keeper task      keeper task
    link         keeper task      keeper task
    ============ ================ =========================
    """

    def __init__(
        self,
        *,
        upstream: Callable[[], Upstream],
        duties: Duties,
        status: StatusBoard,
        clock: Clock,
        jitter: Callable[[], float],
        patience: Patience,
    ) -> None:
        self._new_upstream = upstream
        self._duties = duties
        self._status = status
        self._clock = clock
        self._jitter = jitter
        self._patience = patience
        self._keeper: asyncio.Task[None] | None = None
        self._link: Link | None = None
        self._expires_in_s: float | None = None
        self._attempts = 0
        """Attempts to connect since a connection last held for ``stable_s``."""

    async def start(self) -> None:
        """Open the first connection. Raises `UpstreamError` when it cannot be opened."""
        self._status.enter(Phase.CONNECTING)
        upstream = await self._open(self._patience.first_tries)
        self._attempts = 0
        link = self._begin(upstream)
        self._keeper = asyncio.create_task(self._keep(link), name="session supervisor")

    async def stop(self) -> None:
        """End the connection; safe to call twice, not from the keeper task itself."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    def drop(self, error: UpstreamClosed) -> None:
        """Treat the connection as ended with ``error``."""
        if self._link is not None:
            self._link.drop(error)

    async def _keep(self, link: Link) -> None:
        try:
            while True:
                end = await self._serve(link)
                if end is not None and not end.recoverable:
                    raise end
                if self._clock.monotonic() - link.opened_at >= self._patience.stable_s:
                    self._attempts = 0
                link = await self._reconnect(end)
        except UpstreamError as error:
            log.warning(
                "session ended by its connection",
                extra={"code": error.code, "recoverable": error.recoverable},
            )
            await self._duties.on_failed(str(error))
        except Exception:
            log.exception("session supervisor failed")
            await self._duties.on_failed("The session failed inside this app; the server's log says why.")

    async def _serve(self, link: Link) -> UpstreamClosed | None:
        """Run a link to its end; None: replace it although nothing is wrong."""
        watch = asyncio.create_task(self._watch(link), name="session watch")
        try:
            return await link.run()
        finally:
            self._link = None
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    def _begin(self, upstream: Upstream) -> Link:
        link = self._link = Link(upstream, self._clock, self._on_event, self._duties.on_audio_dropped)
        self._expires_in_s = None
        self._status.enter(Phase.READY)
        self._duties.on_open(link.send)
        return link

    def _on_event(self, event: ServerEvent) -> None:
        if isinstance(event, SessionCreated):
            expires_at = event.session.get("expires_at")
            if isinstance(expires_at, int | float) and expires_at > 0:
                self._expires_in_s = expires_at - self._clock.now()
        self._duties.on_event(event)

    async def _reconnect(self, end: UpstreamClosed | None) -> Link:
        """A new link. Raises `UpstreamError` when there is none to be had."""
        self._status.enter(Phase.RECONNECTING)
        self._duties.on_lost(planned=end is None)
        if end is not None:
            log.info("connection lost", extra={"code": end.code})
            self._status.set_notice("connection", f"{end} Reconnecting.")
            if self._attempts >= self._patience.reconnect_tries:
                raise end  # it opens and breaks again and again
        upstream = await self._open(self._patience.reconnect_tries)
        self._status.set_notice("connection", "")
        return self._begin(upstream)

    async def _open(self, tries: int) -> Upstream:
        """A connected upstream. Raises the last refusal."""
        while True:
            if self._attempts:
                await self._clock.sleep(self._delay())
            self._attempts += 1
            upstream = self._new_upstream()
            try:
                await upstream.connect()
            except UpstreamRefused as error:
                await upstream.close()
                if not error.recoverable or self._attempts >= tries:
                    raise
                again = f"Trying again ({self._attempts} of {tries - 1})."
                self._status.set_notice("connection", f"{error} {again}")
            except BaseException:
                await upstream.close()
                raise
            else:
                return upstream

    def _delay(self) -> float:
        """Seconds before the next attempt: half of it fixed, half jitter."""
        doubled: float = self._patience.backoff_s * 2 ** (self._attempts - 1)
        whole = min(doubled, self._patience.backoff_max_s)
        return whole * (0.5 + self._jitter() / 2)

    async def _watch(self, link: Link) -> None:
        """Drop a link that is silent while an answer is due; replace one that is old and idle."""
        patience = self._patience
        while True:
            now = self._clock.monotonic()
            stalls_in = link.active_at + patience.stall_s - now
            if self._duties.awaits_server and stalls_in <= 0:
                log.warning("no event while an answer is due", extra={"silent_s": patience.stall_s})
                words = f"The Realtime server was silent for {patience.stall_s:g} s."
                link.drop(UpstreamClosed(words, recoverable=True))
                return
            ages_in = link.opened_at + self._rotation_s() - now
            if ages_in <= 0 and self._duties.is_idle:
                link.drop(None)
                return
            wait = min(stalls_in if stalls_in > 0 else patience.stall_s, max(ages_in, _BUSY_POLL_S))
            await self._clock.sleep(wait)

    def _rotation_s(self) -> float:
        """Age at which the link is replaced."""
        age = self._patience.rotate_after_s
        if self._expires_in_s is None:
            return age
        return min(age, max(self._expires_in_s - self._patience.rotate_before_expiry_s, 60.0))
