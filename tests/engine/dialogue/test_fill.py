"""Arguments from what was said, guided by the schema alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from realtime_agents.engine.dialogue.fill import Said, fill
from realtime_agents.engine.dialogue.semantics import Semantics
from tests.engine.dialogue.scene import tool

WORDS = Semantics(None)
TODAY = date(2026, 11, 22)


def arguments(
    text: str, *earlier: str, asked: str = "", required: Any = None, **properties: Any
) -> dict[str, Any]:
    said = Said(query=text, current=text, earlier=earlier, today=TODAY, asked_for=asked)
    return dict(fill(tool("f", "", required, **properties), said, WORDS).arguments)


STRING = {"type": "string"}
INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("text", "name", "schema", "value"),
    [
        ("clinics near 78701", "zip_code", STRING, "78701"),
        ("clinics near 78701", "place", {"type": "string", "pattern": "^\\d{5}$"}, "78701"),
        ("I live in Texas", "state", STRING, "TX"),
        ("I live in Texas", "state", {"type": "string", "enum": ["CA", "TX"]}, "TX"),
        ("I live in Texas", "state", {"type": "string", "enum": ["California", "Texas"]}, "Texas"),
        ("what about next year", "year", INTEGER, 2027),
        ("what about next year", "year", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 2027),
        ("with $120,000 a year", "income", {"type": "number"}, 120_000),
        ("a rating of 70 percent", "rating", INTEGER, 70),
        ("50, 30 and 20 percent", "ratings", {"type": "array", "items": INTEGER}, [50, 30, 20]),
        ("14 months without it", "months", INTEGER, 14),
        ("age 67 now", "age", INTEGER, 67),
        ("I am 67 years old", "age", INTEGER, 67),
        ("order A-991", "order_number", STRING, "A-991"),
        ("tomorrow please", "date", STRING, "2026-11-23"),
        ("weather in New York", "city", STRING, "New York"),
        ("mail me at jo@example.org", "email", STRING, "jo@example.org"),
        ("in celsius please", "unit", {"type": "string", "enum": ["celsius", "fahrenheit"]}, "celsius"),
        ("a walk-in visit", "kind", {"type": "string", "enum": ["walk_in", "phone"]}, "walk_in"),
        ("I'm married", "married", {"type": "boolean"}, True),
        ("I am not married", "married", {"type": "boolean"}, False),
        ("How does it work?", "question", STRING, "How does it work?"),
        ("a headache since monday", "symptoms", STRING, "a headache since monday"),
    ],
)
def test_a_parameter_is_filled_by_its_kind(
    text: str, name: str, schema: dict[str, Any], value: object
) -> None:
    properties: dict[str, Any] = {name: schema}
    assert arguments(text, **properties) == {name: value}


def test_optional_parameters_without_evidence_are_left_out() -> None:
    found = arguments(
        "How does it work?",
        required=["query"],
        query=STRING,
        topic=STRING,
        year=INTEGER,
        state=STRING,
        married={"type": "boolean"},
        kind={"type": "string", "enum": ["a", "b"]},
    )
    assert found == {"query": "How does it work?"}


def test_lasting_facts_come_from_earlier_messages_passing_ones_do_not() -> None:
    properties: dict[str, Any] = {"zip": STRING, "year": INTEGER}
    found = arguments("find a clinic", "I live near 78701", "in 2024", required=["zip"], **properties)
    assert found == {"zip": "78701"}


def test_what_was_just_said_wins_over_what_was_said_before() -> None:
    assert arguments("now in Ohio", "I live in Texas", state=STRING) == {"state": "OH"}


def test_bounds_of_the_schema_are_kept() -> None:
    schema = {"type": "integer", "minimum": 0, "maximum": 100}
    assert arguments("a rating of 170 percent", rating=schema) == {}


def test_missing_values_are_named_as_a_person_would() -> None:
    said = Said(query="help", current="help")
    spec = tool("f", "", zip=STRING, order_number=STRING, size={"type": "string", "enum": ["small", "large"]})
    assert fill(spec, said, WORDS).missing == ("your ZIP code", "the order number", "the size (small, large)")


@pytest.mark.parametrize(
    ("text", "asked", "name", "schema", "value"),
    [
        ("yes", "the new patient", "new_patient", {"type": "boolean"}, True),
        ("va", "the US state", "state", STRING, "VA"),
        ("40", "the miles", "miles", INTEGER, 40),
        ("it's blue, I think", "the colour", "colour", STRING, "it's blue, I think"),
    ],
)
def test_the_answer_to_our_question_fills_the_parameter_asked_for(
    text: str, asked: str, name: str, schema: dict[str, Any], value: object
) -> None:
    properties: dict[str, Any] = {name: schema}
    assert arguments(text, asked=asked, **properties) == {name: value}


def test_malformed_schemas_give_no_arguments() -> None:
    assert arguments("x", broken={"type": "object"}, list={"type": "array"}) == {}
