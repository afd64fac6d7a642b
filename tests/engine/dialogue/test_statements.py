"""What is told rather than asked, and messages that a pause cut in two."""

from __future__ import annotations

import pytest

from realtime_agents.engine.dialogue import phrases
from realtime_agents.engine.dialogue.plan import Dialogue
from realtime_agents.engine.dialogue.statements import is_statement, join_continued
from realtime_agents.engine.dialogue.view import Exchange
from tests.engine.dialogue.agents import specialist
from tests.engine.dialogue.scene import agent, call, found

ABOUT_ME = "Hi, I'm turning sixty-five in March and I still work."
ASKED = "Do I have to sign up for Part B?"


@pytest.mark.parametrize("said", [ABOUT_ME, "My husband is a veteran.", "Well, I have a 70 percent rating."])
def test_facts_about_oneself_are_statements(said: str) -> None:
    assert is_statement(said)


@pytest.mark.parametrize(
    "said",
    [
        ASKED,
        "I need a new Medicare card.",
        "I'm a veteran, what do I get?",
        "Part B premium",
        "I lost my card",
        "my wife is 62 can she get it on my record",
        "My husband died, he was a veteran. what do I get",
        "I am a caregiver for my mother, what can Medicare do",
    ],
)
def test_what_asks_or_wants_something_is_none(said: str) -> None:
    assert not is_statement(said)


@pytest.mark.parametrize("heard", ["", "I don't know: I"])
def test_two_halves_of_a_message_are_one_when_nothing_was_heard_between(heard: str) -> None:
    joined = join_continued([Exchange(request=ABOUT_ME, reply=heard), Exchange(request=ASKED)])
    assert [e.request for e in joined] == [f"{ABOUT_ME} {ASKED}"]


@pytest.mark.parametrize(
    ("first", "reply", "second"),
    [
        (ABOUT_ME, "Congratulations, then you can sign up from December.", ASKED),
        ("How much is Part B?", "", "And Part A?"),
        (ABOUT_ME, "", "Wait, stop."),
        ("Thanks.", "", ASKED),
    ],
)
def test_an_answered_message_a_whole_question_and_a_courtesy_stay_alone(
    first: str, reply: str, second: str
) -> None:
    exchanges = (Exchange(request=first, reply=reply), Exchange(request=second))
    assert join_continued(exchanges) == exchanges


def test_the_same_words_said_again_are_not_doubled() -> None:
    joined = join_continued([Exchange(request="My Part B bill."), Exchange(request="My Part B bill")])
    assert [e.request for e in joined] == ["My Part B bill"]


def test_both_halves_are_searched_together(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    for name, arguments in medicare.calls(ABOUT_ME, agent("I see."), ASKED):
        said = arguments["query"] if name == "search_knowledge" else arguments["question"]
        assert "I still work. Do I have to" in said


def test_a_statement_on_which_nothing_is_found_is_taken_note_of(dialogue: Dialogue) -> None:
    medicare = specialist(dialogue, "medicare")
    nothing = call("search_knowledge", found(outcome="not_found"))
    assert medicare.says(ABOUT_ME, nothing) == phrases.NOTED
    assert medicare.says("My dog's name is Rex.") == phrases.NOTED
