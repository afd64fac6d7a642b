"""``engine``: the local Realtime server alone."""

from __future__ import annotations

import argparse
import asyncio
import json

from realtime_agents.commands.listening import require_free
from realtime_agents.engine.server import serve
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.local_engine import engine_config
from realtime_agents.settings import Settings


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    require_free(
        arguments.host, arguments.port, host_name="--host", port_advice="choose another with --port 8766"
    )
    config = engine_config(settings, paced=not arguments.fast, speech=SpeechKit())
    url = f"http://{arguments.host}:{arguments.port}/v1"
    if arguments.json:
        print(json.dumps({"base_url": url}), flush=True)
    else:
        thinker = f"; {config.chat.model} at {config.chat.host} thinks" if config.chat else ""
        print(f"Local Realtime engine: base_url={url} (any API key, Ctrl+C stops){thinker}", flush=True)
    asyncio.run(serve(config, arguments.host, arguments.port))
    return 0
