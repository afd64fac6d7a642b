"""The responses of one connection: at most one in the conversation, a few beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from realtime_agents.engine.brain import Brain
from realtime_agents.engine.budget import RequestBudget
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.hearing import Hearing, is_silent
from realtime_agents.engine.output import Emit, new_id
from realtime_agents.engine.playtime import Playtime
from realtime_agents.engine.request import Request, RequestBuilder
from realtime_agents.engine.responder import Responder, failure
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.speaking import Voicing
from realtime_agents.engine.speech_access import SpeechAccess
from realtime_agents.engine.thought import Thoughts, Words
from realtime_agents.engine.usage import InputPiece, fitting, head_pieces, item_piece, measure, with_audio
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.events import RateLimitsUpdated
from realtime_agents.protocol.items import Item, StatusDetails, Usage

log = logging.getLogger(__name__)

NOT_HEARD = "I didn't catch that. Could you say it again?"
"""The answer to speech without words, where the client asks for one."""
STILL_THERE = "Are you still there? Ask me whenever you're ready."
"""Said when nobody spoke for the idle time."""


class Responses:
    """Starts, cancels and finishes responses; owns their tasks until `close`."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        brain: Brain,
        session: SessionState,
        conversation: ConversationStore,
        conversation_id: str,
        hearing: Hearing,
        speech: SpeechAccess,
        emit: Emit,
    ) -> None:
        self._config = config
        self._brain = brain
        self._session = session
        self._conversation = conversation
        self._hearing = hearing
        self._speech = speech
        self._emit = emit
        self._builder = RequestBuilder(session, conversation, conversation_id)
        self._budget = RequestBudget(config.requests_per_minute, config.clock)
        self._active: Responder | None = None
        self._active_task: asyncio.Task[None] | None = None
        self._side: dict[str, Responder] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_input: tuple[InputPiece, ...] = ()
        self.begun = 0
        """Responses of the conversation that were begun so far."""
        self.on_answered: Callable[[float], None] = lambda _left_ms: None
        """Called when a response of the conversation has ended, with the time its audio still plays."""

    @property
    def is_answering(self) -> bool:
        """True while a response of the conversation runs."""
        return self._active is not None

    def create(self, params: ResponseParams | None, *, remark: str = "") -> None:
        """Begin a response; ``remark``: it says just this. Raises `ProtocolError` when it cannot begin."""
        params = params or ResponseParams()
        aside = params.conversation == "none"
        if not aside and self._active is not None:
            raise ProtocolError(
                f"Conversation already has an active response in progress: {self._active.id}."
                " Wait until the response is finished before creating a new one.",
                code="conversation_already_has_active_response",
            )
        if aside and len(self._side) >= self._config.max_side_responses:
            raise ProtocolError(
                f"Too many out-of-band responses at once: at most {self._config.max_side_responses}.",
                code="invalid_value",
                param="response.conversation",
            )
        request = self._builder.build(params, aside=aside, remark=remark)
        responder = Responder(
            request.spec, emit=self._emit, clock=self._config.clock, words_per_s=self._config.words_per_s
        )
        task = asyncio.create_task(self._respond(responder, request), name="engine response")
        if aside:
            self._side[responder.id] = responder
        else:
            self._active, self._active_task = responder, task
            self.begun += 1
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def answer(self, remark: str = "") -> None:
        """Begin the response to a spoken turn, after one that was interrupted. Raises `ProtocolError`."""
        await self.settled()
        self.create(None, remark=remark)

    def cancel(self, response_id: str | None) -> None:
        """Stop a response. Raises `ProtocolError` when there is none to stop."""
        known = {r.id: r for r in (*self._side.values(), *([self._active] if self._active else []))}
        found = self._active if response_id is None else known.get(response_id)
        if found is None:
            raise ProtocolError(
                "Cancellation failed: no active response found.", code="response_cancel_not_active"
            )
        found.cancel()

    def interrupt(self) -> None:
        """Somebody speaks: stop the response of the conversation, if one runs."""
        if self._active is not None:
            self._active.cancel("turn_detected")

    async def settled(self) -> None:
        """Wait until the response of the conversation, if it was cancelled, has ended."""
        if self._active is not None and self._active.is_cancelled and self._active_task is not None:
            await asyncio.wait({self._active_task})

    async def close(self) -> None:
        """End all tasks; idempotent."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _respond(self, responder: Responder, request: Request) -> None:
        """One response from its first to its last event. A failure of ours ends it as ``failed``."""
        usage: Usage | None = None
        playtime = Playtime(self._config.clock)
        try:
            await responder.created(await self._voicing(request, playtime))
            details, usage = await self._stream(responder, request)
        except Exception:
            log.exception("response failed")
            details = failure("server_error", "The local engine failed to answer. Please try again.")
        # The slot is free before the client learns of it: it may create the next one at once.
        if self._active is responder:
            self._active = self._active_task = None
            self.on_answered(playtime.left_ms)
        self._side.pop(responder.id, None)
        await responder.done(details, usage)

    async def _voicing(self, request: Request, playtime: Playtime) -> Voicing | None:
        """How the response is spoken; ``None`` for text, also where there is no speech to be had."""
        wish = request.voice_wish
        speech = await self._speech.get() if wish is not None else None
        if wish is None or speech is None:
            return None

        def on_audio(samples: int) -> None:
            self._session.on_spoken(wish.voice)
            playtime.add(samples)

        return Voicing(
            speech=speech,
            voice=wish.voice,
            speed=wish.speed,
            audio_format=wish.audio_format,
            on_audio=on_audio,
            on_fault=self._speech.on_fault,
        )

    async def _stream(self, responder: Responder, request: Request) -> tuple[StatusDetails, Usage | None]:
        taken = self._budget.take()
        await self._emit(RateLimitsUpdated(event_id=new_id("event"), rate_limits=self._budget.report()))
        if not taken:
            return failure("rate_limit_exceeded", "Too many responses in one minute."), None
        await self._hearing.settled(item.id for item in request.items)
        items = tuple(self._conversation.latest(item) for item in request.items)
        head = head_pieces(request.instructions, request.tools)
        pieces = tuple(item_piece(item, self._conversation.audio_ms(item.id or "")) for item in items)
        kept = self._within_context(pieces, sum(piece.tokens for piece in head))
        if kept is None:
            return failure(
                "context_length_exceeded", "The conversation does not fit and truncation is off."
            ), None
        items, looked_at = items[len(items) - kept :], (*head, *pieces[len(pieces) - kept :])
        previous, self._last_input = self._last_input, looked_at
        details = responder.cancelled
        if not responder.is_cancelled:
            details = await responder.run(self._thoughts(request, items, aloud=responder.is_aloud))
        output = responder.output
        usage = measure(looked_at, previous, output.text_tokens, output.audio_tokens)
        if responder.counted is not None:
            usage = with_audio(responder.counted, output.audio_tokens)
        return details, usage

    def _thoughts(self, request: Request, items: tuple[Item, ...], *, aloud: bool) -> Thoughts:
        """The remark of the engine itself, or what the brain makes of the items that have words."""
        if request.remark:
            return _remark(request.remark)
        if items and is_silent(items[-1]) and not request.has_own_instructions:
            return _remark(NOT_HEARD)
        worded = tuple(item for item in items if not is_silent(item))
        return self._brain.think(request.context(worded, aloud=aloud))

    def _within_context(self, pieces: tuple[InputPiece, ...], head_tokens: int) -> int | None:
        """How many of the newest items fit; ``None`` when not all do and the session forbids leaving any out."""
        limit, retention = self._config.context_tokens, 1.0
        truncation = self._session.get("truncation")
        if isinstance(truncation, dict):
            retention = float(truncation["retention_ratio"])
            own = (truncation.get("token_limits") or {}).get("post_instructions")
            limit = min(limit, head_tokens + own) if own else limit
        kept = fitting(pieces, limit - head_tokens, retention)
        return None if truncation == "disabled" and kept < len(pieces) else kept


async def _remark(text: str) -> Thoughts:
    yield Words(text=text)
