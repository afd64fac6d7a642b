from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_agents.knowledge.facts import FactBook
from realtime_agents.settings import ROOT
from realtime_agents.tools.builtin import MAX_PASSAGES, MIN_COSINE, built_in_tools
from realtime_agents.tools.runner import ToolRun, ToolRunner
from tests.tools.support import Ledger, MemoryKnowledge, context, hit

TOOLS = ("search_knowledge", "benefit_fact")


@pytest.fixture(scope="module")
def facts() -> FactBook:
    return FactBook.load(ROOT / "agent_configs" / "benefits" / "facts")


async def call(
    name: str, knowledge: MemoryKnowledge | None = None, facts: FactBook | None = None, **arguments: Any
) -> tuple[ToolRun, dict[str, Any]]:
    runner = ToolRunner(built_in_tools())
    ready = context(*TOOLS, knowledge=knowledge, facts=facts)
    run = await runner.run(name, json.dumps(arguments), ready, Ledger(4))
    return run, json.loads(run.output_json)


def test_the_built_in_tools_describe_themselves_to_the_model() -> None:
    wire = {tool["name"]: tool for tool in built_in_tools().wire(TOOLS)}
    assert wire["search_knowledge"]["parameters"]["required"] == ["query"]
    assert wire["benefit_fact"]["parameters"]["properties"]["year"]["type"] == "integer"
    for tool in wire.values():
        assert tool["parameters"]["additionalProperties"] is False
        assert all("description" in schema for schema in tool["parameters"]["properties"].values())


async def test_a_search_returns_numbered_passages_with_quote_date_and_scores() -> None:
    knowledge = MemoryKnowledge([hit(1), hit(2)])
    run, output = await call("search_knowledge", knowledge, query="part b", topic="costs")
    assert run.row == "2 passages"
    assert output["outcome"] == "ok"
    assert output["say"] == ""
    first = output["sources"][0]
    assert (first["n"], first["section"], first["as_of"]) == (4, "Section 1", "2026-01")
    assert first["quote"] in first["text"]
    assert first["cosine"] == 0.8
    assert run.sources[0].source.passage_id == "page#1"
    (query,) = knowledge.queries
    assert query.text == "costs: part b"
    assert query.collections == ("medicare",)
    assert query.limit == MAX_PASSAGES


@pytest.mark.parametrize(
    ("query", "day"),
    [
        ("What is the Part B premium?", "2026-11-22"),
        ("What is the Part B premium in 2026?", "2026-11-22"),
        ("I have $2019 and form DD-2019, do I pay 2000.50?", "2026-11-22"),
        ("What was the Part B premium in 2019?", None),
        ("Did it rise from 2025 to 2026?", None),
    ],
)
async def test_only_pages_that_hold_today_are_searched_unless_another_year_is_named(
    query: str, day: str | None
) -> None:
    knowledge = MemoryKnowledge([hit(1)])
    await call("search_knowledge", knowledge, query=query)
    assert [asked.in_force_on for asked in knowledge.queries] == [day]


@pytest.mark.parametrize(
    ("hits", "cosine", "outcome"),
    [
        (1, MIN_COSINE - 0.01, "not_found"),
        (1, MIN_COSINE + 0.01, "ok"),
        (0, 0.9, "not_found"),
        (1, None, "ok"),
    ],
    ids=["too far", "near enough", "no hit", "words only"],
)
async def test_a_search_abstains_on_the_raw_cosine(hits: int, cosine: float | None, outcome: str) -> None:
    knowledge = MemoryKnowledge([hit(i + 1) for i in range(hits)], top_cosine=cosine)
    _, output = await call("search_knowledge", knowledge, query="part b")
    assert output["outcome"] == outcome
    assert bool(output["sources"]) == (outcome == "ok")


@pytest.mark.parametrize(
    ("degraded", "hits", "row"),
    [
        (("vector",), 2, "2 passages, found by words only"),
        (("lexical",), 1, "1 passage, found by meaning only"),
        (("rerank",), 2, "2 passages, found without a second look"),
        (("vector", "rerank"), 0, "nothing found, by words only"),
    ],
)
async def test_a_search_of_which_a_part_failed_says_so_in_its_row(
    degraded: tuple[str, ...], hits: int, row: str
) -> None:
    cosine = None if "vector" in degraded else 0.8
    knowledge = MemoryKnowledge([hit(i + 1) for i in range(hits)], top_cosine=cosine, degraded=degraded)
    run, output = await call("search_knowledge", knowledge, query="part b")
    assert run.row == row
    assert output["data"]["degraded"] == list(degraded)


async def test_a_search_that_cannot_be_made_says_so() -> None:
    _, empty = await call("search_knowledge", query="  ")
    assert "'query' is empty" in empty["message"]
    _, broken = await call("search_knowledge", MemoryKnowledge(fails=True), query="part b")
    assert broken == {"outcome": "error", "message": "The knowledge base did not answer."}


async def test_an_agent_without_collections_finds_nothing_rather_than_everything() -> None:
    knowledge = MemoryKnowledge([hit(1)])
    ready = context(*TOOLS, knowledge=knowledge, collections=False)
    run = await ToolRunner(built_in_tools()).run("search_knowledge", '{"query": "x"}', ready, Ledger())
    assert json.loads(run.output_json)["outcome"] == "not_found"
    assert knowledge.queries == []


async def test_a_fact_is_said_with_its_year_and_number(facts: FactBook) -> None:
    run, output = await call("benefit_fact", facts=facts, question="How much is the Part B premium in 2026?")
    assert output["outcome"] == "ok"
    assert output["say"] == "In 2026 the standard Part B premium is $202.90 a month. [4]"
    (source,) = output["sources"]
    assert source["n"] == 4
    assert "medicare.gov" in source["url"]
    assert source["quote"] == "In 2026 the standard Part B premium is $202.90 a month."
    assert output["data"]["values"] == [{"value": 202.9, "unit": "USD/month", "year": 2026, "when": {}}]
    assert run.row == "1 value"


async def test_a_year_that_is_not_held_is_admitted(facts: FactBook) -> None:
    for arguments in (
        {"question": "How much is the Part B premium in 2027?"},
        {"question": "How much is the Part B premium?", "year": 2027},
    ):
        _, output = await call("benefit_fact", facts=facts, **arguments)
        assert output["outcome"] == "not_held"
        assert output["say"].startswith("I don't have the standard Part B premium for 2027.")


async def test_a_fact_that_depends_on_the_case_asks(facts: FactBook) -> None:
    _, output = await call("benefit_fact", facts=facts, question="What does a VA rating pay each month?")
    assert output["outcome"] == "needs_input"
    assert output["message"] == "Please tell me the combined rating in percent."
    assert output["message"] in output["say"]
    assert output["data"]["missing"] == ["rating"]


async def test_a_question_about_something_else_is_not_found(facts: FactBook) -> None:
    run, output = await call("benefit_fact", facts=facts, question="Can I appeal a decision?")
    assert output["outcome"] == "not_found"
    assert output["sources"] == []
    assert run.status == "completed"
