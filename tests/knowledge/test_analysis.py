from __future__ import annotations

import sqlite3

import pytest

from realtime_agents.knowledge.analysis import (
    MAX_PAIRS,
    MAX_TERMS,
    abbreviations,
    expanded,
    match_expression,
    names_identifier,
    normalise,
    query_terms,
    search_terms,
    word_pairs,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S.A. and the U.S. Mint", "the usa and the us mint"),
        ("Veteran’s and veterans' and don't", "veteran and veterans' and dont"),
        ("$1,736 and 1,234,567 and 12,34", "$1736 and 1234567 and 12,34"),
        ("", ""),
    ],
)
def test_text_is_brought_to_one_form(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("What does Part B cost in 2026?", ("part b", "cost", "2026")),
        ("Is Plan G better than plan n?", ("plan g", "better", "plan n")),
        ("How do I send VA form 21-526EZ?", ("send", "va", "form", "21-526ez")),
        ("flag flag FLAG", ("flag",)),
        ("what is it", ()),
        ("", ()),
        ('" OR NOT ( * : ^ ', ()),
        ("don't NEAR me", ("near",)),
    ],
)
def test_a_question_becomes_its_telling_words(question: str, terms: tuple[str, ...]) -> None:
    assert query_terms(question) == terms


def test_a_very_long_question_is_cut_to_its_first_words() -> None:
    terms = query_terms(" ".join(f"w{n}" for n in range(1_000)))
    assert len(terms) == MAX_TERMS
    assert terms[0] == "w0"


def test_abbreviations_and_synonyms_are_added_behind_the_terms() -> None:
    assert expanded(("va", "tdiu")) == ("va", "tdiu", "veterans affairs", "individual unemployability")
    assert expanded(("flag",)) == ("flag",)


def test_abbreviations_are_known_unless_the_question_says_their_meaning() -> None:
    assert abbreviations("How do I get TDIU?") == {"tdiu": "individual unemployability"}
    assert abbreviations("Is a skilled nursing facility (SNF) covered?") == {}
    assert abbreviations("How do I get a flag?") == {}


@pytest.mark.parametrize(
    "question",
    [
        "form 21-526EZ",
        "10-10EZ",
        "CMS-40B",
        "my DD214",
        "DD-214",
        "form 1095-B",
        "call 800-633-4227",
        "SSA-44",
    ],
)
def test_forms_codes_and_numbers_are_identifiers(question: str) -> None:
    assert names_identifier(query_terms(question))


@pytest.mark.parametrize(
    "question",
    [
        "costs in 2026",
        "Post-9/11 GI Bill",
        "a 30-day supply",
        "Part B",
        "Plan G",
        "70% rating",
        "$202.90",
        "1 year",
    ],
)
def test_amounts_years_and_parts_are_not_identifiers(question: str) -> None:
    assert not names_identifier(query_terms(question))


@pytest.mark.parametrize(
    "question", ['a" OR "b', "x NEAR/2 y", "title: word*", "^a -b +c", "日本 café 🙂 ²", "a\x00b", "'; --"]
)
def test_the_expression_is_always_valid_syntax(question: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("create virtual table t using fts5(x)")
    terms = expanded(query_terms(question))
    if terms:
        assert (
            connection.execute("select * from t where t match ?", (match_expression(terms),)).fetchall() == []
        )
    connection.close()


@pytest.mark.parametrize(
    ("question", "pairs"),
    [
        ("How does a Medicare drug plan work?", ("medicare drug", "drug plan", "plan work")),
        ("What's the late-enrollment penalty, the LATE-enrollment penalty?", ("late-enrollment penalty",)),
        ("What do I pay for Part B?", ("part b",)),
        ("who is it for", ()),
        ('"drug" OR (plan)*', ()),
        ("", ()),
    ],
)
def test_neighbours_that_both_tell_something_make_a_phrase(question: str, pairs: tuple[str, ...]) -> None:
    assert word_pairs(question) == pairs


def test_a_long_story_has_no_more_pairs_than_fit() -> None:
    assert len(word_pairs(" ".join(f"w{n}" for n in range(1_000)))) == MAX_PAIRS


def test_a_search_looks_for_terms_their_other_names_and_pairs_each_once() -> None:
    assert search_terms("Does Part B pay my doctor visits?") == (
        "part b",
        "pay",
        "doctor",
        "visits",
        "physician",
        "provider",
        "b pay",
        "doctor visits",
    )


def test_a_pair_finds_what_says_it_before_what_only_has_its_words() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("create virtual table t using fts5(words, tokenize='porter unicode61')")
    texts = ["the plan has a drug list", "drug plans differ a lot", "nothing of the kind", "rates", "costs"]
    connection.executemany("insert into t values (?)", [(text,) for text in texts])
    found = connection.execute(
        "select words from t where t match ? order by rank",
        (match_expression(search_terms("Which drug plan?")),),
    )
    assert [row[0] for row in found] == [texts[1], texts[0]]
