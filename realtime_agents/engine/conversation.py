"""The default conversation of a connection: items in order, with the rules of the GA API."""

from __future__ import annotations

from dataclasses import replace

from realtime_agents.engine.spoken_track import SpokenTrack
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.items import (
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    MessageItem,
    OpaqueItem,
)

ROOT = "root"


def size_of(item: Item) -> int:
    """Characters of text that an item carries."""
    match item:
        case MessageItem():
            return sum(len(part.words or "") for part in item.content)
        case FunctionCallItem():
            return len(item.name) + len(item.arguments)
        case FunctionCallOutputItem():
            return len(item.output)
        case OpaqueItem():
            return 0


class ConversationStore:
    """Items by id, in order. Every method that can refuse raises `ProtocolError` and changes nothing then."""

    def __init__(self, *, max_items: int, max_chars: int) -> None:
        self._max_items = max_items
        self._max_chars = max_chars
        self._order: list[str] = []
        self._items: dict[str, Item] = {}
        self._tracks: dict[str, SpokenTrack] = {}
        self._heard_ms: dict[str, int] = {}
        self._chars = 0

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items[item_id] for item_id in self._order)

    @property
    def last_id(self) -> str | None:
        return self._order[-1] if self._order else None

    def get(self, item_id: str, param: str = "item_id") -> Item:
        found = self._items.get(item_id)
        if found is None:
            raise ProtocolError(
                "Item not found: no item of the conversation has this id.", code="item_not_found", param=param
            )
        return found

    def latest(self, item: Item) -> Item:
        """An item as it is now, or as it was when it has been deleted."""
        return self._items.get(item.id or "", item)

    def insert(self, item: Item, previous_item_id: str | None = None) -> str | None:
        """Add a client's item; returns the id of the item before it, ``None`` at the start."""
        assert_id = item.id or ""
        if assert_id in self._items:
            raise ProtocolError("An item with this id exists already.", code="invalid_value", param="item.id")
        if isinstance(item, FunctionCallOutputItem) and not self._has_call(item.call_id):
            raise ProtocolError(
                "No function call with this call_id is in the conversation.",
                code="invalid_value",
                param="item.call_id",
            )
        if len(self._order) >= self._max_items or self._chars + size_of(item) > self._max_chars:
            raise ProtocolError(
                f"The conversation is full: at most {self._max_items} items and {self._max_chars} characters.",
                code="conversation_too_large",
                param="item",
            )
        return self._put(item, self._place_after(previous_item_id))

    def append_output(self, item: Item) -> str | None:
        """Add an item of a response at the end; bounds are for clients, an answer is short."""
        return self._put(item, len(self._order))

    def replace(self, item: Item) -> None:
        """Put the final form of an item in place; nothing happens when it was deleted meanwhile."""
        item_id = item.id or ""
        old = self._items.get(item_id)
        if old is not None:
            self._chars += size_of(item) - size_of(old)
            self._items[item_id] = item

    def delete(self, item_id: str) -> None:
        self._chars -= size_of(self.get(item_id))
        self._order.remove(item_id)
        del self._items[item_id]
        self._tracks.pop(item_id, None)
        self._heard_ms.pop(item_id, None)

    def keep_track(self, item_id: str, track: SpokenTrack) -> None:
        """The words of an assistant's spoken item over its audio, to cut it with."""
        self._tracks[item_id] = track

    def keep_heard(self, item_id: str, audio_ms: int) -> None:
        """How long a person's spoken item is. Its audio itself is not kept."""
        self._heard_ms[item_id] = audio_ms

    def audio_ms(self, item_id: str) -> int:
        """How long an item is to hear; 0 for text."""
        track = self._tracks.get(item_id)
        return track.duration_ms if track is not None else self._heard_ms.get(item_id, 0)

    def set_transcript(self, item_id: str, transcript: str) -> None:
        """What was said in a person's spoken item; nothing happens when it was deleted meanwhile."""
        item = self._items.get(item_id)
        if not isinstance(item, MessageItem):
            return
        self.replace(replace(item, content=tuple(_heard_as(part, transcript) for part in item.content)))

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Forget an assistant's audio after ``audio_end_ms``, and the words that were not said whole by then."""
        item = self._items.get(item_id)
        if item is None:
            raise ProtocolError(
                "Cannot truncate: no item of the conversation has this id.",
                code="item_truncate_invalid_item_id",
                param="item_id",
            )
        track = self._tracks.get(item_id)
        if track is None or not isinstance(item, MessageItem):
            raise ProtocolError(
                "Only model output audio messages can be truncated.",
                code="unsupported_content_type",
                param="item_id",
            )
        if content_index != 0:
            raise ProtocolError(
                "Invalid value for 'content_index': the item has one part, expected 0.",
                code="invalid_value",
                param="content_index",
            )
        if item.status == "in_progress":
            raise ProtocolError(
                "The item is still being spoken: cancel its response first.",
                code="invalid_value",
                param="item_id",
            )
        if audio_end_ms > track.duration_ms:
            raise ProtocolError(
                f"Audio content of {track.duration_ms}ms is already shorter than {audio_end_ms}ms",
                code="invalid_value",
                param="audio_end_ms",
            )
        if audio_end_ms >= track.whole_ms:
            return  # it was heard to its end
        track.cut(audio_end_ms)
        content = (ContentPart(type="output_audio", transcript=track.text),)
        self.replace(replace(item, content=content, status="incomplete"))

    def before(self, item_id: str) -> str | None:
        """Id of the item before ``item_id`` now."""
        at = self._order.index(item_id)
        return self._order[at - 1] if at else None

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._items

    def _put(self, item: Item, at: int) -> str | None:
        item_id = item.id or ""
        self._order.insert(at, item_id)
        self._items[item_id] = item
        self._chars += size_of(item)
        return self._order[at - 1] if at else None

    def _place_after(self, previous_item_id: str | None) -> int:
        if previous_item_id is None:
            return len(self._order)
        if previous_item_id == ROOT:
            return 0
        if previous_item_id not in self._items:
            raise ProtocolError(
                "No item of the conversation has the id given as previous_item_id.",
                code="item_not_found",
                param="previous_item_id",
            )
        return self._order.index(previous_item_id) + 1

    def _has_call(self, call_id: str) -> bool:
        return any(isinstance(i, FunctionCallItem) and i.call_id == call_id for i in self._items.values())


def _heard_as(part: ContentPart, transcript: str) -> ContentPart:
    return replace(part, transcript=transcript) if part.type == "input_audio" else part


def completed(item: Item, *, item_id: str, call_id: str) -> Item:
    """A client's item with the ids and the status the server gives where the client gave none."""
    match item:
        case FunctionCallItem():
            return replace(
                item,
                id=item.id or item_id,
                call_id=item.call_id or call_id,
                status=item.status or "completed",
            )
        case MessageItem() | FunctionCallOutputItem():
            return replace(item, id=item.id or item_id, status=item.status or "completed")
        case OpaqueItem():
            return replace(item, id=item.id or item_id)
