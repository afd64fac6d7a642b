"""What a response is asked to be: the session's settings, overridden by its own parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_agents.engine.audio_format import AudioFormat, format_of
from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.dialogue.view import DialogueContext, ToolChoice, ToolSpec
from realtime_agents.engine.responder import ResponseSpec
from realtime_agents.engine.session_state import SessionState
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.items import Item, OpaqueItem


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceWish:
    """A response is to be spoken, like this."""

    voice: str
    speed: float
    audio_format: AudioFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A response with everything that the session and its own parameters say, fixed at its start."""

    spec: ResponseSpec
    voice_wish: VoiceWish | None
    instructions: str
    has_own_instructions: bool
    tools: tuple[Mapping[str, Any], ...]
    tool_choice: str | Mapping[str, Any]
    parallel_tool_calls: bool
    items: tuple[Item, ...]
    """As they were when it was asked for; words of spoken ones may still be missing."""
    remark: str
    """What the engine says without thinking; empty: it thinks."""

    def context(self, items: tuple[Item, ...], *, aloud: bool) -> DialogueContext:
        """What the brain gets to see: ``items`` are those that fit."""
        choice: ToolChoice = "auto"
        forced = None
        match self.tool_choice:
            case "none" | "required" as said:
                choice = said
            case {"name": str(name)}:
                forced = name
            case _:
                pass
        limit = self.spec.max_output_tokens
        return DialogueContext(
            instructions=self.instructions,
            items=items,
            tools=tool_specs(self.tools),
            tool_choice=choice,
            forced_tool=forced,
            parallel_tool_calls=self.parallel_tool_calls,
            aloud=aloud,
            max_output_tokens=limit if isinstance(limit, int) else None,
        )


def tool_specs(tools: tuple[Mapping[str, Any], ...]) -> tuple[ToolSpec, ...]:
    """The wire's function tools as the dialogue reads them."""
    return tuple(
        ToolSpec(name=t["name"], description=t.get("description") or "", parameters=t.get("parameters") or {})
        for t in tools
    )


class RequestBuilder:
    """Makes requests from parameters, for one connection."""

    def __init__(self, session: SessionState, conversation: ConversationStore, conversation_id: str) -> None:
        self._session = session
        self._conversation = conversation
        self._conversation_id = conversation_id

    def build(self, params: ResponseParams, *, aside: bool, remark: str) -> Request:
        """Raises `ProtocolError` for parameters that cannot be met."""
        session = self._session
        tools = params.tools if params.tools is not None else tuple(session.get("tools"))
        choice = params.tool_choice if params.tool_choice is not None else session.get("tool_choice")
        if isinstance(choice, Mapping) and choice["name"] not in {tool["name"] for tool in tools}:
            raise ProtocolError(
                "Invalid value for 'tool_choice': there is no tool with this name.",
                code="invalid_value",
                param="response.tool_choice",
            )
        audio = self._audio(params)
        modalities = params.output_modalities or session.get("output_modalities")
        parallel = params.parallel_tool_calls
        given = params.instructions is not None
        return Request(
            spec=ResponseSpec(
                conversation=None if aside else self._conversation,
                conversation_id=None if aside else self._conversation_id,
                metadata=params.metadata,
                max_output_tokens=params.max_output_tokens or session.get("max_output_tokens"),
                audio={"output": audio},
            ),
            voice_wish=self._voice_wish(audio) if "audio" in modalities else None,
            instructions=(params.instructions or "") if given else session.get("instructions"),
            has_own_instructions=given,
            tools=tools,
            tool_choice=choice,
            parallel_tool_calls=session.get("parallel_tool_calls") if parallel is None else parallel,
            items=self._conversation.items if params.input is None else self._resolve(params.input),
            remark=remark,
        )

    def _audio(self, params: ResponseParams) -> dict[str, Any]:
        own = ((params.audio or {}).get("output") or {}).items()
        output = self._session.to_wire()["audio"]["output"]
        return {**output, **{name: value for name, value in own if value is not None}}

    def _voice_wish(self, audio: Mapping[str, Any]) -> VoiceWish:
        self._session.check_voice(audio["voice"], "response.audio.output.voice")
        return VoiceWish(
            voice=audio["voice"], speed=float(audio["speed"]), audio_format=format_of(audio["format"])
        )

    def _resolve(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """Input items, with references to items of the conversation followed."""
        return tuple(
            self._conversation.get(item.id or "", "response.input")
            if isinstance(item, OpaqueItem) and item.type == "item_reference"
            else item
            for item in items
        )
