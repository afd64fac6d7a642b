"""The command line: ``python -m realtime_agents …``.

Exit codes: 0 done · 1 the command failed · 2 wrong usage · 130 interrupted. With ``--json`` the
answer, and an error too, is JSON on standard output; progress and warnings go to standard error.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence

from realtime_agents import settings as settings_module
from realtime_agents.errors import RealtimeAgentsError, UsageError
from realtime_agents.settings import Settings

_COMMANDS = {
    "serve": "serve the app (builds the page first if it changed)",
    "build": "build the page if it changed",
    "ask": "ask one question, or a file of them, through agents, tools and engine",
    "ingest": "bring files, folders, web pages or sitemaps into the knowledge base",
    "search": "search the knowledge base and show the score of each leg",
    "agents": "check the agent files",
    "engine": "run the local Realtime server alone, for any Realtime client",
    "doctor": "tell what is configured, whether it answers and what to fix",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv``, run the command, return the exit code."""
    arguments = _parser().parse_args(argv)
    # Each command is its own module, loaded when used: `search` need not import the page's framework.
    command = importlib.import_module(f"realtime_agents.commands.{arguments.command}")
    try:
        settings: Settings = settings_module.load()
        code: int = command.run(arguments, settings)
    except RealtimeAgentsError as error:
        if getattr(arguments, "json", False):
            print(json.dumps({"error": str(error), "type": type(error).__name__}))
        else:
            print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (``| head``) has gone; nothing is wrong.
        sys.stderr.close()
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m realtime_agents",
        description="Talk or type with specialised realtime agents about Medicare and VA benefits.",
        epilog="Settings come from the environment; README.md lists them.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parsers = {
        name: commands.add_parser(name, help=text, description=text.capitalize() + ".")
        for name, text in _COMMANDS.items()
    }
    for name in ("ask", "ingest", "search", "agents", "engine", "doctor"):
        parsers[name].add_argument("--json", action="store_true", help="print JSON")

    ask = parsers["ask"]
    ask.add_argument("question", nargs="?", help="the question; '-' reads it from standard input")
    ask.add_argument("--file", metavar="FILE", help="JSON lines with id and question; prints one line each")
    ask.add_argument("--agent", metavar="NAME", help="agent to ask; without it the scenario's first agent")
    ask.add_argument("--scenario", metavar="NAME", help="scenario; without it the SCENARIO setting")
    ask.add_argument("--save", action="store_true", help="keep the conversation in the history")

    ingest = parsers["ingest"]
    ingest.add_argument(
        "paths",
        nargs="+",
        metavar="PATH|URL",
        help="files or folders (JSONL, Markdown, HTML, PDF, text; gzip too), web pages, sitemaps",
    )
    ingest.add_argument(
        "--collection", default="documents", help="collection to put them in (default: %(default)s)"
    )
    ingest.add_argument(
        "--max-pages",
        type=_positive,
        default=500,
        metavar="N",
        help="pages of a sitemap to read (default: %(default)s)",
    )

    search = parsers["search"]
    search.add_argument("query")
    search.add_argument(
        "--collection", action="append", default=[], metavar="NAME", help="only this one (repeatable)"
    )
    search.add_argument("--limit", type=_positive, default=8, help="passages to print (default: %(default)s)")
    search.add_argument("--mode", choices=("hybrid", "lexical", "vector"), default="hybrid")

    agents = parsers["agents"]
    agents.add_argument("action", choices=("check", "list"), help="check every file, or list what is there")

    engine = parsers["engine"]
    engine.add_argument("--host", default="127.0.0.1")
    engine.add_argument("--port", type=_positive, default=8765)
    engine.add_argument(
        "--fast", action="store_true", help="stream as fast as possible instead of at reading pace"
    )
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, found {text}")
    return value
