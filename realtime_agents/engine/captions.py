"""Live words of somebody who is still speaking."""

from __future__ import annotations

import re
from itertools import takewhile

_WORD = re.compile(r"\s*\S+")


class Captions:
    """Words that are never taken back: those on which two readings in a row agree.

    The last word of a reading does not count, it may have been cut in the middle.
    """

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._last: list[str] = []

    def offer(self, text: str) -> str:
        """The new words that ``text``, all words so far, allows to show; often none."""
        words = _WORD.findall(text)
        pairs = takewhile(lambda pair: pair[0] == pair[1], zip(words[:-1], self._last[:-1], strict=False))
        self._last = words
        return self._show([word for word, _ in pairs])

    def finish(self, text: str) -> str:
        """The words still missing of the final ``text``; none when it differs from what was shown."""
        return self._show(_WORD.findall(text))

    def _show(self, words: list[str]) -> str:
        count = len(self._shown)
        if words[:count] != self._shown:
            return ""
        self._shown = words
        return "".join(words[count:])
