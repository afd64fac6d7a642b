from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from realtime_agents.agents.loader import load_scenario
from realtime_agents.agents.prompt import build_instructions, handoff_target, handoff_tools

WriteScenario = Callable[..., Path]
TODAY = date(2026, 11, 22)


def test_the_lines_the_local_engine_relies_on_stand_alone(write_scenario: WriteScenario) -> None:
    scenario = load_scenario(write_scenario())
    lines = build_instructions(scenario, scenario.agents["back"], TODAY).splitlines()
    assert "Today is 2026-11-22." in lines
    assert "You are Back." in lines
    assert "Your scope: Knows the stock: prices and sizes." in lines
    assert "Look things up." in lines


def test_shared_rules_come_before_what_changes_from_day_to_day(write_scenario: WriteScenario) -> None:
    scenario = load_scenario(write_scenario())
    today = build_instructions(scenario, scenario.agents["back"], TODAY)
    tomorrow = build_instructions(scenario, scenario.agents["back"], date(2026, 11, 23))
    same = next(i for i, (a, b) in enumerate(zip(today, tomorrow, strict=True)) if a != b)
    assert today.index("[3]") < same
    assert today.index("Look things up.") < same


def test_a_chosen_language_replaces_following_the_person(write_scenario: WriteScenario) -> None:
    scenario = load_scenario(write_scenario())
    agent = scenario.agents["front"]
    assert "follow the person" in build_instructions(scenario, agent, TODAY)
    chosen = build_instructions(scenario, agent, TODAY, "es")
    assert "'es'" in chosen
    assert "follow the person" not in chosen


def test_an_agent_without_handoffs_is_not_told_about_them(write_scenario: WriteScenario) -> None:
    alone = "title: Back\ndescription: d\ninstructions: i\n"
    scenario = load_scenario(write_scenario(back=alone))
    assert "hand the conversation" in build_instructions(scenario, scenario.agents["front"], TODAY)
    assert "hand the conversation" not in build_instructions(scenario, scenario.agents["back"], TODAY)
    assert handoff_tools(scenario, scenario.agents["back"]) == []


def test_a_handoff_is_a_function_tool_described_by_its_target(write_scenario: WriteScenario) -> None:
    scenario = load_scenario(write_scenario())
    (tool,) = handoff_tools(scenario, scenario.agents["front"])
    assert tool["type"] == "function"
    assert tool["name"] == "transfer_to_back"
    assert tool["description"] == "Knows the stock: prices and sizes."
    assert list(tool["parameters"]["properties"]) == ["reason"]
    assert tool["parameters"]["required"] == ["reason"]
    assert handoff_target(tool["name"]) == "back"
    assert handoff_target("search_knowledge") is None
