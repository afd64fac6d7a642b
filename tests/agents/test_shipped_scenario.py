from __future__ import annotations

from datetime import date

import pytest

from realtime_agents.agents.config import ScenarioConfig
from realtime_agents.agents.loader import load_scenario
from realtime_agents.agents.prompt import build_instructions
from realtime_agents.settings import ROOT


@pytest.fixture(scope="module")
def benefits() -> ScenarioConfig:
    return load_scenario(ROOT / "agent_configs" / "benefits", ["search_knowledge", "benefit_fact"])


def test_benefits_loads_with_its_four_agents(benefits: ScenarioConfig) -> None:
    shown = {name: (agent.title, agent.color) for name, agent in benefits.agents.items()}
    assert shown == {
        "greeter": ("Greeter", "slate"),
        "medicare": ("Medicare", "blue"),
        "va": ("VA", "green"),
        "coordination": ("Both", "purple"),
    }
    assert benefits.start == "greeter"


def test_only_the_greeter_speaks_first(benefits: ScenarioConfig) -> None:
    assert [name for name, agent in benefits.agents.items() if agent.greeting] == ["greeter"]


def test_every_agent_can_reach_every_specialist(benefits: ScenarioConfig) -> None:
    specialists = {"medicare", "va", "coordination"}
    for name, agent in benefits.agents.items():
        assert set(agent.handoffs) == specialists - {name}
        assert 3 <= len(agent.suggestions) <= 4


def test_a_specialist_searches_its_own_collections_and_unclaimed_ones(benefits: ScenarioConfig) -> None:
    existing = ("medicare", "va", "both", "mine")
    assert benefits.collections_for(benefits.agents["medicare"], existing) == ("medicare", "both", "mine")
    assert benefits.collections_for(benefits.agents["va"], existing) == ("va", "both", "mine")
    assert benefits.collections_for(benefits.agents["coordination"], existing) == existing


def test_every_prompt_stays_small_enough_to_send_at_each_handoff(benefits: ScenarioConfig) -> None:
    for agent in benefits.agents.values():
        assert len(build_instructions(benefits, agent, date(2026, 11, 22))) < 6000
