"""Agent and scenario files → frozen configuration, or every mistake in them with file and line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_agents.agents.config import AgentConfig, ScenarioConfig
from realtime_agents.agents.schema import AGENT_KEYS, SCENARIO_KEYS, TURN_DETECTION_KEYS
from realtime_agents.errors import ConfigError
from realtime_agents.yaml_source import (
    NAME_PATTERN,
    Fields,
    Key,
    Node,
    Problems,
    nearest,
    parse_yaml,
    read_keys,
    read_text,
    shown_path,
)

SCENARIO_FILE = "scenario.yaml"
FACTS_FOLDER = "facts"
"""Dated values of a scenario: ``agent_configs/<scenario>/facts/*.yaml``."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioReading:
    """What a folder holds. ``scenario`` is ``None`` exactly when there are errors."""

    scenario: ScenarioConfig | None
    errors: tuple[ConfigError, ...] = ()


@dataclass(frozen=True, slots=True)
class _ConfigFile:
    """A file while its folder is being checked."""

    name: str
    fields: Fields
    problems: Problems
    version: str
    """Hash of the very text that was checked."""


def load_scenario(folder: Path, tool_names: Collection[str] | None = None) -> ScenarioConfig:
    """Read one scenario folder. ``tool_names`` are the tools that exist; ``None`` skips that check.

    Raises the folder's first `ConfigError`; the other ones are its notes. `read_scenario` returns
    all of them.
    """
    reading = read_scenario(folder, tool_names)
    if reading.scenario is not None:
        return reading.scenario
    first, *others = reading.errors
    for other in others:
        first.add_note(str(other))
    raise first


def read_scenario(folder: Path, tool_names: Collection[str] | None = None) -> ScenarioReading:
    """Read one scenario folder and collect everything that is wrong with it. Never raises."""
    scenario = _read_file(folder / SCENARIO_FILE, SCENARIO_KEYS, "a scenario")
    agents = {path.stem: _read_file(path, AGENT_KEYS, "an agent") for path in agent_files(folder)}
    for agent in agents.values():
        _check_agent(agent, agents, tool_names)
    _check_folder(folder, scenario.problems)
    order = _check_scenario(scenario, agents)
    errors = [*scenario.problems.errors]
    for agent in agents.values():
        errors += sorted(agent.problems.errors, key=lambda error: error.line or 0)
    if errors:
        return ScenarioReading(scenario=None, errors=tuple(errors))
    configs = {name: _agent_config(agents[name]) for name in order}
    return ScenarioReading(
        scenario=ScenarioConfig(
            name=folder.name,
            title=scenario.fields.get("title"),
            description=_one_line(scenario.fields.get("description")),
            start=scenario.fields.get("start"),
            agents=configs,
            version=_hash(scenario.version, *(config.version for config in configs.values())),
        )
    )


def agent_files(folder: Path) -> list[Path]:
    """The agent files of a scenario folder, in alphabetical order; hidden files are left out."""
    return sorted(
        path for path in folder.glob("*.yaml") if path.name != SCENARIO_FILE and not path.name.startswith(".")
    )


def _read_file(path: Path, keys: tuple[Key, ...], what: str) -> _ConfigFile:
    problems = Problems(shown_path(path))
    text = read_text(path, problems)
    mapping = None if text is None else parse_yaml(text, problems)
    fields = Fields(1) if mapping is None else read_keys(mapping, keys, problems, what=what)
    return _ConfigFile(path.stem, fields, problems, _hash(text or ""))


def _check_folder(folder: Path, problems: Problems) -> None:
    if not NAME_PATTERN.fullmatch(folder.name):
        problems.add(
            f"the folder's name {folder.name!r} must be small letters, digits and _, such as benefits", None
        )
    for path in sorted(folder.glob("*.yml")):
        problems.add(f"rename {path.name} to {path.stem}.yaml: only .yaml files are read", None)


def _check_agent(agent: _ConfigFile, agents: Collection[str], tool_names: Collection[str] | None) -> None:
    fields, problems = agent.fields, agent.problems
    if not NAME_PATTERN.fullmatch(agent.name):
        problems.add(f"the file's name must be a name such as va_claims.yaml; found {agent.name!r}", None)
    if fields.get("name", agent.name) != agent.name:
        problems.add(
            f"'name' must be the file's name, {agent.name!r}; found {fields.get('name')!r}",
            fields.line_of("name"),
        )
    if not _LANGUAGE.fullmatch(fields.get("language", "en")):
        problems.add("'language' must be a tag such as en or es-US", fields.line_of("language"))
    if not 1 <= fields.get("max_output_tokens", 1) <= 4096:
        problems.add("'max_output_tokens' must be between 1 and 4096", fields.line_of("max_output_tokens"))
    others = [name for name in agents if name != agent.name]
    _check_names(agent, "handoffs", others, "agent")
    if tool_names is not None:
        _check_names(agent, "tools", tool_names, "tool")
    for key in ("knowledge", "tools", "handoffs", "suggestions"):
        _check_repeats(fields, key, problems)
    if "turn_detection" in fields.values:
        fields.values["turn_detection"] = _turn_detection(fields, problems)


def _check_names(agent: _ConfigFile, key: str, known: Collection[str], what: str) -> None:
    for index, name in enumerate(agent.fields.get(key, ())):
        line = agent.fields.line_of(key, index)
        if what == "agent" and name == agent.name:
            agent.problems.add(f"{key!r} names the agent itself", line)
        elif name not in known:
            agent.problems.add(f"unknown {what} {name!r} in {key!r}{nearest(name, sorted(known))}", line)


def _check_repeats(fields: Fields, key: str, problems: Problems) -> None:
    items = fields.get(key, ())
    for index, item in enumerate(items):
        if item in items[:index]:
            problems.add(f"{item!r} stands twice in {key!r}", fields.line_of(key, index))


def _turn_detection(fields: Fields, problems: Problems) -> dict[str, Any]:
    mapping: dict[str, Node] = fields.get("turn_detection")
    kind = mapping["type"].value if "type" in mapping else ""
    keys = TURN_DETECTION_KEYS.get(kind, TURN_DETECTION_KEYS["server_vad"])
    line = fields.line_of("turn_detection")
    found = read_keys(mapping, keys, problems, what="'turn_detection'", line=line)
    if not 0 <= found.get("threshold", 0.5) <= 1:
        problems.add("'threshold' must be between 0 and 1", found.line_of("threshold"))
    for key in ("prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms"):
        if found.get(key, 0) < 0:
            problems.add(f"{key!r} must not be negative", found.line_of(key))
    return found.values


def _check_scenario(scenario: _ConfigFile, agents: Collection[str]) -> list[str]:
    """Check what the scenario says of its agents; returns their order."""
    fields, problems = scenario.fields, scenario.problems
    if not agents:
        problems.add("the folder holds no agent: add one YAML file per agent beside this one", None)
    start = fields.get("start")
    if start is not None and start not in agents:
        problems.add(
            f"'start' names an unknown agent {start!r}{nearest(start, agents)}", fields.line_of("start")
        )
    listed: tuple[str, ...] = fields.get("agents", ())
    for index, name in enumerate(listed):
        if name not in agents:
            problems.add(
                f"'agents' names {name!r}, but there is no file {name}.yaml{nearest(name, agents)}",
                fields.line_of("agents", index),
            )
    _check_repeats(fields, "agents", problems)
    return [*dict.fromkeys(listed), *(name for name in agents if name not in listed)]


def _agent_config(agent: _ConfigFile) -> AgentConfig:
    values = {key: value for key, value in agent.fields.values.items() if key != "name"}
    values["description"] = _one_line(values["description"])
    if "greeting" in values:
        values["greeting"] = _one_line(values["greeting"])
    return AgentConfig(name=agent.name, version=agent.version, **values)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
