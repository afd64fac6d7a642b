from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from realtime_agents.agents.loader import load_scenario
from realtime_agents.agents.schema import AGENT_KEYS, COLORS, SCENARIO_KEYS, TURN_DETECTION_KEYS
from realtime_agents.knowledge.fact_files import (
    CHOICE_KEYS,
    CONDITION_KEYS,
    FACT_KEYS,
    FILE_KEYS,
    SOURCE_KEYS,
    VALUE_KEYS,
    WORDS_KEYS,
)
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.settings import ROOT
from realtime_agents.tools.builtin import built_in_tools
from realtime_agents.yaml_source import Key

README = (ROOT / "agent_configs" / "README.md").read_text(encoding="utf-8")
TOOLS = built_in_tools().names
TABLES = [
    ("## scenario.yaml", SCENARIO_KEYS),
    ("## One agent", AGENT_KEYS),
    ("### A fact file", FILE_KEYS),
    ("### A source", SOURCE_KEYS),
    ("### A fact", FACT_KEYS),
    ("### A value", VALUE_KEYS),
    ("### facts/words.yaml", WORDS_KEYS),
    ("### A condition", CONDITION_KEYS),
    ("### A choice", CHOICE_KEYS),
]


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the first table below a heading, by the key in its first cell."""
    section = README.split(f"\n{heading}\n", 1)[1]
    section = re.split(r"\n##+ ", section, maxsplit=1)[0]
    found = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, flags=re.MULTILINE)
    return {name: [cell.strip().replace("\\|", "|") for cell in rest.split(" |")] for name, rest in found}


@pytest.mark.parametrize(
    ("heading", "keys"), TABLES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_of_the_schema_is_documented_as_it_is(heading: str, keys: tuple[Key, ...]) -> None:
    documented = rows(heading)
    assert list(documented) == [key.name for key in keys]
    for key in keys:
        needed, what, default = documented[key.name]
        assert needed == ("yes" if key.required else ""), key.name
        assert what.startswith(key.help.rstrip(".")), key.name
        assert default == key.default, key.name


def test_every_key_of_turn_detection_is_documented() -> None:
    documented = rows("### turn_detection")
    known = {key.name: key for keys in TURN_DETECTION_KEYS.values() for key in keys}
    assert set(documented) == set(known)
    for name, (types, what, default) in documented.items():
        in_types = [kind for kind, keys in TURN_DETECTION_KEYS.items() if name in {key.name for key in keys}]
        assert types == ("both" if len(in_types) == 2 else in_types[0]), name
        assert what.startswith(known[name].help.rstrip(".")), name
        assert default == (known[name].default or "needed"), name


def test_colours_and_tools_are_named() -> None:
    documented = rows("## One agent")
    assert all(color in documented["color"][1] for color in COLORS)
    assert re.findall(r"`(\w+)`", documented["tools"][1]) == list(TOOLS)


def test_every_tool_that_the_page_names_exists() -> None:
    named = re.findall(r"^tools: \[(.*)\]$", README, flags=re.MULTILINE)
    named += re.findall(r"\b(?:Call|call) (\w+_\w+)", README) + re.findall(r"`(\w+)` answers", README)
    assert {name.strip() for names in named for name in names.split(",")} == set(TOOLS)


def test_the_example_scenario_loads(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "facts").mkdir()
    for name, text in re.findall(r"```yaml\n# ([a-z/]+\.yaml)\n(.*?)```", README, flags=re.DOTALL):
        (folder / name).write_text(text)
    scenario = load_scenario(folder, TOOLS)
    assert list(scenario.agents) == ["desk", "loans"]
    assert scenario.agents["loans"].turn_detection == {"type": "server_vad", "silence_duration_ms": 600}
    book = FactBook.load(folder / "facts")
    today = date(2026, 11, 22)
    fee = book.find("How much is the late fee for a kid?", today=today)
    assert fee.say == "In 2026 the late fee for a child is $0.10 a day. [1]"
    assert book.find("How much is the late fee in 2027?", today=today).outcome == "not_held"
