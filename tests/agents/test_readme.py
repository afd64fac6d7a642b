from __future__ import annotations

import re
from pathlib import Path

import pytest

from realtime_agents.agents.loader import load_scenario
from realtime_agents.agents.schema import AGENT_KEYS, COLORS, SCENARIO_KEYS, TURN_DETECTION_KEYS
from realtime_agents.settings import ROOT
from realtime_agents.yaml_source import Key

README = (ROOT / "agent_configs" / "README.md").read_text(encoding="utf-8")
TOOLS = ("search_knowledge", "benefit_fact")


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the first table below a heading, by the key in its first cell."""
    section = README.split(f"\n{heading}\n", 1)[1]
    section = re.split(r"\n##+ ", section, maxsplit=1)[0]
    found = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, flags=re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" |")] for name, rest in found}


@pytest.mark.parametrize(
    ("heading", "keys"), [("## scenario.yaml", SCENARIO_KEYS), ("## One agent", AGENT_KEYS)]
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
    assert all(tool in documented["tools"][1] for tool in TOOLS)


def test_the_example_scenario_loads(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    for name, text in re.findall(r"```yaml\n# ([a-z]+\.yaml)\n(.*?)```", README, flags=re.DOTALL):
        (folder / name).write_text(text)
    scenario = load_scenario(folder, TOOLS)
    assert list(scenario.agents) == ["desk", "loans"]
    assert scenario.agents["loans"].turn_detection == {"type": "server_vad", "silence_duration_ms": 600}
