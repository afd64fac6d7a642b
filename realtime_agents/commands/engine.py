"""``engine``: the local Realtime server alone."""

from __future__ import annotations

import argparse
import asyncio
import json

from realtime_agents.engine.server import EngineConfig, serve
from realtime_agents.settings import Settings


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    pace = 0.0 if arguments.fast else settings.engine_words_per_s
    url = f"http://{arguments.host}:{arguments.port}/v1"
    if arguments.json:
        print(json.dumps({"base_url": url}), flush=True)
    else:
        print(f"Local Realtime engine: base_url={url} (any API key, Ctrl+C stops)", flush=True)
    asyncio.run(serve(EngineConfig(words_per_s=pace), arguments.host, arguments.port))
    return 0
