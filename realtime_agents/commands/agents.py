"""``agents check`` and ``agents list``."""

from __future__ import annotations

import argparse
import json
import sys

from realtime_agents.agents.catalog import ScenarioCatalog
from realtime_agents.settings import Settings
from realtime_agents.tools.builtin import built_in_tools


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    catalog = ScenarioCatalog(settings.agents_dir, built_in_tools().names)
    errors = catalog.check()
    scenarios = {name: list(scenario.agents) for name, scenario in catalog.scenarios.items()}
    if arguments.json:
        print(
            json.dumps(
                {
                    "scenarios": scenarios,
                    "errors": [{"file": e.file, "line": e.line, "message": e.message} for e in errors],
                }
            )
        )
    else:
        for error in errors:
            print(error, file=sys.stderr)
        for name, agents in scenarios.items():
            print(f"{name}: {', '.join(agents)}")
    return 1 if errors and arguments.action == "check" else 0
