"""One tiny question to a Realtime server: does it not only connect, but answer?

An account without quota, or a model that a key may not use, often shows only when an answer is asked for,
a model for transcription that the server does not take only when a session is spoken.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from realtime_agents.errors import UpstreamError
from realtime_agents.protocol.commands import (
    ConversationItemCreate,
    ResponseCreate,
    ResponseParams,
    SessionUpdate,
)
from realtime_agents.protocol.events import Error, ResponseDone, ServerEvent
from realtime_agents.protocol.items import ErrorDetail, Response
from realtime_agents.protocol.session_config import RealtimeSession
from realtime_agents.session.faults import Fault, account_words, classify, failure_words, refusal_words
from realtime_agents.session.reseed import user_item
from realtime_agents.session.upstream import Upstream

LIMIT_S = 30.0
_MAX_TOKENS = 16
_INSTRUCTIONS = "Reply in one word."
_TOOL: dict[str, Any] = {
    "type": "function",
    "name": "look_up",
    "description": "Looks something up. Not needed for a greeting.",
    "parameters": {
        "type": "object",
        "properties": {"query": {"type": "string", "description": "What to look up"}},
        "required": ["query"],
    },
}
"""Every agent has tools: a model that cannot take any is found out here."""


async def probe(
    upstream: Upstream,
    *,
    sessions: Sequence[RealtimeSession] = (),
    limit_s: float = LIMIT_S,
    is_ours: bool = False,
) -> str:
    """Connect, ask, wait for the end of the answer; the problem in words, empty when there is none.

    ``sessions``: what the server will be told about sessions; it is told them first, which costs
    nothing. ``is_ours``: the server is this app's engine, whose own words may be shown. ``upstream`` is left to
    the caller to close.
    """
    try:
        await upstream.connect()
        async with asyncio.timeout(limit_s):
            return await _ask(upstream, sessions, is_ours=is_ours)
    except UpstreamError as error:
        return str(error)
    except TimeoutError:
        return f"The Realtime server takes the connection, but did not answer a tiny question within {limit_s:g} s."


async def _ask(upstream: Upstream, sessions: Sequence[RealtimeSession], *, is_ours: bool) -> str:
    params = ResponseParams(
        instructions=_INSTRUCTIONS,
        output_modalities=("text",),
        max_output_tokens=_MAX_TOKENS,
        tools=(_TOOL,),
        tool_choice="auto",
    )
    with contextlib.suppress(UpstreamError):  # what is still to be read says why
        for number, session in enumerate(sessions):
            await upstream.send(SessionUpdate(event_id=f"probe_{number}", session=session.to_wire()))
        await upstream.send(ConversationItemCreate(item=user_item("Reply with the one word OK.")))
        await upstream.send(ResponseCreate(response=params, event_id="probe"))
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_event(event: ServerEvent) -> None:
        match event:
            case _ if outcome.done():
                pass
            case Error(error=error) if words := _refusal(error):
                outcome.set_result(words)
            case ResponseDone(response=response):
                outcome.set_result(_outcome(response, is_ours=is_ours))

    listening = asyncio.create_task(upstream.listen(on_event), name="probe listener")
    try:
        await asyncio.wait((outcome, listening), return_when=asyncio.FIRST_COMPLETED)
        if not outcome.done():
            await listening
            return "The Realtime server ended the connection without an answer."
        return outcome.result()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def _refusal(error: ErrorDetail) -> str:
    match classify(error):
        case Fault.ACCOUNT:
            return account_words(error)
        case Fault.BENIGN:
            return ""
        case Fault.OVER | Fault.REFUSED:
            return refusal_words(error)


def _outcome(response: Response, *, is_ours: bool) -> str:
    if response.status != "failed":
        return ""
    error = response.status_details.error if response.status_details else None
    if is_ours and error is not None and error.message:
        return error.message
    return f"A tiny question was not answered: {failure_words(error)}."
