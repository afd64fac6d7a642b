"""The responses of one connection: at most one in the conversation, a few beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_agents.engine.brain import Brain
from realtime_agents.engine.budget import RequestBudget
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.dialogue.view import DialogueContext, ToolChoice, ToolSpec
from realtime_agents.engine.responder import Emit, Responder, ResponseSpec, failure, new_id
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.usage import fit_items, head_pieces, item_text, measure, tokens_of
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.events import RateLimitsUpdated
from realtime_agents.protocol.items import Item, OpaqueItem, StatusDetails, Usage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A response with everything that the session and its own parameters say, fixed at its start."""

    spec: ResponseSpec
    instructions: str
    tools: tuple[Mapping[str, Any], ...]
    tool_choice: str | Mapping[str, Any]
    parallel_tool_calls: bool
    items: tuple[Item, ...]

    def context(self, items: tuple[Item, ...]) -> DialogueContext:
        """What the dialogue gets to see: ``items`` are those that fit."""
        choice: ToolChoice = "auto"
        forced = None
        match self.tool_choice:
            case "none" | "required" as said:
                choice = said
            case {"name": str(name)}:
                forced = name
            case _:
                pass
        return DialogueContext(
            instructions=self.instructions,
            items=items,
            tools=tool_specs(self.tools),
            tool_choice=choice,
            forced_tool=forced,
            parallel_tool_calls=self.parallel_tool_calls,
        )


def tool_specs(tools: tuple[Mapping[str, Any], ...]) -> tuple[ToolSpec, ...]:
    """The wire's function tools as the dialogue reads them."""
    return tuple(
        ToolSpec(name=t["name"], description=t.get("description") or "", parameters=t.get("parameters") or {})
        for t in tools
    )


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
        emit: Emit,
    ) -> None:
        self._config = config
        self._brain = brain
        self._session = session
        self._conversation = conversation
        self._conversation_id = conversation_id
        self._emit = emit
        self._budget = RequestBudget(config.requests_per_minute, config.clock)
        self._active: Responder | None = None
        self._side: dict[str, Responder] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_input: tuple[str, ...] = ()

    async def create(self, params: ResponseParams | None) -> None:
        """Begin a response. Raises `ProtocolError` when it cannot begin."""
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
        request = self._request(params, aside=aside)
        responder = Responder(
            request.spec, emit=self._emit, clock=self._config.clock, words_per_s=self._config.words_per_s
        )
        if aside:
            self._side[responder.id] = responder
        else:
            self._active = responder
        task = asyncio.create_task(self._respond(responder, request), name="engine response")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self, response_id: str | None) -> None:
        """Stop a response. Raises `ProtocolError` when there is none to stop."""
        known = {r.id: r for r in (*self._side.values(), *([self._active] if self._active else []))}
        found = self._active if response_id is None else known.get(response_id)
        if found is None:
            raise ProtocolError(
                "Cancellation failed: no active response found.", code="response_cancel_not_active"
            )
        found.cancel()

    async def close(self) -> None:
        """End all tasks; idempotent."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _request(self, params: ResponseParams, *, aside: bool) -> _Request:
        session = self._session
        own_tools = params.tools if params.tools is not None else tuple(session.get("tools"))
        choice = params.tool_choice if params.tool_choice is not None else session.get("tool_choice")
        if isinstance(choice, Mapping) and choice["name"] not in {tool["name"] for tool in own_tools}:
            raise ProtocolError(
                "Invalid value for 'tool_choice': there is no tool with this name.",
                code="invalid_value",
                param="response.tool_choice",
            )
        given = params.instructions is not None
        parallel = params.parallel_tool_calls
        spec = ResponseSpec(
            conversation=None if aside else self._conversation,
            conversation_id=None if aside else self._conversation_id,
            metadata=params.metadata,
            max_output_tokens=params.max_output_tokens or session.get("max_output_tokens"),
            audio={"output": dict(session.to_wire()["audio"]["output"])},
        )
        return _Request(
            spec=spec,
            instructions=(params.instructions or "") if given else session.get("instructions"),
            tools=own_tools,
            tool_choice=choice,
            parallel_tool_calls=session.get("parallel_tool_calls") if parallel is None else parallel,
            items=self._conversation.items if params.input is None else self._resolve(params.input),
        )

    def _resolve(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """Input items, with references to items of the conversation followed."""
        return tuple(
            self._conversation.get(item.id or "", "response.input")
            if isinstance(item, OpaqueItem) and item.type == "item_reference"
            else item
            for item in items
        )

    async def _respond(self, responder: Responder, request: _Request) -> None:
        """One response from its first to its last event. A failure of ours ends it as ``failed``."""
        usage: Usage | None = None
        await responder.created()
        try:
            details, usage = await self._stream(responder, request)
        except Exception:
            log.exception("response failed")
            details = failure("server_error", "The local engine failed to answer. Please try again.")
        # The slot is free before the client learns of it: it may create the next one at once.
        if self._active is responder:
            self._active = None
        self._side.pop(responder.id, None)
        await responder.done(details, usage)

    async def _stream(self, responder: Responder, request: _Request) -> tuple[StatusDetails, Usage | None]:
        taken = self._budget.take()
        await self._emit(RateLimitsUpdated(event_id=new_id("event"), rate_limits=self._budget.report()))
        if not taken:
            return failure("rate_limit_exceeded", "Too many responses in one minute."), None
        head = head_pieces(request.instructions, request.tools)
        items = self._within_context(request, sum(map(tokens_of, head)))
        if items is None:
            return failure(
                "context_length_exceeded", "The conversation does not fit and truncation is off."
            ), None
        pieces = (*head, *map(item_text, items))
        previous, self._last_input = self._last_input, pieces
        details = StatusDetails(type="cancelled", reason="client_cancelled")
        if not responder.is_cancelled:
            plan = await self._brain.plan(request.context(items))
            if not responder.is_cancelled:
                details = await responder.run(plan)
        return details, measure(pieces, previous, responder.output_tokens)

    def _within_context(self, request: _Request, head_tokens: int) -> tuple[Item, ...] | None:
        """The items that fit; ``None`` when they do not and the session forbids leaving any out."""
        limit, retention = self._config.context_tokens, 1.0
        truncation = self._session.get("truncation")
        if isinstance(truncation, Mapping):
            retention = float(truncation["retention_ratio"])
            own = (truncation.get("token_limits") or {}).get("post_instructions")
            limit = min(limit, head_tokens + own) if own else limit
        fitting = fit_items(request.items, head_tokens, limit, retention)
        if truncation == "disabled" and len(fitting) < len(request.items):
            return None
        return fitting
