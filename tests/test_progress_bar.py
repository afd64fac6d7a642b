from __future__ import annotations

import io

from realtime_agents.commands.progress_bar import ProgressBar
from realtime_agents.knowledge.outcome import IngestProgress


class Stream(io.StringIO):
    """A terminal, or a file."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


HALF = IngestProgress(added=20, failed=1, passages=50, current="pages/a.md", fraction=0.5)


def test_in_a_terminal_one_line_changes_and_is_taken_away() -> None:
    now = [0.0]
    stream = Stream(terminal=True)
    bar = ProgressBar(stream, now=lambda: now[0], columns=lambda: 200)
    bar.show(HALF)
    assert stream.getvalue() == (
        "\r[████████████░░░░░░░░░░░░]  50% 21 documents, 50 passages, 1 skipped · pages/a.md\x1b[K"
    )
    bar.show(HALF)
    assert stream.getvalue().count("\r") == 1, "a moment ago is too soon"
    now[0] = 1.0
    bar.show(HALF)
    assert stream.getvalue().count("\r") == 2
    bar.clear()
    bar.clear()
    assert stream.getvalue().endswith("\r\x1b[K")
    assert "\n" not in stream.getvalue()


def test_a_line_is_never_wider_than_the_terminal() -> None:
    stream = Stream(terminal=True)
    ProgressBar(stream, now=lambda: 0.0, columns=lambda: 40).show(HALF)
    assert len(stream.getvalue()) <= 40 + len("\r\x1b[K")


def test_without_a_terminal_there_are_few_plain_lines() -> None:
    now = [0.0]
    stream = Stream(terminal=False)
    bar = ProgressBar(stream, now=lambda: now[0])
    for second in range(12):
        now[0] = float(second)
        bar.show(HALF)
    bar.clear()
    assert stream.getvalue() == " 50% 21 documents, 50 passages, 1 skipped · pages/a.md\n" * 2


def test_while_nothing_is_known_of_the_whole_no_share_is_told() -> None:
    stream = Stream(terminal=True)
    ProgressBar(stream, now=lambda: 0.0, columns=lambda: 200).show(IngestProgress(current="x.org"))
    assert "%" not in stream.getvalue()
    assert "0 documents, 0 passages · x.org" in stream.getvalue()
