"""The order of conversation items, told by each item's ``previous_item_id``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from realtime_agents.protocol.items import UNSET, Unset

ROOT: Final = "root"
"""The wire's own word for "before all items"."""


class ItemOrder:
    """A tree in which every item hangs below its predecessor; reading order is depth first.

    An item put after a predecessor that already has a follower goes between the two, so the newest
    child comes first. An item whose predecessor is not yet known hangs below that unknown id, at
    the end, and moves with it when it arrives. Removed ids keep their node: late arrivals may
    still name them. Placing costs O(1), reading O(n).
    """

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._children: dict[str, dict[str, None]] = {ROOT: {}}
        self._strays: dict[str, None] = {}
        """Ids named as predecessors that have not arrived, oldest first."""
        self._guessed: set[str] = set()
        """Ids that were put at the end because nobody said where."""
        self._live: set[str] = set()
        self._tail: str | None = ROOT
        """Last node in reading order; ``None`` when it must be looked up again."""

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._live

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[str]:
        stack = [*reversed(self._strays), ROOT]
        while stack:
            node = stack.pop()
            if node in self._live:
                yield node
            stack.extend(self._children.get(node, ()))

    def previous(self, item_id: str) -> str | None:
        """The predecessor an item was placed after; ``None`` for the first one or an unknown id."""
        parent = self._parent.get(item_id)
        return None if parent == ROOT else parent

    def place(self, item_id: str, previous: str | Unset | None) -> bool:
        """Put an item after ``previous``; returns whether its place changed.

        ``"root"`` is the start. `UNSET` is the end, or no change for an item that has a place.
        ``None`` says "no predecessor": the start while nothing else stands there, otherwise the
        end, because some servers send ``null`` for every item.
        """
        if item_id == ROOT:
            return False
        if previous == item_id:  # nonsense, but the item must not be lost
            previous = UNSET
        is_new = item_id not in self._live
        self._live.add(item_id)
        if previous is None:
            previous = ROOT if self._is_first(item_id) else UNSET
        if previous is UNSET:
            if item_id not in self._parent and item_id not in self._strays:
                self._attach(item_id, self._find_tail())
                self._guessed.add(item_id)
            return is_new
        return self._move(item_id, previous) or is_new

    def discard(self, item_id: str) -> None:
        """Take an item out of the order; items after it keep their places."""
        self._live.discard(item_id)

    def _is_first(self, item_id: str) -> bool:
        """Whether "no predecessor" can be meant: nothing was put at the start on purpose yet."""
        others = (child for child in self._children[ROOT] if child not in self._guessed)
        return next(others, item_id) == item_id

    def _move(self, item_id: str, previous: str) -> bool:
        self._guessed.discard(item_id)
        if self._parent.get(item_id) == previous or not self._untie(item_id, previous):
            return False
        self._detach(item_id)
        self._attach(item_id, previous)
        return True

    def _untie(self, item_id: str, previous: str) -> bool:
        """Make sure that ``previous`` does not hang below the item; False if it must.

        What hangs there only because the end was guessed goes to the item's old place.
        """
        if item_id not in self._children:
            return True
        below, node = previous, self._parent.get(previous)
        while node is not None and node != item_id:
            below, node = node, self._parent.get(node)
        if node is None:
            return True
        if below not in self._guessed or item_id not in self._parent:
            return False
        old_place = self._parent[item_id]
        self._detach(below)
        self._attach(below, old_place)
        return True

    def _attach(self, item_id: str, parent: str) -> None:
        if parent != ROOT and parent not in self._parent and parent not in self._strays:
            self._strays[parent] = None
            self._tail = None
        self._parent[item_id] = parent
        self._children.setdefault(parent, {})[item_id] = None
        if self._tail == parent:
            self._tail = None if item_id in self._children else item_id

    def _detach(self, item_id: str) -> None:
        parent = self._parent.pop(item_id, None)
        if parent is not None:
            del self._children[parent][item_id]
            self._tail = None
        elif item_id in self._strays:
            del self._strays[item_id]
            self._tail = None

    def _find_tail(self) -> str:
        if self._tail is None:
            node = next(reversed(self._strays), ROOT)
            while children := self._children.get(node):
                node = next(iter(children))
            self._tail = node
        return self._tail
