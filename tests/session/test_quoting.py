"""Quotes are held against the words of the source they are said to come from."""

from __future__ import annotations

import pytest

from realtime_agents.session.citing import MAX_PASSAGES, Ledger, resolve
from realtime_agents.session.quoting import stands_in
from realtime_agents.tools.registry import Source

PASSAGE = "You pay **20%** of the\nMedicare-approved amount. It’s the law – since 2003. Ask early, and ask in writing."


def ledger(*sources: Source) -> Ledger:
    made = Ledger()
    for source in sources:
        made.number(source)
    return made


def passage(
    name: str = "a", quote: str = "You pay 20% of the Medicare-approved amount.", text: str = PASSAGE
) -> Source:
    return Source(document_id=name, passage_id=f"{name}#0", title=name, quote=quote, text=text)


FACT = Source(document_id="fact", title="Premium", quote="The premium is $202.90 a month.")


@pytest.mark.parametrize(
    ("quote", "stands"),
    [
        ("You pay 20% of the Medicare-approved amount.", True),
        ("you pay 20% of the medicare-approved amount", True),
        ("It's the law - since 2003", True),
        ("You pay 20% … ask in writing", True),
        ("You pay 20% [...] Ask early", True),
        ("ask in writing … You pay 20%", False),
        ("You pay 80% of the Medicare-approved amount.", False),
        ("You pay nothing", False),
    ],
)
def test_a_quote_stands_in_its_passage_when_its_words_do(quote: str, stands: bool) -> None:
    assert stands_in(quote, PASSAGE) is stands


def test_a_citation_whose_quote_is_not_in_its_passage_is_flagged() -> None:
    cited = resolve("One [1]. Two [2].", ledger(passage("a"), passage("b", quote="You pay nothing at all.")))
    assert [c.supported for c in cited.citations] == [True, False]


def test_a_fact_has_no_passage_to_compare_with() -> None:
    assert resolve("It is “$202.90 a month from now on” [1].", ledger(FACT)).citations[0].supported


@pytest.mark.parametrize(
    ("answer", "supported"),
    [
        ("The page says “You pay 20% of the Medicare-approved amount” [1].", True),
        ('It says "ask early, and ask in writing." [1]', True),
        ("It says “you pay 80% of the Medicare-approved amount” [1].", False),
        ('It says "veterans never pay anything at all", [1] so relax.', False),
        ("It says “you pay 80% of the approved amount”, but elsewhere. It costs more [1].", True),
        ("The “donut hole” [1] is gone.", True),
        ("It costs 20% [1].", True),
    ],
)
def test_words_in_quotation_marks_must_stand_in_the_source_cited_for_them(
    answer: str, supported: bool
) -> None:
    assert resolve(answer, ledger(passage())).citations[0].supported is supported


def test_one_of_several_sources_cited_together_is_enough() -> None:
    made = ledger(
        passage("a", text="Something else. You pay 20% of the Medicare-approved amount."), passage("b")
    )
    answer = "It says “ask early, and ask in writing” [1][2]."
    assert [c.supported for c in resolve(answer, made).citations] == [True, True]
    answer = "It says “ask late, and never in writing” [1, 2]."
    assert [c.supported for c in resolve(answer, made).citations] == [False, False]


def test_nothing_is_said_of_a_passage_of_long_ago() -> None:
    made = ledger(*(passage(f"p{n}") for n in range(MAX_PASSAGES + 1)))
    assert made.words(1) is None
    answer = "It says “you pay 80% of the amount” [1] and “you pay 80% of the amount” [2]."
    assert [c.supported for c in resolve(answer, made).citations] == [True, False]


def test_a_growing_answer_is_not_judged() -> None:
    cited = resolve("It says “you pay 80% of the amount” [1] and", ledger(passage()), partial=True)
    assert cited.citations[0].supported
