"""``doctor``: what is configured, whether it answers, what to fix."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import sysconfig

from realtime_agents import page_build
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.health import Part, report
from realtime_agents.runtime import Runtime
from realtime_agents.settings import Settings


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    parts = [*_machine(), *asyncio.run(_parts(settings))]
    if arguments.json:
        print(json.dumps(report(parts)))
    else:
        for part in parts:
            print(f"{'ok  ' if part.ok else 'FAIL'} {part.name:<13} {part.implementation:<16} {part.detail}")
    return 0 if all(part.ok for part in parts) else 1


async def _parts(settings: Settings) -> tuple[Part, ...]:
    async with Runtime.opened(settings, local_engine=True, speech=SpeechKit()) as runtime:
        return await runtime.examine()


def _machine() -> list[Part]:
    node = shutil.which("node", path=sysconfig.get_path("scripts"))
    built = page_build.is_built()
    return [
        Part(name="python", implementation=sys.version.split()[0], ok=sys.version_info >= (3, 11)),
        Part(
            name="node",
            implementation="wheel",
            ok=node is not None,
            detail=node or "missing: run `make run` once",
        ),
        Part(
            name="page",
            implementation="built" if built else "not built",
            ok=True,
            detail="up to date" if built else "is built at the next start",
        ),
    ]
