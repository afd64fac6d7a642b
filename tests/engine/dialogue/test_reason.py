from __future__ import annotations

import pytest

from realtime_agents.engine.dialogue.reason import MAX_WORDS, reason_for


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ("How much is the Part B premium in 2026?", "asks about the Part B premium in 2026"),
        ("How do I file an appeal?", "asks how to file an appeal"),
        ("Do I need my card?", "asks whether they need their card"),
        (
            "I use VA health care. Do I need Part B?",
            "says they use VA health care, asks whether they need Part B",
        ),
        ("VA denied me. How do I appeal?", "says VA denied them, asks how to appeal"),
        ("appeal", "asks “appeal”"),
        ("?", "asks for another agent"),
    ],
)
def test_a_reason_tells_in_the_third_person_what_is_asked(request_: str, reason: str) -> None:
    assert reason_for(request_) == reason


def test_numbers_that_could_identify_someone_are_left_out_and_the_rest_is_short() -> None:
    reason = reason_for(
        "My number is 123-45-6789 and I write from a@b.example. " + "Do I need " + "very " * 40 + "much?"
    )
    assert "6789" not in reason
    assert "@" not in reason
    assert len(reason.split()) <= MAX_WORDS + 1
