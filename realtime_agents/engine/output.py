"""What a response has given out so far: its items, their events, and how much it may still say."""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Callable

from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.usage import AUDIO_OUT_TOKEN_MS, CHARS_PER_TOKEN, tokens_of
from realtime_agents.protocol.events import (
    ConversationItemAdded,
    ConversationItemDone,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
    ServerEvent,
)
from realtime_agents.protocol.items import Item, ItemStatus

Emit = Callable[[ServerEvent], Awaitable[None]]


def new_id(prefix: str) -> str:
    """An id of the wire, at most 32 characters: ``item_3f…``."""
    return f"{prefix}_{secrets.token_hex(12)}"


class Output:
    """The items of one response, in order, and its tokens. One item is open at a time."""

    def __init__(
        self, response_id: str, *, emit: Emit, conversation: ConversationStore | None, max_tokens: int | None
    ) -> None:
        self.response_id = response_id
        self.emit = emit
        self.conversation = conversation
        """Where the items are written too; ``None`` out of band."""
        self._max_tokens = max_tokens
        self._items: list[Item] = []
        self._text_tokens = 0
        self._audio_tokens = 0

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items)

    @property
    def text_tokens(self) -> int:
        """Tokens of the items that are closed."""
        return self._text_tokens

    @property
    def audio_tokens(self) -> int:
        return self._audio_tokens

    @property
    def next_index(self) -> int:
        """The index that the next item will have."""
        return len(self._items)

    def may_say(self, text_chars: int, audio_ms: float = 0.0) -> bool:
        """True while the open item may have so many characters and so much audio in all."""
        if self._max_tokens is None:
            return True
        left = self._max_tokens - self._text_tokens - self._audio_tokens
        return math.ceil(text_chars / CHARS_PER_TOKEN) + math.ceil(audio_ms / AUDIO_OUT_TOKEN_MS) <= left

    def chars_left(self) -> int | None:
        """Characters that may still be given out; ``None`` for no bound."""
        if self._max_tokens is None:
            return None
        return max(self._max_tokens - self._text_tokens - self._audio_tokens, 0) * CHARS_PER_TOKEN

    async def open(self, item: Item) -> int:
        """Announce an item; returns its index."""
        index = len(self._items)
        self._items.append(item)
        await self.emit(
            ResponseOutputItemAdded(
                event_id=new_id("event"), response_id=self.response_id, output_index=index, item=item
            )
        )
        if self.conversation is not None:
            before = self.conversation.append_output(item)
            await self.emit(
                ConversationItemAdded(event_id=new_id("event"), item=item, previous_item_id=before)
            )
        return index

    async def close(self, index: int, item: Item, *, said: str, audio_ms: float = 0.0) -> None:
        """Put the final form of an item in place and announce it; ``said`` and audio are counted."""
        self._items[index] = item
        self._text_tokens += tokens_of(said)
        self._audio_tokens += math.ceil(audio_ms / AUDIO_OUT_TOKEN_MS)
        await self.emit(
            ResponseOutputItemDone(
                event_id=new_id("event"), response_id=self.response_id, output_index=index, item=item
            )
        )
        conversation = self.conversation
        if conversation is None or item.id not in conversation:
            return  # out of band, or the client deleted it meanwhile
        conversation.replace(item)
        before = conversation.before(item.id or "")
        await self.emit(ConversationItemDone(event_id=new_id("event"), item=item, previous_item_id=before))


def status_of(full: bool) -> ItemStatus:
    """The status of an item that is, or is not, whole."""
    return "completed" if full else "incomplete"
