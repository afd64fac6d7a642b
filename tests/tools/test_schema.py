from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any, Literal

import pytest

from realtime_agents.errors import ToolError
from realtime_agents.tools.registry import Tool, ToolContext, ToolRegistry, ToolResult, tool
from realtime_agents.tools.schema import parse_arguments, schema_of


async def everything(
    context: ToolContext,
    question: Annotated[str, "In full words."],
    area: Literal["va", "medicare"],
    count: int = 3,
    share: float = 0.5,
    exact: bool = False,
    day: date | None = None,
    ratings: Annotated[list[int] | None, "Percent."] = None,
) -> ToolResult:
    """Do everything."""
    return ToolResult(outcome="ok")


SCHEMA = schema_of(everything)


def test_a_schema_is_built_from_the_signature() -> None:
    assert SCHEMA == {
        "type": "object",
        "properties": {
            "question": {"type": "string", "description": "In full words."},
            "area": {"type": "string", "enum": ["va", "medicare"]},
            "count": {"type": "integer", "default": 3},
            "share": {"type": "number", "default": 0.5},
            "exact": {"type": "boolean", "default": False},
            "day": {"type": "string", "format": "date"},
            "ratings": {"type": "array", "items": {"type": "integer"}, "description": "Percent."},
        },
        "required": ["question", "area"],
        "additionalProperties": False,
    }
    json.dumps(SCHEMA)


def test_arguments_become_python_values() -> None:
    found = parse_arguments(
        '{"question": "q", "area": "va", "count": 2.0, "share": "0.25", "day": "2026-12-01", "ratings": [50, "30"]}',
        SCHEMA,
    )
    assert found == {
        "question": "q",
        "area": "va",
        "count": 2,
        "share": 0.25,
        "day": date(2026, 12, 1),
        "ratings": [50, 30],
    }


def test_null_counts_as_left_out() -> None:
    assert parse_arguments('{"question": "q", "area": "va", "day": null}', SCHEMA) == {
        "question": "q",
        "area": "va",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("{", "not valid JSON"),
        ("[" * 19_000, "not valid JSON"),
        ('["q"]', "must be a JSON object"),
        ('{"area": "va"}', "'question' is missing"),
        ('{"question": null, "area": "va"}', "'question' is missing"),
        (
            '{"question": "q", "area": "va", "colour": 1}',
            "There is no argument 'colour'; known are question, area",
        ),
        ('{"question": 1, "area": "va"}', "'question' must be text"),
        ('{"question": "q", "area": "navy"}', "'area' must be one of va, medicare"),
        ('{"question": "q", "area": "va", "count": 2.5}', "'count' must be a whole number"),
        ('{"question": "q", "area": "va", "count": true}', "'count' must be a whole number"),
        ('{"question": "q", "area": "va", "exact": "yes"}', "'exact' must be true or false"),
        ('{"question": "q", "area": "va", "share": NaN}', "'share' must be a number"),
        ('{"question": "q", "area": "va", "day": "soon"}', "'day' must be a date such as 2026-01-31"),
        ('{"question": "q", "area": "va", "ratings": 50}', "'ratings' must be a list"),
        ('{"question": "q", "area": "va", "ratings": [50, "x"]}', "'ratings' must be a whole number"),
        ('{"question": "' + "q" * 20_000 + '"}', "longer than 20,000 characters"),
    ],
)
def test_a_wrong_argument_is_explained(arguments: str, message: str) -> None:
    with pytest.raises(ToolError) as caught:
        parse_arguments(arguments, SCHEMA)
    assert message in str(caught.value)


def test_empty_arguments_are_an_empty_object() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    assert parse_arguments("", schema) == {}


def test_annotations_without_a_schema_are_refused_when_the_tool_is_made() -> None:
    async def odd(context: ToolContext, when: dict[str, Any]) -> ToolResult:
        """Odd."""
        return ToolResult(outcome="ok")

    async def open_ended(context: ToolContext, **more: str) -> ToolResult:
        """Open."""
        return ToolResult(outcome="ok")

    with pytest.raises(TypeError, match="'when'"):
        schema_of(odd)
    with pytest.raises(TypeError, match="named arguments only"):
        schema_of(open_ended)


def test_a_tool_takes_name_description_and_schema_from_its_function() -> None:
    made = tool(timeout_s=2.0)(everything)
    assert (made.name, made.description, made.timeout_s) == ("everything", "Do everything.", 2.0)
    assert made.wire() == {
        "type": "function",
        "name": "everything",
        "description": "Do everything.",
        "parameters": SCHEMA,
    }


def test_a_tool_without_description_is_refused() -> None:
    async def silent(context: ToolContext) -> ToolResult:
        return ToolResult(outcome="ok")

    with pytest.raises(TypeError, match="needs a docstring"):
        tool()(silent)


def test_a_registry_finds_tools_and_refuses_doubles_and_bad_names() -> None:
    made = tool()(everything)
    registry = ToolRegistry([made])
    assert registry.names == ("everything",)
    assert registry.get("everything") is made
    assert registry.get("nothing") is None
    assert registry.wire(["everything"])[0]["name"] == "everything"
    with pytest.raises(ValueError, match="two tools"):
        ToolRegistry([made, made])
    with pytest.raises(ValueError, match="no tool name"):
        ToolRegistry([Tool(name="a tool", description="d", parameters={}, function=everything)])
