"""The items of one conversation: by id, in order, and by the response that made them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from realtime_agents.protocol.items import UNSET, FunctionCallItem, Item, Response, Unset
from realtime_agents.protocol.ordering import ItemOrder
from realtime_agents.protocol.records import ConversationItem, ItemRecord


class ItemBook:
    """Item records and their places. Owned by `conversation.Conversation`, which alone writes."""

    def __init__(self) -> None:
        self._records: dict[str, ItemRecord] = {}
        self._order = ItemOrder()
        self._removed: set[str] = set()
        """Events still under way must not bring a removed item back."""
        self._of_response: dict[str, dict[str, None]] = {}

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._records

    def __len__(self) -> int:
        return len(self._order)

    def ordered(self) -> Iterator[ConversationItem]:
        """Items that have a place, in order."""
        return (self.view(self._records[item_id]) for item_id in self._order)

    def find(self, item_id: str) -> ItemRecord | None:
        return self._records.get(item_id)

    def of_response(self, response_id: str) -> list[ItemRecord]:
        """Records of a response in the order of their first event."""
        return [self._records[item_id] for item_id in self._of_response.get(response_id, ())]

    def view(self, record: ItemRecord) -> ConversationItem:
        """The record as a frozen `ConversationItem`."""
        text = record.text
        return ConversationItem(
            id=record.id,
            item=record.item,
            text=text,
            unheard=record.words[len(text) :] if record.heard_ms is not None else "",
            status=record.status,
            previous_item_id=self._order.previous(record.id),
            response_id=record.response_id,
        )

    def merge(self, item: Item, *, response_id: str | None = None, final: bool) -> bool:
        """Take a version of an item; returns whether anything about it changed."""
        if item.id is None or item.id in self._removed:
            return False
        record = self._records.get(item.id)
        before = None if record is None else self.view(record)
        if record is None:
            record = self._add(item.id, item)
        if response_id is not None:
            self._assign(record, response_id)
        record.merge(item, final=final)
        return self.view(record) != before

    def ensure(self, item_id: str, placeholder: Item) -> ItemRecord | None:
        """The record of an item, made from the placeholder when its first event is late or lost.

        ``None`` when the item was removed.
        """
        if item_id in self._removed:
            return None
        return self._records.get(item_id) or self._add(item_id, replace(placeholder, id=item_id))

    def ensure_answer(self, item_id: str, response: Response, placeholder: Item) -> ItemRecord | None:
        """Like `ensure`, for an item of a response; gives it a place at the end if it has none."""
        record = self.ensure(item_id, placeholder)
        if record is not None and record.response_id is None:
            self._assign(record, response.id)
            self.place_answer(item_id, response)
        return record

    def place(self, item_id: str | None, previous: str | Unset | None) -> bool:
        """Put a known item after ``previous``, see `ItemOrder.place`; returns whether it moved."""
        return item_id is not None and item_id in self._records and self._order.place(item_id, previous)

    def place_answer(self, item_id: str | None, response: Response) -> bool:
        """Put an item of a response at the end, until the server tells its exact place.

        One of a response out of band has no place at all.
        """
        return not response.out_of_band and self.place(item_id, UNSET)

    def remove(self, item_id: str) -> ItemRecord | None:
        """Take an item out for good; returns its record."""
        self._removed.add(item_id)
        self._order.discard(item_id)
        record = self._records.pop(item_id, None)
        if record is not None and record.response_id is not None:
            siblings = self._of_response[record.response_id]
            siblings.pop(item_id)
            if not siblings:
                del self._of_response[record.response_id]
        return record

    def readmit(self, item_id: str | None) -> None:
        """Let the id of a removed item be used again: the client may choose it anew."""
        if item_id is not None:
            self._removed.discard(item_id)

    def settle(self, response: Response) -> Iterable[str]:
        """Close the items that an ended response left open; yields the ids that changed."""
        for record in self.of_response(response.id):
            status = record.status
            if isinstance(record.item, FunctionCallItem):
                record.status = "incomplete" if status == "in_progress" else status
            elif response.status == "cancelled" and status in ("in_progress", "incomplete"):
                record.status = "interrupted"
            elif status == "in_progress":
                record.status = "completed" if response.status == "completed" else "incomplete"
            if record.status != status:
                yield record.id

    def _add(self, item_id: str, item: Item) -> ItemRecord:
        record = self._records[item_id] = ItemRecord(id=item_id, item=item, status="in_progress")
        return record

    def _assign(self, record: ItemRecord, response_id: str) -> None:
        if record.response_id is None:
            record.response_id = response_id
            self._of_response.setdefault(response_id, {})[record.id] = None
