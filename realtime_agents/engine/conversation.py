"""The default conversation of a connection: items in order, with the rules of the GA API."""

from __future__ import annotations

from dataclasses import replace

from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.items import (
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
        self._chars = 0

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items[item_id] for item_id in self._order)

    def get(self, item_id: str, param: str = "item_id") -> Item:
        found = self._items.get(item_id)
        if found is None:
            raise ProtocolError(
                "Item not found: no item of the conversation has this id.", code="item_not_found", param=param
            )
        return found

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

    def check_truncation(self, item_id: str) -> None:
        """Only assistant audio can be truncated, and this build makes none: always a refusal."""
        if item_id not in self._items:
            raise ProtocolError(
                "Cannot truncate: no item of the conversation has this id.",
                code="item_truncate_invalid_item_id",
                param="item_id",
            )
        raise ProtocolError(
            "Only model output audio messages can be truncated.",
            code="unsupported_content_type",
            param="item_id",
        )

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
