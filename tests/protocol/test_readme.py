"""The page of rules beside the code names everything that has rules."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from realtime_agents import protocol
from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.protocol.effects import Effect
from realtime_agents.protocol.events import ServerEvent, UnknownEvent
from realtime_agents.protocol.records import ConversationStatus
from realtime_agents.protocol.response_slot import SlotState


def _wire_type(cls: type) -> str:
    return str(next(field.default for field in fields(cls) if field.name == "type"))


FOLDER = Path(protocol.__path__[0])
README = (FOLDER / "README.md").read_text(encoding="utf-8")
MODULES = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__")
NAMES = [cls.__name__ for cls in get_args(Effect)] + list(SlotState) + list(get_args(ConversationStatus))
COMMANDS = [_wire_type(cls) for cls in get_args(ClientEvent)]
EVENTS = [_wire_type(cls) for cls in get_args(ServerEvent) if cls is not UnknownEvent]


@pytest.mark.parametrize("name", NAMES + MODULES)
def test_the_page_of_rules_names(name: str) -> None:
    assert f"`{name}`" in README or f"`{name}.py`" in README


def test_the_page_lists_every_command_and_event_once_and_no_other() -> None:
    section = README.split("\n## Events\n", 1)[1].split("\n## ", 1)[0]
    commands, events = section.split("The 46 events of a server:")
    assert sorted(re.findall(r"`([a-z_.]+)`", commands)) == sorted(COMMANDS)
    assert sorted(re.findall(r"`([a-z_.]+)`", events)) == sorted(EVENTS)
    assert (len(COMMANDS), len(EVENTS)) == (11, 46)
