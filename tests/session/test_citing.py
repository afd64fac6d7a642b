"""Citations: numbering, relabelling, growing text, and what counts as an abstention."""

from __future__ import annotations

import pytest

from realtime_agents.session.citing import CitedText, Ledger, abstained, best_sources, resolve, says_unknown
from realtime_agents.session.view import Citation
from tests.support.scripted import source


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    for name in ("one", "two", "three"):
        ledger.number(source(name))
    return ledger


def test_a_source_found_again_keeps_its_number_and_another_quote_is_another_source(ledger: Ledger) -> None:
    assert ledger.number(source("two")) == 2
    assert ledger.number(source("two", "Something else.")) == 4
    assert len(ledger) == 4


def test_numbers_start_at_one_in_order_of_first_use(ledger: Ledger) -> None:
    cited = resolve("A [3]. B [1]. A again [3].", ledger)
    assert cited.text == "A [1]. B [2]. A again [1]."
    assert [(c.n, c.document_id, c.quote) for c in cited.citations] == [
        (1, "three", "Toxic exposure is covered."),
        (2, "one", "Toxic exposure is covered."),
    ]
    assert cited.unknown == 0


@pytest.mark.parametrize(
    ("text", "shown", "unknown"),
    [
        ("It costs $185 [9].", "It costs $185.", 1),
        ("Both [2][9] here.", "Both [1] here.", 1),
        ("Both [2, 3] here.", "Both [1][2] here.", 0),
        ("All [2; 9 ,3].", "All [1][2].", 1),
        ("Twice [2, 2].", "Twice [1].", 0),
        ("[0] and [9999] and [3]", " and and [1]", 2),
        ("[note] and [12345] and [] stay", "[note] and [12345] and [] stay", 0),
        ("", "", 0),
    ],
)
def test_markers_of_no_source_go_with_their_space(
    ledger: Ledger, text: str, shown: str, unknown: int
) -> None:
    cited = resolve(text, ledger)
    assert (cited.text, cited.unknown) == (shown, unknown)


@pytest.mark.parametrize(
    "text",
    [
        "A [3]. B [1, 2] and [99] then [note], [12345] [",
        "Trailing space [9] ",
        "[1][2][3]",
        "Line one [2]\n\n- item [3]\n- item [ 4",
        "No citation at all, only words.",
    ],
)
def test_every_partial_text_is_a_beginning_of_the_final_one(ledger: Ledger, text: str) -> None:
    final = resolve(text, ledger).text
    for end in range(len(text) + 1):
        shown = resolve(text[:end], ledger, partial=True).text
        assert final.startswith(shown), (text[:end], shown)


def test_an_unfinished_marker_is_held_back_and_comes_with_its_end(ledger: Ledger) -> None:
    assert resolve("Covered [2", ledger, partial=True).text == "Covered"
    assert resolve("Covered [2]", ledger, partial=True).text == "Covered [1]"
    assert resolve("Covered [2", ledger).text == "Covered [2"


@pytest.mark.parametrize(
    "text",
    [
        "I don't know what Part B costs in 2031.",
        "I don’t have that information.",
        "Sorry, I could not find anything about that.",
        "We do not have any details on it.",
        "That is not in my sources.",
        "It could not be looked up.",
        "I can't answer that.",
        "Lo siento, no lo sé.",
        "No tengo información sobre eso.",
    ],
)
def test_words_that_say_i_do_not_know_are_known(text: str) -> None:
    assert says_unknown(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello! I can help with Medicare and VA benefits.",
        "Did you know that Part B has a deductible?",
        "You may not have to pay a premium.",
        "If you don't know your number, call the office.",
        "Which year do you mean?",
    ],
)
def test_greetings_questions_and_advice_are_no_abstention(text: str) -> None:
    assert not says_unknown(text)
    assert not abstained(CitedText(text=text, citations=()), [])


@pytest.mark.parametrize(
    ("text", "outcomes", "expected"),
    [
        ("Nothing there.", ["not_found"], True),
        ("Nothing there.", ["not_found", "not_held"], True),
        ("Which year?", ["not_found", "needs_input"], False),
        ("Part B costs money.", ["ok"], False),
        ("I don't know.", ["ok"], True),
        ("Hello.", [], False),
        ("", ["not_found"], False),
    ],
)
def test_an_abstention_needs_no_citation_and_either_empty_tools_or_the_words(
    text: str, outcomes: list[str], expected: bool
) -> None:
    assert abstained(CitedText(text=text, citations=()), outcomes) is expected


def test_an_answer_with_a_citation_abstains_only_where_the_value_asked_for_is_not_held(
    ledger: Ledger,
) -> None:
    cited = resolve("I don't know the figure of 2031, that of 2026 is $185 [1].", ledger)
    assert abstained(cited, ["not_held", "ok"])
    assert not abstained(cited, ["ok"])


def test_a_long_answer_is_resolved_in_well_under_a_frame(ledger: Ledger) -> None:
    text = "word [1] [2] [9] " * 2000 + "[" * 2000 + " " * 2000
    assert resolve(text, ledger, partial=True).unknown == 2000


DEDUCTIBLE = "The 2026 annual Part B deductible is $283. After you meet it, you usually pay 20% of the approved amount."
PREMIUM = "The standard Part B monthly premium is $202.90 in 2026."
BURIAL = "VA burial allowances cover burial and funeral costs of veterans."


def found(*quotes: str) -> list[Citation]:
    sources = Ledger()
    numbers = [sources.number(source(f"page{n}", quote)) for n, quote in enumerate(quotes)]
    return [c for n in numbers if (c := sources.get(n)) is not None]


def chosen(text: str, *quotes: str) -> list[str]:
    return [citation.quote for citation in best_sources(text, found(*quotes))]


def test_a_spoken_answer_rests_on_the_source_whose_words_it_uses() -> None:
    said = "In 2026 the Part B deductible is 283 dollars, and then you usually pay 20 percent."
    assert chosen(said, BURIAL, DEDUCTIBLE) == [DEDUCTIBLE]


def test_the_best_source_comes_first_and_sources_are_numbered_anew() -> None:
    said = "The standard monthly premium for Part B is 202.90 in 2026. The deductible is 283 a year."
    attached = best_sources(said, found(DEDUCTIBLE, BURIAL, PREMIUM))
    assert attached[0].quote == PREMIUM
    assert [c.n for c in attached] == list(range(1, len(attached) + 1))
    assert BURIAL not in [c.quote for c in attached]


@pytest.mark.parametrize("said", ["", "…", "How can I help you today?", "I don't know. Please ask the VA."])
def test_an_answer_that_shares_nothing_with_its_sources_gets_none(said: str) -> None:
    assert chosen(said, DEDUCTIBLE, PREMIUM) == []


def test_never_more_than_three_and_a_source_found_twice_counts_once() -> None:
    said = "Toxic exposure is covered for all veterans who served there."
    quotes = [f"Toxic exposure is covered, case {n}." for n in "abcdef"]
    assert len(chosen(said, *quotes)) == 3
    assert len(best_sources(said, found(quotes[0]) * 2)) == 1


def test_nothing_is_attached_when_there_are_no_sources() -> None:
    assert best_sources("Anything at all.", []) == ()
