"""The part of a model's text that is meant for people; pure."""

from __future__ import annotations

_OPEN, _CLOSE = "<think>", "</think>"


class VisibleText:
    """Leaves out what a reasoning model writes between ``<think>`` and ``</think>`` before its answer.

    Good servers send that apart as ``reasoning_content``; others leave it in the text. Only at the
    beginning is it taken for thinking: later on it may be part of an answer. White space before the
    answer goes too.
    """

    def __init__(self) -> None:
        self._held = ""
        """Text of which it is not known yet what it is."""
        self._thinks = False
        self._says = False

    def add(self, text: str) -> str:
        """More text; returns what of it may be shown now."""
        if self._says:
            return text
        self._held += text
        while True:
            if self._thinks:
                _, closed, after = self._held.partition(_CLOSE)
                if not closed:
                    self._held = self._held[-len(_CLOSE) :]
                    return ""
                self._thinks, self._held = False, after
            self._held = self._held.lstrip()
            if not self._held.startswith(_OPEN):
                break
            self._thinks, self._held = True, self._held.removeprefix(_OPEN)
        if _OPEN.startswith(self._held):  # it may still become the mark, or nothing has come
            return ""
        self._says = True
        return self._held

    def rest(self) -> str:
        """What was held back and turns out to be the answer, at its end."""
        return "" if self._thinks or self._says else self._held
