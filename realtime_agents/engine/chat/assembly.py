"""From the chunks of a streamed chat completion to thoughts; pure.

Servers differ in what a chunk holds, so nothing is taken for granted: chunks without choices,
without ``index``, with whole calls at once, with ``null`` or numbers where text belongs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from realtime_agents.engine.chat.faults import broken_off, unreadable
from realtime_agents.engine.chat.visible import VisibleText
from realtime_agents.engine.dialogue.view import parse_object
from realtime_agents.engine.thought import Ended, Thought, ToolCall, Words
from realtime_agents.protocol.items import (
    CachedTokensDetails,
    InputTokenDetails,
    OutputTokenDetails,
    Usage,
)

_CUT_SHORT: dict[str, Literal["max_output_tokens", "content_filter"]] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}


class _Call:
    """One tool call while its pieces come in."""

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = ""

    def add(self, piece: Mapping[str, Any]) -> None:
        function = _object(piece.get("function"))
        self.id = self.id or _text(piece.get("id"))
        self.name = self.name or _text(function.get("name"))
        arguments = function.get("arguments")
        # A few servers send the object itself where its JSON text belongs.
        self.arguments += json.dumps(arguments) if isinstance(arguments, Mapping) else _text(arguments)

    @property
    def is_whole(self) -> bool:
        return parse_object(self.arguments or "{}") is not None


class Assembly:
    """Takes chunks of one answer, gives its thoughts: words at once, calls when the answer has ended."""

    def __init__(self, host: str, *, parallel_calls: bool = True) -> None:
        """``host`` is named in errors. Without ``parallel_calls`` only the first call counts."""
        self._host = host
        self._parallel_calls = parallel_calls
        self._visible = VisibleText()
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._finish = ""
        self._usage: Usage | None = None
        self.has_begun = False
        """A word or a piece of a call has come; what a model thinks to itself does not count."""

    @property
    def has_ended(self) -> bool:
        """The answer is whole; only its usage may still come."""
        return bool(self._finish)

    def add(self, chunk: Mapping[str, Any]) -> Words | None:
        """One chunk; the words it brings."""
        self._usage = _usage(chunk.get("usage")) or self._usage
        choice = _first_choice(chunk)
        delta = _object(choice.get("delta")) or _object(choice.get("message"))
        pieces = delta.get("tool_calls")
        for piece in pieces if isinstance(pieces, list) else ():
            self._add_call(_object(piece))
        self._finish = _text(choice.get("finish_reason")) or self._finish
        text = self._visible.add(_text(delta.get("content")) or _text(delta.get("refusal")))
        if not text:
            return None
        self.has_begun = True
        return Words(text=text)

    def finish(self) -> list[Thought]:
        """The rest, once the stream has ended. Raises `ThinkingError` when it ended too early."""
        if not self._finish:
            raise broken_off(self._host)
        rest = self._visible.rest()
        thoughts: list[Thought] = [Words(text=rest)] if rest else []
        cut_short = _CUT_SHORT.get(self._finish)
        calls = [call for call in self._calls if call.is_whole] if cut_short else self._calls
        for call in calls if self._parallel_calls else calls[:1]:
            if not call.name:
                raise unreadable(self._host)
            thoughts.append(ToolCall(name=call.name, arguments=call.arguments or "{}"))
        return [*thoughts, Ended(cut_short=cut_short, usage=self._usage)]

    def _add_call(self, piece: Mapping[str, Any]) -> None:
        self.has_begun = True
        index = piece.get("index")
        number = index if isinstance(index, int) else None
        call = self._by_index.get(number) if number is not None else self._without_index(piece)
        if call is None or _begins_another(call, piece):
            call = _Call()
            self._calls.append(call)
        if number is not None:
            self._by_index[number] = call
        call.add(piece)

    def _without_index(self, piece: Mapping[str, Any]) -> _Call | None:
        """The call that a piece goes on with: the one with its id; a name without a known id begins another."""
        call_id = _text(piece.get("id"))
        known = next((call for call in self._calls if call_id and call.id == call_id), None)
        if known is not None or _text(_object(piece.get("function")).get("name")):
            return known
        return self._calls[-1] if self._calls else None


def _begins_another(call: _Call, piece: Mapping[str, Any]) -> bool:
    """True where a server gives several calls the same index: another id, and a name of its own.

    An id alone does not tell: there are servers that make one up for every piece.
    """
    call_id = _text(piece.get("id"))
    name = _text(_object(piece.get("function")).get("name"))
    return bool(call.name and name and call_id and call_id != call.id)


def _first_choice(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = chunk.get("choices")
    found = [_object(choice) for choice in choices] if isinstance(choices, list) else []
    return next((choice for choice in found if not choice.get("index")), {})


def _usage(found: Any) -> Usage | None:
    """The server's count; ``None`` when there is none to be read."""
    usage = _object(found)
    if not usage:
        return None
    given, made = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    cached = min(_count(_object(usage.get("prompt_tokens_details")).get("cached_tokens")), given)
    return Usage(
        total_tokens=given + made,
        input_tokens=given,
        output_tokens=made,
        input_token_details=InputTokenDetails(
            text_tokens=given,
            cached_tokens=cached,
            cached_tokens_details=CachedTokensDetails(text_tokens=cached),
        ),
        output_token_details=OutputTokenDetails(text_tokens=made),
    )


def _count(value: Any) -> int:
    return max(int(value), 0) if isinstance(value, int | float) else 0


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
