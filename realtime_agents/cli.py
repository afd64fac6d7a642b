"""The command line: ``python -m realtime_agents …``.

Exit codes: 0 done · 1 the command failed · 2 wrong usage · 130 interrupted. With ``--json`` the
answer, and an error too, is JSON on standard output; progress and warnings go to standard error.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence

from realtime_agents import settings as settings_module
from realtime_agents.errors import RealtimeAgentsError, UsageError
from realtime_agents.knowledge.port import SOURCE_TYPES
from realtime_agents.settings import Settings

_COMMANDS = {
    "serve": "serve the app (builds the page first if it changed)",
    "build": "build the page if it changed",
    "ask": "ask one question, or a file of them, through agents, tools and engine",
    "ingest": "bring files, folders, web pages or sitemaps into the knowledge base",
    "search": "search the knowledge base and show the score of each leg",
    "eval": "measure how well the knowledge base finds the right page",
    "knowledge": "show the knowledge base's versions, rebuild it, go back to an older version",
    "agents": "check the agent files",
    "engine": "run the local Realtime server alone, for any Realtime client",
    "doctor": "tell what is configured, whether it answers and what to fix",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv``, run the command, return the exit code."""
    arguments = make_parser().parse_args(argv)
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


def make_parser() -> argparse.ArgumentParser:
    """Every command with its arguments."""
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
    for name in ("ask", "ingest", "search", "eval", "knowledge", "agents", "engine", "doctor"):
        parsers[name].add_argument("--json", action="store_true", help="print JSON")

    for name, add in _ARGUMENTS.items():
        add(parsers[name])
    return parser


def _add_ask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="?", help="the question; '-' reads it from standard input")
    parser.add_argument(
        "--file", metavar="FILE", help="JSON lines with id and question; prints one line each"
    )
    parser.add_argument("--agent", metavar="NAME", help="agent to ask; without it the scenario's first agent")
    parser.add_argument("--scenario", metavar="NAME", help="scenario; without it the SCENARIO setting")
    parser.add_argument("--save", action="store_true", help="keep the conversation in the history")


def _add_ingest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH|URL",
        help="files or folders (JSONL, Markdown, HTML, PDF, text; gzip too), web pages, sitemaps",
    )
    parser.add_argument(
        "--collection", default="documents", help="collection to put them in (default: %(default)s)"
    )
    parser.add_argument(
        "--max-pages",
        type=_positive,
        default=500,
        metavar="N",
        help="pages of a sitemap to read (default: %(default)s)",
    )


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query")
    parser.add_argument(
        "--collection", action="append", default=[], metavar="NAME", help="only this one (repeatable)"
    )
    parser.add_argument("--limit", type=_positive, default=8, help="passages to print (default: %(default)s)")
    parser.add_argument("--mode", choices=("hybrid", "lexical", "vector"), default="hybrid")
    parser.add_argument(
        "--type", action="append", default=[], choices=SOURCE_TYPES, help="only such documents (repeatable)"
    )
    parser.add_argument("--in-force", default="", metavar="DATE", help="only what holds on that day")
    parser.add_argument("--since", default="", metavar="DATE", help="only what is known to hold since then")
    parser.add_argument("--agent", default="", metavar="NAME", help="only what this agent reads")


def _add_knowledge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        default="versions",
        choices=("versions", "rebuild", "rollback"),
        help="what to do (default: %(default)s)",
    )
    parser.add_argument(
        "--version", default="", metavar="ID", help="version to go back to; without it the one before"
    )
    parser.add_argument(
        "--golden", metavar="FILE", help="questions that a rebuilt index must answer: JSON lines as for eval"
    )


def _add_agents(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("check", "list"), help="check every file, or list what is there")


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_positive, default=8765)
    parser.add_argument(
        "--fast", action="store_true", help="stream as fast as possible instead of at reading pace"
    )


def _add_eval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("retrieval",), help="what to measure")
    parser.add_argument("--corpus", required=True, metavar="PATH", help="files or folder, as for ingest")
    parser.add_argument(
        "--questions", required=True, metavar="FILE", help="JSON lines with question and gold_ids"
    )
    parser.add_argument("--store", choices=("embedded", "elasticsearch", "both"), default="embedded")
    parser.add_argument(
        "--rerank", type=int, default=10, metavar="N", help="passages to rerank; 0 leaves that run out"
    )
    parser.add_argument("--by-area", action="store_true", help="also search only the question's area")
    parser.add_argument(
        "--drop-headings",
        action="store_true",
        help="delete the headings that are the questions (corpus: JSON lines)",
    )
    parser.add_argument(
        "--collection",
        action="append",
        default=[],
        metavar="FILE=NAME",
        type=_pair,
        help="collection of a file or folder of the corpus (repeatable; default: its name)",
    )


def _pair(text: str) -> str:
    if not all(text.partition("=")):
        raise argparse.ArgumentTypeError(f"must be FILE=NAME, found {text!r}")
    return text


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, found {text}")
    return value


_ARGUMENTS: Mapping[str, Callable[[argparse.ArgumentParser], None]] = {
    "ask": _add_ask,
    "ingest": _add_ingest,
    "search": _add_search,
    "eval": _add_eval,
    "knowledge": _add_knowledge,
    "agents": _add_agents,
    "engine": _add_engine,
}
"""Of the commands that take more than ``--json``."""
