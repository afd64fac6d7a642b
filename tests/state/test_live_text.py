from __future__ import annotations

from itertools import pairwise

from realtime_agents.state.live_text import SETTLED_MAX, TAIL_MAX, LiveParts, split_live

ANSWER = " ".join(f"word{i}" for i in range(3000))


def stream(text: str, step: int = 5) -> list[LiveParts]:
    parts, seen = LiveParts(), []
    for end in range(step, len(text) + step, step):
        parts = split_live(parts, text[:end])
        seen.append(parts)
    return seen


def test_the_parts_are_the_answer_at_every_moment() -> None:
    text = ANSWER[:4000]
    assert [p.text for p in stream(text)] == [text[:end] for end in range(5, len(text) + 5, 5)]


def test_the_tail_stays_short_however_long_the_answer_is() -> None:
    assert max(len(p.tail) for p in stream(ANSWER)) <= TAIL_MAX


def test_words_are_handed_over_whole() -> None:
    assert all(not p.settled or p.settled.endswith(" ") for p in stream(ANSWER[:3000]))


def test_bytes_per_update_do_not_grow_with_the_answer() -> None:
    def cost(seen: list[LiveParts]) -> float:
        sent = 0
        for before, after in pairwise(seen):
            sent += sum(
                len(getattr(after, part))
                for part in ("body", "settled", "tail")
                if getattr(before, part) != getattr(after, part)
            )
        return sent / len(seen)

    assert cost(stream(ANSWER)) < 1.6 * cost(stream(ANSWER[: 2 * SETTLED_MAX]))


def test_a_text_that_changed_behind_starts_over() -> None:
    parts = stream(ANSWER[:3000])[-1]
    changed = "Other " + ANSWER[:3000]
    assert split_live(parts, changed).text == changed
    assert split_live(parts, "").text == ""


def test_a_text_without_spaces_is_cut_all_the_same() -> None:
    parts = split_live(LiveParts(), "x" * 500)
    assert len(parts.tail) <= TAIL_MAX
    assert parts.text == "x" * 500
