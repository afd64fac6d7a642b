"""Values in what people say."""

from __future__ import annotations

from datetime import date

import pytest

from realtime_agents.engine.dialogue import slots

TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("I live in Texas", ["TX"]),
        ("from ohio to New York", ["OH", "NY"]),
        ("Richmond, VA", ["VA"]),
        ("at the VA in Ohio", ["OH"]),
        ("my VA benefits", []),
        ("tell ME or HI", []),
        ("Austin TX", ["TX"]),
        ("West Virginia", ["WV"]),
    ],
)
def test_states_by_name_or_by_a_code_that_cannot_be_a_word(text: str, codes: list[str]) -> None:
    assert [state.code for state in slots.find_states(text)] == codes


def test_an_answer_that_is_only_a_code_is_a_state() -> None:
    assert slots.only_state("va.") == "VA"


@pytest.mark.parametrize(
    ("text", "zip_code"),
    [
        ("near 78701", "78701"),
        ("78701", "78701"),
        ("I live in Austin 78701-1234", "78701"),
        ("an income of 78701 a year before taxes", None),
        ("$78,701", None),
    ],
)
def test_zip_codes_need_a_place_or_stand_alone(text: str, zip_code: str | None) -> None:
    assert slots.find_zip(text) == zip_code


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("in 2025", 2025),
        ("next year", 2027),
        ("this year", 2026),
        ("last year", 2025),
        ("$2026", None),
        ("soon", None),
    ],
)
def test_years_absolute_and_relative(text: str, year: int | None) -> None:
    assert slots.find_year(text, TODAY) == year


def test_a_relative_year_needs_a_date() -> None:
    assert slots.find_year("next year", None) is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$120,000 a year", 120_000),
        ("120k", 120_000),
        ("1.5 million dollars", 1_500_000),
        ("50 dollars", 50),
        ("50", None),
    ],
)
def test_money(text: str, amount: float | None) -> None:
    assert slots.find_money(text) == amount


def test_percentages_share_one_sign() -> None:
    assert slots.find_percents("50, 30 and 20 percent") == [50, 30, 20]
    assert slots.find_percents("50% and 30%") == [50, 30]


def test_numbers_with_their_unit() -> None:
    assert slots.number_with_unit("14 full months without it", ["month"]) == 14
    assert slots.number_with_unit("two kids", ["kid"]) == 2
    assert slots.number_with_unit("14 days", ["month"]) is None
    assert slots.find_numbers("$120,000 and two kids") == [2]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-03-05", date(2027, 3, 5)),
        ("March 5", date(2027, 3, 5)),
        ("on the 5th of December", date(2026, 12, 5)),
        ("3/4/27", date(2027, 3, 4)),
        ("tomorrow", date(2026, 11, 23)),
        ("next Tuesday", date(2026, 11, 24)),
        ("February 30", None),
        ("someday", None),
    ],
)
def test_dates_absolute_and_relative(text: str, day: date | None) -> None:
    assert slots.find_date(text, TODAY) == day


def test_identifiers_places_mail_and_quotes() -> None:
    assert slots.find_identifier("where is order A-991?") == "A-991"
    assert slots.find_identifier("form 10-10EZ") == "10-10EZ"
    assert slots.find_identifier("it costs $120") is None
    assert slots.find_place("the weather in New York tomorrow") == "New York"
    assert slots.find_place("Berlin") == "Berlin"
    assert slots.find_place("the weather tomorrow") is None
    assert slots.find_email("write to jo@example.org.") == "jo@example.org"
    assert slots.find_phone("call 512-555-0100 now") == "512-555-0100"
    assert slots.find_quoted('called "blue sky" here') == "blue sky"
