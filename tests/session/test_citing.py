"""Citations: numbering, relabelling, growing text, and what counts as an abstention."""

from __future__ import annotations

import pytest

from realtime_agents.session.citing import CitedText, Ledger, abstained, resolve, says_unknown
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
