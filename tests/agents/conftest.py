from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SCENARIO = """\
title: Shop
description: Questions about a shop.
start: front
agents: [front, back]
"""
FRONT = """\
title: Front
description: Greets people.
instructions: Be kind.
handoffs: [back]
"""
BACK = """\
title: Back
description: >-
  Knows the stock:
  prices and sizes.
instructions: |
  Look things up.
color: blue
tools: [search_knowledge]
handoffs:
  - front
turn_detection:
  type: server_vad
  silence_duration_ms: 700
max_output_tokens: 400
"""

WriteScenario = Callable[..., Path]


@pytest.fixture
def write_scenario(tmp_path: Path) -> WriteScenario:
    """Write the small valid scenario ``shop``; keyword arguments replace the text of a file."""

    def write(**files: str | None) -> Path:
        folder = tmp_path / "shop"
        folder.mkdir(exist_ok=True)
        texts: dict[str, str | None] = {"scenario": SCENARIO, "front": FRONT, "back": BACK, **files}
        for name, text in texts.items():
            if text is not None:
                (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        return folder

    return write
