"""The page of rules beside the code names everything that has rules."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from realtime_agents import protocol
from realtime_agents.protocol.effects import Effect
from realtime_agents.protocol.records import ConversationStatus
from realtime_agents.protocol.response_slot import SlotState

FOLDER = Path(protocol.__path__[0])
README = (FOLDER / "README.md").read_text(encoding="utf-8")
MODULES = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__")
NAMES = [cls.__name__ for cls in get_args(Effect)] + list(SlotState) + list(get_args(ConversationStatus))


@pytest.mark.parametrize("name", NAMES + MODULES)
def test_the_page_of_rules_names(name: str) -> None:
    assert f"`{name}`" in README or f"`{name}.py`" in README
