"""``build``: build the page if its sources changed."""

from __future__ import annotations

import argparse

from realtime_agents import page_build
from realtime_agents.settings import Settings


def run(_arguments: argparse.Namespace, _settings: Settings) -> int:
    page_build.ensure_built()
    return 0
