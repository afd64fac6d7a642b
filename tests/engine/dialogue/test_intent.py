"""What kind of thing was said."""

from __future__ import annotations

import pytest

from realtime_agents.engine.dialogue.intent import Intent, classify, is_yes, strip_lead


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hi", Intent.GREETING),
        ("hello there!", Intent.GREETING),
        ("Good morning, how are you today?", Intent.GREETING),
        ("Thank you so much, that was helpful.", Intent.THANKS),
        ("ok thanks", Intent.THANKS),
        ("bye", Intent.GOODBYE),
        ("No, that's all", Intent.GOODBYE),
        ("Thank you, good-bye.", Intent.GOODBYE),
        ("Thank you very much, bye now.", Intent.GOODBYE),
        ("All right, that's all. Thanks a lot!", Intent.GOODBYE),
        ("Alright, thank you.", Intent.THANKS),
        ("who are you?", Intent.IDENTITY),
        ("are you a real person", Intent.IDENTITY),
        ("am I talking to a robot?", Intent.IDENTITY),
        ("help", Intent.HELP),
        ("What can you do?", Intent.HELP),
        ("can you repeat that please", Intent.REPEAT),
        ("okay", Intent.ACKNOWLEDGE),
        ("Wait, stop, please.", Intent.STOP),
        ("stop talking", Intent.STOP),
        ("Okay, hold on a second.", Intent.STOP),
        ("never mind, thanks", Intent.STOP),
        ("Do I have to wait two years for Medicare?", Intent.REQUEST),
        ("Stop my Part B", Intent.REQUEST),
        ("???", Intent.UNCLEAR),
        ("", Intent.UNCLEAR),
        ("xkcdpqz", Intent.UNCLEAR),
        ("aaaaa", Intent.UNCLEAR),
        ("IRMAA", Intent.REQUEST),
        ("snf", Intent.REQUEST),
        ("Hi, how much is Part B?", Intent.REQUEST),
        ("I need help with my claim", Intent.REQUEST),
        ("thanks, and what about Part D?", Intent.REQUEST),
        ("who are you allowed to share my data with", Intent.REQUEST),
    ],
)
def test_intent_is_told_by_form(text: str, intent: Intent) -> None:
    assert classify(text) is intent


def test_courtesies_in_front_are_taken_off_and_nothing_else() -> None:
    assert strip_lead("Hi there, how much is it?") == "how much is it?"
    assert strip_lead("ok thanks. So, and in 2025?") == "and in 2025?"
    assert strip_lead("hello") == "hello"


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes please", True), ("No.", False), ("yeah, I am", True), ("maybe", None), ("", None)],
)
def test_yes_and_no_are_recognised_at_the_front(text: str, value: bool | None) -> None:
    assert is_yes(text) is value
