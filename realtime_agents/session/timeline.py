"""How the time of one answer was spent, from the end of the person's speech on."""

from __future__ import annotations

from realtime_agents.session.view import TimelineMark

MAX_TOOLS = 24
"""Marks of tools and searches kept; a request that calls more is no longer shown whole."""


class Timeline:
    """Marks of one request. Times are monotonic seconds, given by the caller."""

    def __init__(self, zero_s: float) -> None:
        self.zero_s = zero_s
        """The end of speech, or the moment the message was typed."""
        self._marks: dict[str, float] = {}
        self._tools: list[tuple[str, float, int]] = []

    def mark(self, name: str, at_s: float) -> bool:
        """Something happened; only the first of a name counts. True when it did."""
        if name in self._marks:
            return False
        self._marks[name] = at_s
        return True

    def tool(self, name: str, at_s: float, duration_ms: int) -> None:
        """A tool ran from ``at_s`` on."""
        if len(self._tools) < MAX_TOOLS:
            self._tools.append((f"tool:{name}", at_s, duration_ms))

    def search(self, at_s: float, duration_ms: int) -> None:
        """A tool searched the knowledge base from ``at_s`` on."""
        if len(self._tools) < MAX_TOOLS:
            self._tools.append(("search", at_s, duration_ms))

    def when(self, name: str, otherwise_s: float) -> float:
        """The moment of a mark, monotonic."""
        return self._marks.get(name, otherwise_s)

    def ms_of(self, name: str) -> int | None:
        """When it happened; None when it did not."""
        at_s = self._marks.get(name)
        return None if at_s is None else self._ms(at_s)

    def read(self) -> tuple[TimelineMark, ...]:
        """All marks in the order of time."""
        marks = [TimelineMark(name=name, at_ms=self._ms(at_s)) for name, at_s in self._marks.items()]
        marks += [
            TimelineMark(name=name, at_ms=self._ms(at_s), duration_ms=duration_ms)
            for name, at_s, duration_ms in self._tools
        ]
        return tuple(sorted(marks, key=lambda mark: mark.at_ms))

    def _ms(self, at_s: float) -> int:
        return round((at_s - self.zero_s) * 1000)
