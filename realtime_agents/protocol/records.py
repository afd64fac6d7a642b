"""What is known of one conversation item while its parts stream in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from realtime_agents.protocol.items import FunctionCallItem, Item, ItemStatus, MessageItem
from realtime_agents.protocol.pcm import bytes_to_ms

ConversationStatus = Literal["in_progress", "completed", "incomplete", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItem:
    """One item as of now."""

    id: str
    item: Item
    """As the wire last gave it, without audio; a function call has all arguments so far."""
    text: str
    """Words of a message: written, heard or spoken so far. Of interrupted speech only what was
    heard. Empty for other items."""
    unheard: str
    """Rest of the words of interrupted speech, that nobody heard."""
    status: ConversationStatus
    previous_item_id: str | None
    response_id: str | None
    """The response that made it; ``None`` for what the client or the person added."""


@dataclass(slots=True, kw_only=True)
class ItemRecord:
    """The growing side of a `ConversationItem`; owned by `conversation.Conversation`."""

    id: str
    item: Item
    status: ConversationStatus
    response_id: str | None = None
    parts: dict[int, str] = field(default_factory=dict)
    """Words per content index."""
    final_transcripts: set[int] = field(default_factory=set)
    """Content indexes of input audio whose transcription has ended."""
    audio_bytes: int = 0
    heard_ms: int | None = None
    """Where the item was truncated, in milliseconds of its audio."""

    @property
    def words(self) -> str:
        """All words, heard or not; parts are separated by line breaks."""
        if len(self.parts) == 1:
            return next(iter(self.parts.values()))
        return "\n".join(self.parts[index] for index in sorted(self.parts) if self.parts[index])

    @property
    def text(self) -> str:
        """Words that were heard, or all when nothing was cut."""
        words = self.words
        return words if self.heard_ms is None else heard_part(words, self.heard_ms, self.audio_bytes)

    def add_words(self, content_index: int, delta: str) -> None:
        self.parts[content_index] = self.parts.get(content_index, "") + delta

    def repair_words(self, content_index: int, words: str | None) -> str | None:
        """Take the whole words of a part; returns what was missing, ``None`` if nothing changed.

        The missing words are empty when earlier ones were replaced. Empty words never erase: a
        truncated item comes back without them, and its words must stay known to be cut.
        """
        known = self.parts.get(content_index, "")
        if not words or words == known:
            return None
        if words.startswith(known):
            self.parts[content_index] = words
            return words[len(known) :]
        if self.heard_ms is not None:
            return None
        self.parts[content_index] = words
        return ""

    def merge(self, item: Item, *, final: bool) -> None:
        """Take a newer version of the item; what already is known survives one that knows less."""
        status = _status_of(item) or ("completed" if final or self.response_id is None else "in_progress")
        if status == "in_progress" and self.status != "in_progress":
            return  # an older version that comes late
        if self.status != "interrupted":
            self.status = status
        match item:
            case MessageItem():
                for index, part in enumerate(item.content):
                    if index not in self.final_transcripts:
                        self.repair_words(index, part.words)
                content = tuple(replace(part, audio=None) for part in item.content)
                if not content and isinstance(self.item, MessageItem):
                    content = self.item.content
                self.item = replace(item, content=content)
            case FunctionCallItem():
                self.item = _merge_call(self.item, item)
            case _:
                self.item = item


def heard_part(words: str, heard_ms: int, audio_bytes: int) -> str:
    """Estimate which of the ``words`` were heard: cut in proportion to time, back to a word's end."""
    received_ms = bytes_to_ms(audio_bytes)
    if not words or heard_ms >= received_ms:
        return words
    end = int(len(words) * max(heard_ms, 0) / received_ms)
    if not words[end].isspace():
        end = max(words.rfind(" ", 0, end), 0) or end
    return words[:end].rstrip()


def _status_of(item: Item) -> ItemStatus | None:
    match item:
        case MessageItem() | FunctionCallItem():
            return item.status
        case _:
            return "completed"


def _merge_call(known: Item, newer: FunctionCallItem) -> FunctionCallItem:
    if not isinstance(known, FunctionCallItem):
        return newer
    return replace(
        newer,
        call_id=newer.call_id or known.call_id,
        name=newer.name or known.name,
        arguments=newer.arguments or known.arguments,
    )
