"""Spanish is noticed; English with Spanish names is English."""

from __future__ import annotations

import pytest

from realtime_agents.engine.dialogue import phrases
from realtime_agents.engine.dialogue.language import is_spanish, wants_spanish
from realtime_agents.engine.dialogue.plan import Dialogue
from tests.engine.dialogue.agents import greeter, specialist
from tests.engine.dialogue.scene import call, found, source

HELP = source(
    3,
    "Para recibir ayuda de Medicare en español, llame gratis al 1-800-MEDICARE (1-800-633-4227). También hay"
    " información en español en es.Medicare.gov. Medicare answers in English and Spanish.",
    title="Ayuda en español",
)


@pytest.mark.parametrize(
    "text",
    [
        "¿Cuánto cuesta la Parte B?",
        "cuanto cuesta la parte b de medicare",
        "Hola",
        "hola, buenos días",
        "Necesito una nueva tarjeta de Medicare",
        "tengo medicare y va quien paga primero",
        "como me inscribo en medicare",
        "mi esposo murio, era veterano",
        "¿Habla español?",
        "soy veterano, que beneficios tengo",
        "Medicare cubre los lentes?",
        "ayuda por favor",
        "no entiendo ingles",
        "puedo tener las dos cosas",
    ],
)
def test_spanish_is_noticed_with_and_without_accents(text: str) -> None:
    assert is_spanish(text)


@pytest.mark.parametrize(
    "text",
    [
        "Does Dr. José de la Cruz in Los Angeles take Medicare?",
        "I live in El Paso, can I keep my doctor Maria del Carmen Peña?",
        "My son lives in San Juan, Puerto Rico",
        "Las Vegas VA clinic",
        "VA clinic near La Jolla",
        "Who is the señor center coordinator in Santa Fe?",
        "Do you speak Spanish?",
        "Is there help in español?",
        "My husband served in the Mesa Verde, para rescue",
        "What does a como test cost?",
        "dental",
        "hospital",
        "VA",
        "va pension",
        "Part B premium",
        "me too",
        "no",
        "medicare y dental",
        "",
        "123",
        "Veterano de la Guerra Hall of San Antonio: is the VA there?",
    ],
)
def test_english_with_spanish_names_is_english(text: str) -> None:
    assert not is_spanish(text)


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("Do you speak Spanish?", True),
        ("can you please answer in español", True),
        ("Does Medicare have Spanish booklets?", False),
        ("Can you tell me who speaks Spanish at the VA?", False),
    ],
)
def test_the_question_whether_spanish_is_spoken_is_answered_alike(text: str, wants: bool) -> None:
    assert wants_spanish(text) is wants


def test_a_specialist_looks_up_where_spanish_is_spoken_and_says_so_in_spanish(dialogue: Dialogue) -> None:
    scene = specialist(dialogue, "medicare")
    asked = "¿Cuánto cuesta la Parte B?"
    assert scene.calls(asked) == [("search_knowledge", {"query": phrases.SPANISH_QUERY})]
    told = scene.says(asked, call("search_knowledge", found(HELP)))
    assert told == (
        f"{phrases.ONLY_ENGLISH} Para recibir ayuda de Medicare en español, llame gratis al 1-800-MEDICARE"
        " (1-800-633-4227). [3] También hay información en español en es.Medicare.gov. [3]"
    )


def test_an_answer_in_spanish_that_is_spoken_is_short(dialogue: Dialogue) -> None:
    told = specialist(dialogue, "medicare").says(
        "necesito una tarjeta nueva", call("search_knowledge", found(HELP)), aloud=True
    )
    assert told.endswith("llame gratis al 1-800-MEDICARE (1-800-633-4227). [3]")


def test_without_anything_found_the_language_is_still_told(dialogue: Dialogue) -> None:
    told = specialist(dialogue, "va").says("hola", call("search_knowledge", found(outcome="not_found")))
    assert told == phrases.ONLY_ENGLISH


def test_a_greeter_hands_over_to_an_agent_that_can_look_it_up(dialogue: Dialogue) -> None:
    (name, arguments), *rest = greeter(dialogue).calls("¿Cuánto paga VA a un veterano?")
    assert name == "transfer_to_va"
    assert arguments == {"reason": phrases.WRITES_IN_SPANISH}
    assert not rest


def test_english_after_spanish_is_answered_as_ever(dialogue: Dialogue) -> None:
    scene = specialist(dialogue, "medicare")
    calls = scene.calls("hola", call("search_knowledge", found(HELP)), "What is the Part B premium?")
    assert all(phrases.SPANISH_QUERY not in arguments.values() for _, arguments in calls)
